/// Guesses what somebody meant.
enum Spelling {
    /// The name in `names` that takes the fewest changes to get from `text`; nil when none is near.
    static func nearest(to text: String, among names: [String]) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let wanted = text.lowercased().replacing("-", with: "_")
        let nearest = names.map { (name: $0, distance: distance(wanted, $0.lowercased())) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(1, min(3, nearest.name.count / 3)) else { return nil }
        return nearest.name
    }

    /// How many characters must be added, removed, replaced or swapped with their neighbour.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for row in one.indices {
            var current = [row + 1]
            for column in other.indices {
                let same = one[row] == other[column]
                var best = min(last[column] + (same ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[other.count]
    }

    /// Whether somebody may have put a secret under this name.
    static func looksSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return secretWords.contains { name.contains($0) }
    }

    /// Completes "… is not a setting, and …".
    static let secretAdvice = "no secret belongs here: keep it in a file of its own that only its owner can read"

    private static let secretWords = ["password", "passwd", "secret", "token", "credential", "private_key", "api_key"]
}
