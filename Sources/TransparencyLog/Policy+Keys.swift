extension Policy {
    /// Trusts these logs, when enough of these witnesses have signed as well.
    ///
    /// - Parameter quorum: how many are enough; without a number all of them, and with 0 none has to sign.
    /// - Throws: `.wrongKeyType`, `.duplicateKey`, and `.malformedThreshold` for more than there are.
    package init(
        logs: [VerifierKey], witnesses: [VerifierKey] = [], quorum: Int? = nil
    ) throws(PolicyError.Reason) {
        try Self.check(logs, type: .ed25519)
        try Self.check(witnesses, type: .cosignature)
        let threshold = quorum ?? witnesses.count
        guard (0...witnesses.count).contains(threshold) else { throw .malformedThreshold }

        let named = witnesses.enumerated().map { index, key in
            Witness(name: Name(bytes: Array("w\(index + 1)".utf8)), key: key, url: nil)
        }
        let group = Group(name: Name(bytes: Array("quorum".utf8)), threshold: threshold, members: named.map(\.name))
        self.init(
            logs: logs.map { Log(key: $0, url: nil) }, witnesses: named, groups: threshold > 0 ? [group] : [],
            quorum: threshold > 0 ? group.name : nil)
    }

    private static func check(_ keys: [VerifierKey], type: SignatureType) throws(PolicyError.Reason) {
        for key in keys where key.type != type { throw .wrongKeyType(expected: type, found: key.type) }
        guard Set(keys.map(\.publicKey)).count == keys.count else { throw .duplicateKey }
    }

    /// The same logs, and no witness.
    package var withoutWitnesses: Policy { Policy(logs: logs, witnesses: [], groups: [], quorum: nil) }
}
