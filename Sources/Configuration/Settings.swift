package import Access
import OCI

/// Everything an operator can set. Each stored property is one key, or one section of keys, of the
/// configuration file; `Settings.keys` says how each is written and what it accepts.
///
/// `Settings()` is the defaults. Values inside their ranges are guaranteed only by `SettingsLoader`.
package struct Settings: Sendable, Equatable {
    /// Where connections are accepted. Never empty.
    package var listen = [ListenAddress.standard]
    /// The directory that holds blobs, database and keys; relative to the working directory.
    package var data = "./data"
    /// Whether anybody who can connect may push and pull even when that is not only this machine.
    package var insecureAllowAnonymous = false
    /// What is logged, and how.
    package var log = Log()
    /// How many threads do the work.
    package var threads = Threads()
    /// Bounds on what clients may ask for.
    package var limits = Limits()
    /// How long the server waits, and for what.
    package var timeouts = Timeouts()
    /// How uploads are received.
    package var uploads = Uploads()
    /// How the disk is used.
    /// Whether the server gives up writing anywhere but below its data folder, and running programs.
    package var sandbox = true
    package var storage = Storage()
    package var gc = Collection()
    package var scrub = Scrub()
    /// Under which name the log is published, and who vouches for it.
    package var ledger = Ledger()
    /// How connections are encrypted.
    package var tls = TLS()
    /// How somebody proves who they are.
    package var auth = Auth()
    /// Who may do what; when there are no rules, everybody who has proved who they are may do everything.
    package var access: [AccessRule] = []
    /// Whose signatures under attestations and build records count.
    package var builders: [BuilderRule] = []
    /// Exceptions for some repositories; the first rule that matches a name wins.
    package var repositories: [RepositoryRule] = []
    /// How many bytes some repositories may hold together; all that match a name hold.
    package var quotas: [QuotaRule] = []

    /// Where each value that is not a default was given.
    package var origins = Origins()

    /// The defaults.
    package init() {}
}

extension Settings {
    /// What is logged, and how.
    package struct Log: Sendable, Equatable {
        /// The names and the order of swift-log's levels.
        package enum Level: String, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }
        /// How one log record is written.
        package enum Format: String, Sendable, CaseIterable {
            case text, json
        }
        /// Records below this level are dropped.
        package var level = Level.info
        /// `text` for people, `json` for collectors.
        package var format = Format.text
    }

    /// How many threads do the work.
    package struct Threads: Sendable, Equatable {
        /// Event loops; 0 means one per core.
        package var loops = 0
        /// Queues for blocking work: reading, writing, hashing, fsync.
        package var lanes = 16
    }

    /// How long the server waits for a client, and how long a client may wait for the server.
    package struct Timeouts: Sendable, Equatable {
        /// For the whole request head, from its first byte.
        package var head = Duration.seconds(10)
        /// For the next request on a connection that is kept open.
        package var idle = Duration.seconds(60)
        /// For the server's own work on a request, not counting the transfer of bodies.
        package var handler = Duration.seconds(60)
        /// For running requests to finish after SIGTERM.
        package var drain = Duration.seconds(60)
        /// Bytes a second that a sender of a body, and a receiver of an answer, must keep up.
        package var bodyRate = 1024
        /// The time over which `bodyRate` is measured for a sender.
        package var bodyWindow = Duration.seconds(30)
        /// The same for a receiver.
        package var sendStall = Duration.seconds(60)
    }

    /// How uploads are received.
    package struct Uploads: Sendable, Equatable {
        /// An upload that received nothing for this long is discarded.
        package var expiry = Duration.seconds(24 * 60 * 60)
        /// Bytes that are read, hashed and written at a time.
        package var buffer = 256 * 1024
    }

    /// How the disk is used.
    package struct Storage: Sendable, Equatable {
        /// Free bytes kept on the disk; below it an upload gets `507`.
        package var reserve = 64 * 1024 * 1024
        /// Bytes of page cache of each connection that reads the catalogue; the one that writes has 64 MiB or more.
        package var sqliteCache = 8 * 1024 * 1024
    }

    /// How stored bytes are compared with their digests.
    package struct Scrub: Sendable, Equatable {
        /// From the beginning of one pass to that of the next; zero for none.
        package var interval = Duration.seconds(7 * 24 * 60 * 60)
        /// Bytes a second; 0 for no limit.
        package var rate = 16 * 1024 * 1024
    }

    /// What is removed by itself.
    package struct Collection: Sendable, Equatable {
        /// Between two collections; zero for none.
        package var interval = Duration.seconds(60 * 60)
        /// For a blob that no manifest names, after a client was last told that it is here.
        package var grace = Duration.seconds(24 * 60 * 60)
        /// For a manifest that has no tag and that nothing needs, after it was last pushed; zero for ever.
        package var untagged = Duration.zero
    }
}

extension Settings {
    /// The rule that holds for the repository called `name`: the first that matches, or the defaults.
    package func rule(for name: String) -> RepositoryRule {
        repositories.first { $0.match.matches(name) } ?? RepositoryRule()
    }

    /// Why these settings must not be served, as a sentence; nil when they may be.
    ///
    /// Without authentication, whoever reaches an address may push. So an address that other machines
    /// can reach needs the operator's word for it.
    package func anonymousExposure() -> String? {
        let exposed = listen.filter { !$0.isLoopback }
        guard isOpen, !insecureAllowAnonymous, !exposed.isEmpty else { return nil }
        let addresses = exposed.map(\.description).joined(separator: ", ")
        return "anyone who can reach \(addresses) could push and pull: listen on a loopback address such as "
            + "127.0.0.1:5000, say who may do what with auth and access, "
            + "or accept it with insecure_allow_anonymous: true (--insecure-allow-anonymous)"
    }

    /// Whether nobody is asked who they are, and everybody may do everything.
    package var isOpen: Bool {
        auth.passwordFile.isEmpty && auth.issuers.isEmpty && access.isEmpty && tls.clientAuthorities.isEmpty
    }
}
