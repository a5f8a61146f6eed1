internal import Crypto
package import LinuxIO
import Synchronization

/// Checks names and passwords against a file that may be replaced while the server runs.
///
/// bcrypt takes tens of milliseconds, so it runs on a lane, and what was right is remembered for a while: by a keyed hash, so
/// that what is remembered tells nobody the password. A name that is not in the file takes as long as one that is.
package final class PasswordChecker: Sendable {
    /// How long a right password is remembered, and how many of them.
    private static let memory = Duration.seconds(300)
    private static let mostRemembered = 4096
    /// Passwords that may wait to be checked: some seconds' worth of work.
    package static let mostWaiting = 64

    /// As many passwords as may wait to be checked wait already.
    package struct Busy: Error {}

    private struct State {
        var file: PasswordFile
        /// Counts the files, so that what was right for one is not taken for another.
        var generation: UInt64 = 0
        var remembered: [[UInt8]: Instant] = [:]
        /// What a name that is not in the file is compared with.
        var decoy: BcryptHash?

        /// Makes room: what is too old goes, and when that is not enough, half of the rest.
        mutating func forgetSome() {
            let now = Instant.now
            remembered = remembered.filter { $0.value > now }
            guard remembered.count > mostRemembered / 2 else { return }
            for mark in Array(remembered.keys.prefix(remembered.count / 2)) { remembered[mark] = nil }
        }
    }

    private let state: Mutex<State>
    private let waiting = Atomic(0)
    private let lanes: Lanes
    private let key: SymmetricKey

    /// A checker that begins with `file`.
    ///
    /// - Parameter lanes: of its own, and few: whoever guesses keeps them busy, and nothing else must wait for that.
    package init(_ file: PasswordFile, lanes: Lanes, random: RandomBytes = .system) {
        self.lanes = lanes
        key = SymmetricKey(data: random(32))
        state = Mutex(State(file: file, decoy: Self.decoy(for: file)))
    }

    /// Goes on with another file; nothing that was right before is remembered.
    package func replace(with file: PasswordFile) {
        let decoy = Self.decoy(for: file)
        state.withLock { state in
            guard state.file != file else { return }
            state.file = file
            state.generation += 1
            state.remembered = [:]
            state.decoy = decoy
        }
    }

    /// Whether the password is that of `name`.
    ///
    /// - Throws: `Busy`, when too many others ask at the same time.
    package func isRight(_ password: [UInt8], of name: String) async throws(Busy) -> Bool {
        let (hash, decoy, generation) = state.withLock { ($0.file.hash(of: name), $0.decoy, $0.generation) }
        let mark = mark(name, password, generation)
        if state.withLock({ $0.remembered[mark].map { $0 > .now } ?? false }) { return true }
        guard let compared = hash ?? decoy else { return false }
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostWaiting else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            throw Busy()
        }
        let isEqual = await lanes.next().run { Bcrypt.verify(password, against: compared) }
        waiting.wrappingSubtract(1, ordering: .relaxed)
        guard isEqual, hash != nil else { return false }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.remembered.count >= Self.mostRemembered { state.forgetSome() }
            state.remembered[mark] = Instant.now.advanced(by: Self.memory)
        }
        return true
    }

    /// What changes when the password of `name` does; nil for an unknown name. It is no secret.
    package func version(of name: String) -> String? {
        state.withLock { $0.file.hash(of: name) }.map { fingerprint(of: Array($0.text.utf8)) }
    }

    private func mark(_ name: String, _ password: [UInt8], _ generation: UInt64) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("\(generation)\u{0}\(name)\u{0}".utf8))
        code.update(data: password)
        return Array(code.finalize())
    }

    /// A hash that no password is known for, as costly as the costliest of the file.
    private static func decoy(for file: PasswordFile) -> BcryptHash? {
        file.highestCost.flatMap { Bcrypt.hash(RandomBytes.system(16).map { $0 | 1 }, cost: $0) }
            .flatMap { BcryptHash(Array($0.utf8)) }
    }
}
