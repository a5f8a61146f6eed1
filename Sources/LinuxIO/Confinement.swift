import CLinux
import Glibc

/// What a process gives up for good, so that whoever gets hold of it can do less.
package enum Confinement {
    /// From now on the calling thread, and those that it makes, can write, make and remove files below `folders` only, and run no
    /// program (landlock(7)). What is open stays open, and everything can be read as before. To hold for the whole process it is called
    /// before there are other threads.
    ///
    /// - Parameter folders: links are followed now; a folder that is not there is left out.
    /// - Returns: false where the kernel cannot do it.
    package static func confineWrites(to folders: [String]) throws(SystemError) -> Bool {
        let texts = folders.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let pointers = texts.map { UnsafePointer($0) }
        let result = try systemCall("landlock") {
            pointers.withUnsafeBufferPointer { clinux_confine_writes($0.baseAddress, CInt($0.count)) }
        }
        return result == 1
    }
}
