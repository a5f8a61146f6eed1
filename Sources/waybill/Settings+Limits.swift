import Configuration
import HTTPServing
import HTTPWire
import OCI
import RegistryCore

/// The settings as each part of the program takes them.
extension Settings {
    var servingLimits: ServingLimits {
        var limits = ServingLimits()
        limits.head.head = self.limits.head
        limits.head.requestLine = self.limits.requestLine
        limits.head.fields = self.limits.fields
        limits.connections = self.limits.connections
        limits.connectionsPerAddress = self.limits.connectionsPerAddress
        limits.ranges = self.limits.ranges
        limits.headTimeout = timeouts.head
        limits.idleTimeout = timeouts.idle
        limits.handlerTimeout = timeouts.handler
        limits.drainTimeout = timeouts.drain
        limits.bodyRate = Int64(timeouts.bodyRate)
        limits.bodyWindow = timeouts.bodyWindow
        limits.sendStall = timeouts.sendStall
        return limits
    }

    var registryLimits: RegistryLimits {
        var limits = RegistryLimits()
        limits.manifest = self.limits.manifest
        limits.config = self.limits.config
        limits.tagsPerPush = self.limits.tagsPerPush
        limits.references = self.limits.references
        limits.page = self.limits.page
        limits.referrersPage = self.limits.referrersPage
        limits.uploadsPerRepository = self.limits.uploadsPerRepository
        limits.uploadLifetime = uploads.expiry.components.seconds * 1000
        limits.blobGrace = collectionRules.grace
        limits.jsonDepth = self.limits.jsonDepth
        limits.evidence = self.limits.evidence
        return limits
    }

    var collectionRules: CollectionRules {
        var rules = CollectionRules()
        rules.grace = Int64(gc.grace / .milliseconds(1))
        rules.retention = { name in
            let rule = self.rule(for: name.rawValue)
            return TagRetention(
                last: rule.keepLast == 0 ? nil : rule.keepLast,
                age: rule.keepFor == .zero ? nil : Int64(rule.keepFor / .milliseconds(1)),
                unused: rule.keepPulled == .zero ? nil : Int64(rule.keepPulled / .milliseconds(1)),
                versions: rule.keepVersions == 0 ? nil : rule.keepVersions,
                kept: rule.keepTags + rule.immutableTags + rule.protectedTags, keepsSigned: rule.keepSigned)
        }
        rules.untagged = gc.untagged == .zero ? nil : Int64(gc.untagged / .milliseconds(1))
        return rules
    }

    var scrubRules: ScrubRules {
        var rules = ScrubRules()
        rules.interval = Int64(scrub.interval / .milliseconds(1))
        rules.rate = scrub.rate
        return rules
    }

    var storageLimits: StorageLimits {
        var limits = StorageLimits()
        limits.buffer = uploads.buffer
        limits.blob = Int64(self.limits.blob)
        limits.reserve = Int64(storage.reserve)
        return limits
    }

    var ledgerOptions: RegistryCore.Ledger.Options {
        var options = RegistryCore.Ledger.Options()
        options.cacheKiB = storage.sqliteCache / 1024
        options.queuedWrites = self.limits.queuedWrites
        return options
    }

    /// How much the repositories of each pattern may hold together.
    var quotaList: [Quota] {
        quotas.map { Quota(match: $0.match, bytes: Int64($0.bytes)) }
    }

    /// What a repository allows, by the first rule that matches its name.
    func policy(for repository: RepositoryName) -> RepositoryPolicy {
        let rule = rule(for: repository.rawValue)
        return RepositoryPolicy(
            allowsSparse: rule.allowSparse, requiresForeignLayers: rule.foreignLayers == .requireBlob,
            urlPrefixes: rule.foreignURLs, immutableTags: rule.immutableTags, protectedTags: rule.protectedTags)
    }
}
