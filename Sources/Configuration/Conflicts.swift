import Access

extension Settings {
    /// Values that are right by themselves and wrong together. Says nothing about the paths in `refused`.
    func conflicts(besides refused: Set<String>) -> [SettingsProblem] {
        var problems: [SettingsProblem] = []
        func check(_ holds: Bool, _ path: String, _ other: String, _ sentence: String) {
            guard !holds, !refused.contains(path), !refused.contains(other) else { return }
            // At least one of the two was given: the defaults fit each other.
            guard let place = origins.places[path] ?? origins.places[other] else { return }
            problems.append(SettingsProblem(place: place, sentence: sentence))
        }
        check(
            limits.requestLine <= limits.head, "limits.request_line", "limits.head",
            "limits.request_line is larger than limits.head, which contains it "
                + "(given \(Quantity.text(limits.requestLine, Quantity.bytes)); "
                + "accepted: up to \(Quantity.text(limits.head, Quantity.bytes)))")
        check(
            limits.tagsPerPush <= limits.tagsThatFit, "limits.tags_per_push", "limits.request_line",
            "limits.tags_per_push has no room in limits.request_line "
                + "(given \(limits.tagsPerPush); accepted: up to \(limits.tagsThatFit))")
        check(
            ledger.quorum <= ledger.witnesses.count, "ledger.quorum", "ledger.witnesses",
            "ledger.quorum is larger than the number of witnesses "
                + "(given \(ledger.quorum); accepted: up to \(ledger.witnesses.count))")
        check(
            tls.clientAuthorities.isEmpty || !tls.certificates.isEmpty, "tls.client_authorities", "tls.certificates",
            "tls.client_authorities asks clients for certificates without tls.certificates, so nobody is asked")
        check(
            !tls.requireClientCertificate || !tls.clientAuthorities.isEmpty, "tls.require_client_certificate",
            "tls.client_authorities",
            "tls.require_client_certificate turns everybody away without tls.client_authorities")
        check(
            tls.redirect.isEmpty || !tls.certificates.isEmpty, "tls.redirect", "tls.certificates",
            "tls.redirect sends clients to https without tls.certificates, so nobody would answer them there")
        check(
            auth.groups.isEmpty || !auth.passwordFile.isEmpty, "auth.groups", "auth.password_file",
            "auth.groups has users without auth.password_file, so none of them can log in")
        check(
            auth.tokens || auth.tokenRealm.isEmpty || !auth.issuers.isEmpty, "auth.token_realm", "auth.issuers",
            "auth.token_realm sends clients to a token service that is not one of auth.issuers, so its tokens would be refused"
        )
        for name in unknownIssuers {
            check(
                false, "access", "auth.issuers",
                "access has a rule for the issuer \(name.shown), who is not one of auth.issuers, so it is for nobody")
        }
        let urls = auth.issuers.map(\.url)
        check(
            Set(urls).count == urls.count, "auth.issuers", "auth.issuers",
            "auth.issuers has two with the same url, so only the first would be asked")
        return problems
    }

    /// Issuers that rules name and nobody knows.
    private var unknownIssuers: [String] {
        let known = Set(auth.issuers.map(\.name))
        var names: [String] = []
        for grantee in access.flatMap(\.who) {
            let name =
                switch grantee {
                case .issuer(let name): name
                case .principal(let principal) where principal.kind == .workload:
                    String(principal.name.prefix { $0 != ":" })
                // Groups of the configuration have no colon in their names.
                case .group(let name) where name.contains(":"): String(name.prefix { $0 != ":" })
                case .anonymous, .authenticated, .principal, .group: nil as String?
                }
            if let name, !known.contains(name), !names.contains(name) { names.append(name) }
        }
        return names
    }
}

extension Settings.Limits {
    /// How many tags of 128 bytes, each as `tag=…&`, fit behind 2 KiB of path and digest.
    fileprivate var tagsThatFit: Int { (requestLine - 2048) / (4 + 128 + 1) }
}
