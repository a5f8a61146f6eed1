/// The deadlines a loop must look at, the nearest first.
///
/// An entry is a promise to look, not the deadline itself: sources move their deadlines with every request, and only
/// when an entry comes up does the loop ask the source whether its deadline has really passed. So moving a deadline
/// away costs one store, and the heap holds about one entry a source however many requests it serves.
struct DeadlineHeap {
    struct Entry {
        var instant: Instant
        var key: SourceKey
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }
    var nearest: Instant? { entries.first?.instant }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].instant < entries[parent].instant else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the nearest entry if its time has come.
    mutating func removeNearest(ifNotAfter now: Instant) -> Entry? {
        guard let first = entries.first, first.instant <= now else { return nil }
        let last = entries.removeLast()
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < entries.count else { break }
            let right = left + 1
            let child = right < entries.count && entries[right].instant < entries[left].instant ? right : left
            guard entries[child].instant < entries[parent].instant else { break }
            entries.swapAt(child, parent)
            parent = child
        }
        return first
    }
}
