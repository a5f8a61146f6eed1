import Access

extension Settings {
    /// Every key, in the order of `config/waybill.yaml`; the keys of a section stand together.
    ///
    /// A default is not here but where the property is declared: `key.encode(Settings())` shows it.
    package static let keys: [Key<Settings>] =
        serverKeys + limitKeys + timeoutKeys + storageKeys + collectionKeys + ledgerKeys + tlsKeys + authKeys + [
            Key("access", \.access, .rules(AccessRule.form), "Who may do what in which repositories."),
            Key(
                "builders", \.builders, .rules(BuilderRule.form),
                "Whose signatures under attestations and build records count."),
            Key(
                "repositories", \.repositories, .rules(RepositoryRule.form),
                "Exceptions for some repositories; the first match wins."),
            Key(
                "quotas", \.quotas, .rules(QuotaRule.form),
                "How many bytes some repositories may hold together; all that match hold."),
        ]

    private static let serverKeys: [Key<Settings>] = [
        Key("listen", \.listen, .addresses, "Where connections are accepted; port 0 lets the system choose."),
        Key("data", \.data, .path, "Directory of blobs and database, relative to the working directory."),
        Key(
            "insecure_allow_anonymous", \.insecureAllowAnonymous, .bool,
            "Whether anybody may push and pull even when other machines can connect."),
        Key(
            "sandbox", \.sandbox, .bool,
            "Whether the server can write below its data folder only, run no program, and do nothing that no server needs."
        ),
        Key("log.level", \.log.level, .choice(), "Records below this level are dropped."),
        Key("log.format", \.log.format, .choice(), "How a record is written: text for people, json for collectors."),
        Key("threads.loops", \.threads.loops, .count(0...64, zero: "one per core"), "Threads that serve connections."),
        Key("threads.lanes", \.threads.lanes, .count(1...256), "Queues for work that blocks: files, hashes, fsync."),
    ]

    private static let limitKeys: [Key<Settings>] = [
        Key(
            "limits.head", \.limits.head, .size(4096...mebibyte),
            "Bytes of request line and fields together; past it, 431."),
        Key(
            "limits.request_line", \.limits.requestLine, .size(4096...65536), "Bytes of the request line; past it, 414."
        ),
        Key("limits.fields", \.limits.fields, .count(16...1000), "Fields of one request; past it, 431."),
        Key(
            "limits.connections", \.limits.connections, .count(1...1_000_000), "Connections open at once; past it, 503."
        ),
        Key(
            "limits.connections_per_address", \.limits.connectionsPerAddress, .count(0...1_000_000, zero: "no limit"),
            "Connections that one address may have open at once; past it, 503."),
        Key(
            "limits.memory", \.limits.memory, .size(16 * mebibyte...tebibyte),
            "Bytes of bodies and answers that are held in memory at once; past it, 503."),
        Key(
            "limits.manifest", \.limits.manifest, .size(4 * mebibyte...64 * mebibyte),
            "Bytes of one manifest; past it, 413."),
        Key(
            "limits.config", \.limits.config, .size(65536...64 * mebibyte),
            "Bytes of the largest image configuration that is read for its labels."),
        Key(
            "limits.tags_per_push", \.limits.tagsPerPush, .count(10...100),
            "Tags that one manifest push may set; past it, 414."),
        Key(
            "limits.references", \.limits.references, .count(100...100_000),
            "Layers, platform manifests and other blobs that one manifest may name."),
        Key(
            "limits.evidence", \.limits.evidence, .size(65536...1024 * mebibyte),
            "Bytes of one attestation or build record; past it, 413."),
        Key("limits.page", \.limits.page, .count(1...10000), "Items in the largest page of a list."),
        Key(
            "limits.referrers_page", \.limits.referrersPage, .size(65536...16 * mebibyte),
            "Bytes of one page of referrers."),
        Key("limits.ranges", \.limits.ranges, .count(1...1000), "Ranges of one Range field."),
        Key(
            "limits.blob", \.limits.blob, .size(0...1024 * tebibyte, zero: "no limit"),
            "Bytes of one blob; past it, 413."),
        Key(
            "limits.uploads_per_repository", \.limits.uploadsPerRepository, .count(1...1_000_000),
            "Uploads in one repository that have kept bytes and are not finished."),
        Key(
            "limits.requests_per_caller", \.limits.requestsPerCaller, .count(0...1_000_000, zero: "no limit"),
            "Requests a second that one principal, or one address of those who have not logged in, may make; past it, 429."
        ),
        Key(
            "limits.uploads_per_caller", \.limits.uploadsPerCaller, .count(0...1_000_000, zero: "no limit"),
            "Uploads that one of them may send at the same time; past it, 429."),
        Key(
            "limits.queued_writes", \.limits.queuedWrites, .count(1...1_000_000),
            "Writes that wait for the database at once."),
        Key(
            "limits.json_depth", \.limits.jsonDepth, .count(8...128),
            "Levels of arrays and objects in one JSON document."),
    ]

    private static let timeoutKeys: [Key<Settings>] = [
        Key(
            "timeouts.head", \.timeouts.head, .duration(second...minutes(5)),
            "Time for the whole request head, from its first byte."),
        Key(
            "timeouts.idle", \.timeouts.idle, .duration(second...minutes(60)),
            "Time for the next request on a connection that is kept open."),
        Key(
            "timeouts.handler", \.timeouts.handler, .duration(second...minutes(60)),
            "Time for the server's own work on a request, not counting the transfer of bodies."),
        Key(
            "timeouts.drain", \.timeouts.drain, .duration(.zero...minutes(60)),
            "Time for running requests to finish after SIGTERM."),
        Key(
            "timeouts.body_rate", \.timeouts.bodyRate, .size(1...1024 * mebibyte),
            "Bytes a second that the sender of a body, and the receiver of an answer, must keep up."),
        Key(
            "timeouts.body_window", \.timeouts.bodyWindow, .duration(second...minutes(10)),
            "Time over which body_rate is measured."),
        Key(
            "timeouts.send_stall", \.timeouts.sendStall, .duration(second...minutes(60)),
            "Time over which body_rate is measured for the receiver of an answer."),
    ]

