import Glibc

/// Programs that we did not write, in the virtual environment that `Tests/python-tools` makes.
package enum PythonTools {
    /// The folder of the project.
    package static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    /// Where a program or the interpreter itself is.
    package static func path(_ name: String) -> String { "\(root)/.build/python/bin/\(name)" }

    /// Whether the tools are there. When they are not, that is said where nobody can overlook it.
    package static let isAvailable: Bool = {
        if access("\(root)/.build/python/done", R_OK) == 0, access(path("aics-tlog"), X_OK) == 0 { return true }
        let line = Array("SKIPPED: the audit tools are not installed: see Tests/python-tools\n".utf8)
        write(STDERR_FILENO, line, line.count)
        return false
    }()
}
