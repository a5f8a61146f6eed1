/// What a client names a manifest by: the last part of `/v2/<name>/manifests/<reference>`.
package enum Reference: Hashable, Sendable {
    case tag(Tag)
    case digest(Digest)

    /// A text with `:` can only be a digest, because no tag contains one; all else can only be a tag.
    package init(parsing text: some StringProtocol) throws(ReferenceError) { try self.init(parsing: String(text)) }

    /// The same, compiled for the one type of text that nearly all callers have.
    package init(parsing text: String) throws(ReferenceError) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            do { self = .digest(try Digest(parsing: text)) } catch { throw .digest(error) }
        } else {
            do { self = .tag(try Tag(parsing: text)) } catch { throw .tag(error) }
        }
    }
}

extension Reference: CustomStringConvertible {
    /// The reference as the client wrote it.
    package var description: String {
        switch self {
        case .tag(let tag): tag.description
        case .digest(let digest): digest.description
        }
    }
}

/// Why some text is no reference, by what it tried to be.
package enum ReferenceError: Error, Equatable {
    case digest(DigestError)
    case tag(NameError)
}

extension ReferenceError: CustomStringConvertible {
    /// One sentence, safe to show and to log whatever the value was.
    package var description: String {
        switch self {
        case .digest(let error): error.description
        case .tag(let error): error.description
        }
    }
}
