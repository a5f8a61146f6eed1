package import OCI

/// An in-toto statement: what is claimed (the predicate) about which artifacts (in-toto, statement.md).
///
/// Version 1 and version 0.1, which Tekton Chains and older cosign still write, have the same members.
package struct Statement: Sendable {
    /// One artifact that the statement is about.
    package struct Subject: Equatable, Sendable {
        /// What the author calls it; says nothing about what it is.
        package let name: String?
        /// What it is. Never empty.
        package let digests: DigestSet
        /// What else the author says about it; `cosign -a` writes here.
        package let annotations: JSONObject

        /// A subject from its parts.
        package init(name: String? = nil, digests: DigestSet, annotations: JSONObject = [:]) {
            self.name = name
            self.digests = digests
            self.annotations = annotations
        }
    }

    /// What the statement is about; never empty.
    package let subjects: [Subject]
    /// The URI of the predicate's type, which must be checked before the predicate is believed to say anything.
    package let predicateType: String
    /// The claim; empty when the document has none, which is the same (statement.md, `predicate`).
    package let predicate: JSONObject

    /// Subjects beyond this are refused, because each becomes a row to search. GitHub allows 1,024.
    package static let mostSubjects = 4096

    /// Reads the bytes that a signature was verified over, or that came unsigned.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(AttestationError) {
        let fields = try Fields(parsing: bytes, limits: limits)
        try Self.checkType(fields)
        subjects = try Self.subjects(in: fields)
        predicateType = try fields.requiredString("predicateType")
        guard !predicateType.isEmpty else { throw fields.invalid("predicateType", "must not be empty") }
        predicate = try fields.fields("predicate")?.object ?? [:]
    }

    private static func checkType(_ fields: Fields) throws(AttestationError) {
        let type = try fields.requiredString("_type")
        guard type == "https://in-toto.io/Statement/v1" || type == "https://in-toto.io/Statement/v0.1" else {
            throw fields.invalid("_type", "must be that of an in-toto statement v1 or v0.1")
        }
    }

    private static func subjects(in fields: Fields) throws(AttestationError) -> [Subject] {
        guard let elements = try fields.array("subject"), !elements.isEmpty else { throw .missing(path: "subject") }
        guard elements.count <= mostSubjects else {
            throw fields.invalid("subject", "must not have more than \(mostSubjects) elements")
        }
        var subjects: [Subject] = []
        for (index, element) in elements.enumerated() {
            subjects.append(try Subject(Fields(element, at: "subject[\(index)]")))
        }
        return subjects
    }
}

extension Statement.Subject {
    fileprivate init(_ fields: Fields) throws(AttestationError) {
        name = try fields.string("name").flatMap { $0.isEmpty ? nil : $0 }
        digests = try DigestSet(fields, "digest")
        annotations = try fields.fields("annotations")?.object ?? [:]
    }
}

extension Statement {
    /// Whether the statement is about that content. Only digests count, never names (statement.md, `subject`).
    package func isAbout(_ digest: Digest) -> Bool {
        subjects.contains { $0.digests.contains(digest) }
    }

    /// Every digest of ours that the statement is about: each once, in document order.
    package var subjectDigests: [Digest] {
        var seen: Set<Digest> = []
        return subjects.flatMap(\.digests.digests).filter { seen.insert($0).inserted }
    }

    /// What kind of claim it is.
    package var predicateFamily: PredicateFamily { PredicateFamily(predicateType: predicateType) }
}