    private static let storageKeys: [Key<Settings>] = [
        Key(
            "uploads.expiry", \.uploads.expiry, .duration(minutes(1)...minutes(60 * 24 * 30)),
            "An upload that received nothing for this long is discarded."),
        Key(
            "uploads.buffer", \.uploads.buffer, .size(16384...4 * mebibyte),
            "Bytes that are read, hashed and written at a time."),
        Key(
            "storage.reserve", \.storage.reserve, .size(0...tebibyte),
            "Free bytes kept on the disk; below it an upload gets 507."),
        Key(
            "storage.sqlite_cache", \.storage.sqliteCache, .size(mebibyte...4096 * mebibyte),
            "Bytes of page cache of each connection that reads the catalogue; the one that writes has 64 MiB or more."),
    ]

    private static let collectionKeys: [Key<Settings>] = [
        Key(
            "gc.interval", \.gc.interval, .duration(.zero...minutes(60 * 24 * 30), zero: "never"),
            "Time between two collections of garbage, beside pushes and pulls."),
        Key(
            "gc.grace", \.gc.grace, .duration(.zero...minutes(60 * 24 * 366)),
            "How long a blob stays that no manifest names."),
        Key(
            "gc.untagged", \.gc.untagged, .duration(.zero...minutes(60 * 24 * 3660), zero: "for ever"),
            "How long a manifest stays that has no tag and that nothing needs."),
        Key(
            "scrub.interval", \.scrub.interval, .duration(.zero...minutes(60 * 24 * 366), zero: "never"),
            "Time from one comparison of all stored bytes with their digests to the next."),
        Key(
            "scrub.rate", \.scrub.rate, .size(0...1024 * 1024 * mebibyte, zero: "as fast as it goes"),
            "Bytes a second that are read for that."),
    ]
}

extension Settings {
    private static let tlsKeys: [Key<Settings>] = [
        Key(
            "tls.certificates", \.tls.certificates, .rules(CertificateRule.form),
            "Certificates with their keys; with one or more, every address of listen speaks TLS."),
        Key("tls.minimum", \.tls.minimum, .choice(), "The oldest version of TLS that clients may speak."),
        Key(
            "tls.client_authorities", \.tls.clientAuthorities, .pathOrNothing,
            "The file of those who may vouch for clients, PEM; with one, clients are asked for a certificate."),
        Key(
            "tls.require_client_certificate", \.tls.requireClientCertificate, .bool,
            "Whether a client without a certificate is turned away."),
        Key(
            "tls.client_identity", \.tls.clientIdentity, .clientNames,
            "Which name in a certificate says who the client is: the first kind that it has."),
        Key(
            "tls.redirect", \.tls.redirect, .addressesOrNone,
            "Where plain HTTP is accepted and sent to the address under https."),
    ]

    private static let authKeys: [Key<Settings>] = [
        Key(
            "auth.password_file", \.auth.passwordFile, .pathOrNothing,
            "The file of names and bcrypt hashes with which people log in."),
        Key("auth.groups", \.auth.groups, .rules(GroupRule.form), "Users under one name, for rules."),
        Key(
            "auth.issuers", \.auth.issuers, .rules(TrustedIssuer.Options.form),
            "Whose tokens are believed besides the registry's own: CI systems, clusters, token services."),
        Key("auth.tokens", \.auth.tokens, .bool, "Whether clients exchange their password for a short-lived token."),
        Key("auth.token_realm", \.auth.tokenRealm, .realm, "Where clients get tokens, as they reach it."),
        Key("auth.token_service", \.auth.tokenService, .serviceName, "The name of the registry in tokens."),
        Key(
            "auth.token_lifetime", \.auth.tokenLifetime, .duration(minutes(5)...minutes(60 * 24)),
            "How long a token is valid."),
        Key(
            "auth.refresh_lifetime", \.auth.refreshLifetime, .duration(minutes(5)...minutes(60 * 24 * 366)),
            "How long a client may get new tokens without the password."),
    ]
}

extension Settings {
    private static let ledgerKeys: [Key<Settings>] = [
        Key("ledger.origin", \.ledger.origin, .origin, "The name under which the log is known: its host name."),
        Key("ledger.witnesses", \.ledger.witnesses, .witnesses, "Who is asked to cosign every checkpoint."),
        Key(
            "ledger.quorum", \.ledger.quorum, .count(0...63),
            "How many witnesses must have cosigned a checkpoint before it is preferred to a newer one."),
        Key(
            "ledger.timestamp_authority", \.ledger.timestampAuthority, .webURL,
            "The RFC 3161 authority that dates checkpoints; empty for none."),
        Key(
            "ledger.timestamp_interval", \.ledger.timestampInterval, .duration(.seconds(10)...minutes(60 * 24)),
            "Time between two checkpoints that are dated."),
        Key(
            "ledger.sigstore_entries", \.ledger.sigstoreEntries, .bool,
            "Whether a valid signature is logged in Rekor's form as well."),
    ]
}

private let mebibyte = 1 << 20
private let tebibyte = 1 << 40
private let second = Duration.seconds(1)
func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
