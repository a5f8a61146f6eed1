import LinuxIO
import Testing

@testable import RegistryAPI

@Suite struct `Which denials are written down` {
    private let start = Instant(nanoseconds: 0)

    @Test func `is each of them once a minute`() {
        let journal = DenialJournal()
        #expect(journal.admit("push a", of: "user:bob", at: start) == 0)
        #expect(journal.admit("push a", of: "user:bob", at: start.advanced(by: .seconds(59))) == nil)
        #expect(journal.admit("push b", of: "user:bob", at: start.advanced(by: .seconds(59))) == 1)
        #expect(journal.admit("push a", of: "user:eve", at: start.advanced(by: .seconds(59))) == 0)
        #expect(journal.admit("push a", of: "user:bob", at: start.advanced(by: .seconds(60))) == 0)
    }

    @Test func `is so many of one caller, and the next says how many were left out`() {
        let journal = DenialJournal()
        let written = (0..<1000).compactMap { journal.admit("push \($0)", of: "user:bob", at: start) }
        #expect(written == Array(repeating: 0, count: DenialJournal.most))
        #expect(
            journal.admit("pull", of: "user:bob", at: start.advanced(by: .seconds(61))) == 1000 - DenialJournal.most)
        #expect(journal.admit("pull x", of: "user:bob", at: start.advanced(by: .seconds(61))) == 0)
    }

    @Test func `takes no more memory than the limit, whoever asks`() {
        let journal = DenialJournal()
        let written = (0..<DenialJournal.mostCallers + 100).filter {
            journal.admit("pull", of: "\($0)", at: start) != nil
        }
        #expect(written.count == DenialJournal.mostCallers)
        #expect(
            journal.admit("pull", of: "late", at: start.advanced(by: .seconds(61))) == 100,
            "those that were left out count here")
    }

    @Test func `is told when one could not be written, and tries again`() {
        let journal = DenialJournal()
        _ = journal.admit("push a", of: "user:bob", at: start)
        _ = journal.admit("push a", of: "user:bob", at: start)
        #expect(journal.admit("push b", of: "user:bob", at: start) == 1)
        journal.giveBack("push b", of: "user:bob", omitted: 1)
        #expect(journal.admit("push b", of: "user:bob", at: start) == 2)
        #expect(journal.admit("push c", of: "user:bob", at: start) == 0)
    }

    @Test func `counts also those of callers who are forgotten`() {
        let journal = DenialJournal()
        for caller in 0..<DenialJournal.mostCallers {
            for _ in 0..<2 { _ = journal.admit("pull", of: "\(caller)", at: start) }
        }
        #expect(journal.admit("pull", of: "one too many", at: start) == nil)
        let later = start.advanced(by: .seconds(61))
        #expect(journal.admit("pull", of: "late", at: later) == DenialJournal.mostCallers + 1)
        #expect(journal.admit("push", of: "late", at: later) == 0)
    }
}
