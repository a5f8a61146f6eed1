/// Which key may speak for which builder.
///
/// SLSA (build-provenance.md, `builder`): consumers MUST accept only specific signer-builder pairs. A key that is
/// trusted for one builder says nothing about another.
package struct BuilderPolicy: Sendable {
    /// A builder, or every builder whose identifier begins in one way.
    package struct BuilderPattern: Hashable, Sendable {
        private let text: String
        private let isPrefix: Bool

        /// An exact identifier, or one that ends in `*` and then stands for all that begin so. A `*` elsewhere is an
        /// ordinary character. `nil` for an empty text and for a `*` alone, which would allow everything.
        package init?(_ text: String) {
            isPrefix = text.utf8.last == UInt8(ascii: "*")
            self.text = isPrefix ? String(decoding: text.utf8.dropLast(), as: UTF8.self) : text
            guard !self.text.isEmpty else { return nil }
        }

        /// Compares bytes.
        package func matches(_ builder: String) -> Bool {
            isPrefix ? builder.utf8.starts(with: text.utf8) : builder.utf8.elementsEqual(text.utf8)
        }
    }

    private let allowed: [KeyID: [BuilderPattern]]

    /// Allows these pairs and no other.
    package init(_ pairs: [(signer: KeyID, builder: BuilderPattern)]) {
        allowed = Dictionary(grouping: pairs, by: \.signer).mapValues { $0.map(\.builder) }
    }

    /// Whether one of the keys that vouch for a record may speak for the builder that the record names.
    ///
    /// Never for a record without a builder (BuildKit writes `""`), nor for one that no trusted key signed.
    package func builderAllowed(_ builder: String?, signedBy verification: Verification) -> Bool {
        guard let builder, !builder.isEmpty else { return false }
        return verification.keyids.contains { keyid in
            allowed[keyid]?.contains { $0.matches(builder) } ?? false
        }
    }
}
