/// The version of the program, as CHANGELOG.md names it.
enum Version {
    static let text = "0.1.0"
}
