import Glibc
import RegistryTesting

/// What becomes of a call that changes the disk. The numbers are those of faults.c.
enum Fault: UInt64, Sendable {
    case none, noSpace, writeError, syncError, shortWrite, noDescriptor, interrupt, killBefore, killAfter

    /// The class of calls that it is for, and that are counted for it.
    var counter: Int {
        switch self {
        case .none, .killBefore, .killAfter: 0
        case .noSpace: 1
        case .writeError, .shortWrite: 2
        case .syncError: 3
        case .noDescriptor: 4
        case .interrupt: 5
        }
    }
}

/// A part of the life of a server, and the part of the memory of faults.c that the test looks at.
///
/// `@unchecked Sendable`: each field is one word that is loaded and stored whole.
final class FaultLayer: @unchecked Sendable {
    /// Why a program cannot be run on a disk with faults.
    struct CannotPrepare: Error { let reason: String }

    private static let size = 64 + 128 + 32 * 6 * 8
    private let memory: UnsafeMutableRawPointer
    private let library: String
    private let control: String
    /// Where the layer writes down what was done.
    let log: String
    /// The folder whose files it stands before.
    let root: String

    /// - Parameters:
    ///   - library: what `compile` made.
    ///   - folder: takes the files of the layer.
    ///   - root: made here.
    init(library: String, folder: TemporaryFolder, root: String) throws {
        self.library = library
        self.root = root
        control = folder.write([UInt8](repeating: 0, count: Self.size), to: "control")
        log = folder.write([], to: "log")
        mkdir(root, 0o700)
        let file = open(control, O_RDWR | O_CLOEXEC)
        defer { close(file) }
        guard file >= 0, let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            memory != MAP_FAILED
        else { throw CannotPrepare(reason: "the memory of the layer cannot be mapped") }
        self.memory = memory
    }

    deinit { munmap(memory, Self.size) }

    /// Makes the layer with the C compiler of the system, or the one of Swift.
    static func compile(into folder: TemporaryFolder) async throws -> String {
        let source = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/faults.c"
        guard let compiler = Program.find("cc") ?? Program.find("clang") else {
            throw CannotPrepare(reason: "there is no C compiler")
        }
        let library = "\(folder.path)/faults.so"
        let result = try await Program.run(
            compiler, ["-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread", "-o", library, source])
        guard result.status == 0 else { throw CannotPrepare(reason: result.text) }
        return library
    }

    /// What a shell runs before a program that is to meet the faults. The layer writes its log outside the data folder.
    var shell: String {
        "export WAYBILL_SANDBOX=false LD_PRELOAD=\(library) TORTURE_ROOT=\(root) TORTURE_CONTROL=\(control) TORTURE_LOG=\(log)"
    }

    // MARK: - The shared memory

    @inline(never) private func word(_ offset: Int) -> UInt64 { memory.load(fromByteOffset: offset, as: UInt64.self) }
    @inline(never) private func store(_ value: UInt64, _ offset: Int) {
        memory.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
    }

    /// Entries in the log.
    var sequence: UInt64 { word(0) }
    /// How many calls a fault has struck.
    var fired: UInt64 { word(56) }
    /// What the scenario is at.
    var step: Step {
        get { Step(rawValue: word(8)) ?? .start }
        set { store(newValue.rawValue, 8) }
    }
    /// The call that was struck first, with its file.
    var struck: String { String(cString: (memory + 64).assumingMemoryBound(to: CChar.self)) }

    /// Calls so far that a fault could have struck.
    func counts(for fault: Fault) -> [Step: UInt64] {
        let counts = Step.allCases.map { ($0, word(192 + (Int($0.rawValue) * 6 + fault.counter) * 8)) }
        return Dictionary(uniqueKeysWithValues: counts.filter { $0.1 > 0 })
    }

    /// Lets `fault` strike `length` calls from one on, which is the `call`th of its class in a step, counted from 1.
    func arm(_ fault: Fault, at call: UInt64, of step: Step, length: UInt64) {
        store(step.rawValue, 24)
        store(call, 32)
        store(length, 40)
        store(fault.rawValue, 16)
    }

    /// From now on nothing fails.
    func disarm() { store(0, 16) }
}
