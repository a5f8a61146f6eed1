package import LinuxIO
package import Logging
package import OCI

/// The registry itself: what can be done with repositories, whoever asks and over whatever protocol.
///
/// Data flows one way: a request comes in as parsed types, files are made durable first, then the ledger commits the
/// rows and the record in one transaction, then the caller is told. There is no state here besides the two stores, but for pull times that may be lost.
package final class Registry: Sendable {
    let blobs: BlobStore
    let ledger: Ledger
    /// For what is read or computed, apart from the lanes of uploads, which may be busy with a disk for long.
    let readLanes: Lanes
    let limits: RegistryLimits
    let rule: @Sendable (RepositoryName) -> RepositoryPolicy
    /// Whose signatures under evidence count.
    package let trust: TrustedBuilders
    /// How many witnesses must have signed a checkpoint before it is preferred to a newer one.
    let quorum: Int
    /// Seals the sessions of uploads.
    let uploadKey: UploadKey
    /// When manifests were pulled: what is yet to be written.
    let pulls = PullTimes()
    let clock: WallClock
    let logger: Logger

    /// Puts a registry on its two stores.
    ///
    /// - Parameters:
    ///   - trust: whose signatures under evidence count.
    ///   - quorum: how many witnesses must have signed a checkpoint before it is preferred to a newer one.
    ///   - uploadKey: seals the sessions of uploads; nil for one that nobody else has, so that they end with the process.
    ///   - rule: what a repository allows; asked with each push.
    package init(
        blobs: BlobStore, ledger: Ledger, readLanes: Lanes, limits: RegistryLimits = RegistryLimits(),
        trust: TrustedBuilders = TrustedBuilders(), quorum: Int = 0, uploadKey: UploadKey? = nil,
        clock: WallClock = .system,
        logger: Logger, rule: @escaping @Sendable (RepositoryName) -> RepositoryPolicy = { _ in RepositoryPolicy() }
    ) {
        self.blobs = blobs
        self.ledger = ledger
        self.readLanes = readLanes
        self.limits = limits
        self.trust = trust
        self.quorum = quorum
        self.uploadKey = uploadKey ?? UploadKey(RandomBytes.system(UploadKey.length))
        self.clock = clock
        self.logger = logger
        self.rule = rule
    }

    /// The time by which it goes, in milliseconds since 1970-01-01 UTC.
    package var now: Int64 { clock.milliseconds }

    /// How long an upload may be left alone, in milliseconds.
    package var uploadLifetime: Int64 { limits.uploadLifetime }

    /// Runs `body` on a lane: for what is more than a point read, so that no other connection of the loop waits for it.
    package func aside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await readLanes.next().run(body)
    }
}

/// Bounds on what is pushed and listed. Each is a field of the configuration file.
package struct RegistryLimits: Sendable {
    /// Bytes of a manifest; past it `413`. The specification asks for at least 4 MB.
    package var manifest = 4 * 1024 * 1024
    /// Bytes of an image config that is read for its labels; a larger one is stored without being read.
    package var config = 4 * 1024 * 1024
    /// Tags that one push by digest may set; past it `414`.
    package var tagsPerPush = 46
    /// Entries in one page of a list.
    package var page = 1000
    /// Bytes of one page of referrers.
    package var referrersPage = 4 * 1024 * 1024
    /// Uploads that a repository may have in progress; past it `429`.
    package var uploadsPerRepository = 1000
    /// Layers, platform manifests and other blobs that one manifest may name.
    package var references = 10_000
    /// Bytes of one attestation or build record; past it `413`.
    package var evidence = 64 * 1024 * 1024
    /// How deep the JSON of a manifest may nest.
    package var jsonDepth = 32
    /// How long an upload may be left alone, in milliseconds.
    package var uploadLifetime: Int64 = 24 * 60 * 60 * 1000
    /// How long a client that was told that a blob is here may count on it, in milliseconds; what a manifest names stays anyway.
    package var blobGrace: Int64 = 24 * 60 * 60 * 1000

    /// The defaults.
    package init() {}
}

/// What a repository allows.
package struct RepositoryPolicy: Sendable {
    /// Whether a manifest may name layers and child manifests that are not here.
    package var allowsSparse = false
    /// Whether a layer of a foreign or non-distributable type must be here as well.
    package var requiresForeignLayers = false
    /// How a URL may begin from which clients fetch a layer; with none, anything on the web may.
    package var urlPrefixes: [String] = []
    /// Tags that, once they are set, neither move nor go away.
    package var immutableTags: [TagPattern] = []
    /// Tags that only an administrator may set or remove.
    package var protectedTags: [TagPattern] = []

    /// The defaults: everything is here but foreign layers, and those may be anywhere on the web.
    package init(
        allowsSparse: Bool = false, requiresForeignLayers: Bool = false, urlPrefixes: [String] = [],
        immutableTags: [TagPattern] = [], protectedTags: [TagPattern] = []
    ) {
        self.allowsSparse = allowsSparse
        self.requiresForeignLayers = requiresForeignLayers
        self.urlPrefixes = urlPrefixes
        self.immutableTags = immutableTags
        self.protectedTags = protectedTags
    }

    /// Refuses to move the tag away from `digest`, or to remove it. Tags that belong to a digest change with what refers to it.
    package func checkMove(of tag: Tag, from digest: Digest) throws(RegistryError) {
        guard !tag.belongsToDigest, immutableTags.contains(where: { $0.matches(tag) }) else { return }
        throw .immutableTag(tag, digest)
    }

    /// Refuses a tag that this actor may not touch.
    package func checkUse(of tag: Tag, by actor: Actor) throws(RegistryError) {
        guard !actor.isAdministrator, !tag.belongsToDigest, protectedTags.contains(where: { $0.matches(tag) }) else {
            return
        }
        throw .protectedTag(tag)
    }
}

/// Who asked for a change, and from where, as far as it is known.
package struct Actor: Sendable, Equatable {
    /// The authenticated name; nil when nobody was asked to say who they are.
    package var principal: String?
    /// The network address of the client, without its port.
    package var clientAddress: String?
    /// What the client calls itself.
    package var userAgent: String?
    /// The job whose build platform an issuer vouches for. It stands in records for good, where a principal can be erased.
    package var workload: Workload?
    /// What allowed it; nil where nobody is asked.
    package var ground: AccessGround?
    /// Whether the actor may do everything.
    package var isAdministrator: Bool

    /// A job of a CI system, as its issuer proved it. Each text has at most 1024 bytes.
    package struct Workload: Sendable, Equatable {
        /// The URL of the issuer.
        package let issuer: String
        /// What the issuer calls the job.
        package let subject: String
        /// The build platform that it is.
        package let builder: String

        /// A job whose token was checked.
        package init(issuer: String, subject: String, builder: String) {
            self.issuer = issuer
            self.subject = subject
            self.builder = builder
        }
    }

    /// Names an actor.
    package init(
        principal: String? = nil, clientAddress: String? = nil, userAgent: String? = nil, workload: Workload? = nil,
        ground: AccessGround? = nil, isAdministrator: Bool = false
    ) {
        self.ground = ground
        self.workload = workload
        self.isAdministrator = isAdministrator
        self.principal = principal
        self.clientAddress = clientAddress
        self.userAgent = userAgent
    }
}
