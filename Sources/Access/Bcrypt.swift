internal import CCrypt
internal import Glibc
package import LinuxIO

/// bcrypt, by the system's libcrypt. Slow on purpose: runs on a lane.
package enum Bcrypt {
    /// Bytes of a password that count; longer ones are refused, because bcrypt would ignore the rest.
    package static let longestPassword = 72

    /// Hashes a password with a new salt.
    ///
    /// - Parameter cost: the logarithm of the work; each step doubles it. 10 takes some 50 ms.
    /// - Returns: nil for a password that is empty, longer than `longestPassword` bytes or has a NUL in it.
    package static func hash(_ password: [UInt8], cost: Int, random: RandomBytes = .system) -> String? {
        precondition(PasswordFile.costs.contains(cost), "bcrypt has costs from 4 to 31, and more than 17 is too slow")
        guard let setting = setting(cost: cost, salt: random(16)) else { return nil }
        return crypt(password, setting: setting)
    }

    /// Whether the hash was made of this password. Takes as long for a wrong one.
    static func verify(_ password: [UInt8], against hash: BcryptHash) -> Bool {
        guard let computed = crypt(password, setting: hash.text) else { return false }
        return Array(computed.utf8).isEqualInConstantTime(to: Array(hash.text.utf8))
    }

    private static func crypt(_ password: [UInt8], setting: String) -> String? {
        guard (1...longestPassword).contains(password.count), !password.contains(0) else { return nil }
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        data.initialize(to: crypt_data())
        defer {
            // It holds what the password was made into; and the copy with the zero at its end is ours.
            explicit_bzero(data, MemoryLayout<crypt_data>.size)
            data.deallocate()
            explicit_bzero(&phrase, phrase.count)
        }
        guard let result = crypt_r(phrase, setting, data) else { return nil }
        let text = String(cString: result)
        // What libcrypt cannot do it answers with a text that is no hash.
        return text.utf8.count == 60 ? text : nil
    }

    private static func setting(cost: Int, salt: [UInt8]) -> String? {
        var text = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let bytes = salt.map { CChar(bitPattern: $0) }
        guard crypt_gensalt_rn("$2b$", UInt(cost), bytes, CInt(bytes.count), &text, CInt(text.count)) != nil else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Compares in a time that depends on the lengths alone.
    package func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        var difference: UInt8 = 0
        for (one, two) in zip(self, other) { difference |= one ^ two }
        return difference == 0
    }
}
