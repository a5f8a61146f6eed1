/// How a builder writes where source code comes from.
///
/// There is no one spelling: SLSA prefixes `git+` and appends `@<ref>`, BuildKit appends `#<ref>` and leaves out the
/// prefix, Tekton writes either with or without `.git`.
package struct SourceURI {
    /// The URI without the user and password that CI systems leave in clone URLs.
    let text: String

    /// A URI as a builder or a label has it.
    package init(_ text: String) {
        self.text = text.withoutCredentials
    }

    /// Whether it names a git repository.
    var isGit: Bool {
        text.utf8.starts(with: "git+".utf8) || text.utf8.starts(with: "git://".utf8)
            || location.utf8.reversed().starts(with: ".git".utf8.reversed())
    }

    /// The repository, such that two spellings of one repository are equal: without `git+`, ref, `.git` and a slash at
    /// the end. Servers may distinguish case in a path, so only what is written alike is equal.
    package var repository: String {
        var location = location
        for ending in ["/", ".git"] where location.utf8.reversed().starts(with: ending.utf8.reversed()) {
            location = Substring(decoding: location.utf8.dropLast(ending.utf8.count))
        }
        return String(location)
    }

    /// Whether it is that repository, which may be named without its host, as `team/app`.
    func isRepository(_ name: String) -> Bool {
        let repository = repository
        return repository == name || repository.utf8.reversed().starts(with: "/\(name)".utf8.reversed())
    }

    /// Without `git+`, and without the ref after `#`, or after an `@` in the path.
    private var location: Substring {
        var rest = text.utf8[...]
        if rest.starts(with: "git+".utf8) { rest = rest.dropFirst(4) }
        rest = rest.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "?") }
        let path = rest.pathStart
        if let at = rest[path...].firstIndex(of: UInt8(ascii: "@")) { rest = rest[..<at] }
        return Substring(decoding: rest)
    }
}

extension String {
    /// The text without what stands before an `@` in the authority of a URL, so that no token gets into a record.
    ///
    /// An SSH user name is part of the address and stays; a password is removed everywhere.
    var withoutCredentials: String {
        guard let authority = utf8[...].authority, let at = authority.lastIndex(of: UInt8(ascii: "@")) else {
            return self
        }
        let user = authority[..<at]
        let isSSH = utf8[..<authority.startIndex].dropLast(3).reversed().starts(with: "ssh".utf8.reversed())
        if isSSH && !user.contains(UInt8(ascii: ":")) { return self }
        let host = utf8[utf8.index(after: at)...]
        return String(decoding: Array(utf8[..<authority.startIndex]) + Array(host), as: UTF8.self)
    }
}

extension Substring.UTF8View {
    /// What is between `://` and the next `/`, `?` or `#`; `nil` when there is no `://`.
    fileprivate var authority: Substring.UTF8View? {
        var start = startIndex
        while let colon = self[start...].firstIndex(of: UInt8(ascii: ":")) {
            let rest = self[colon...]
            if rest.starts(with: "://".utf8) {
                let end = [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")]
                return rest.dropFirst(3).prefix { !end.contains($0) }
            }
            start = index(after: colon)
        }
        return nil
    }

    /// Where the path begins; the end when there is none. `git@host:path` has no authority, and its path is after `:`.
    fileprivate var pathStart: Index {
        if let authority { return authority.endIndex }
        return firstIndex(of: UInt8(ascii: ":")) ?? endIndex
    }
}

extension Substring {
    fileprivate init(decoding bytes: some Collection<UInt8>) {
        self = String(decoding: bytes, as: UTF8.self)[...]
    }
}
