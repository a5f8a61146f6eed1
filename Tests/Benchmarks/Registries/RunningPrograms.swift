import BenchmarkLoad
import Dispatch
import Glibc
import RegistryTesting
import Synchronization

/// What must not be left behind, however this program ends.
final class RunningPrograms: Sendable {
    private let programs = Mutex<[Program]>([])

    func append(_ program: Program) { programs.withLock { $0.append(program) } }

    func remove(_ program: Program) { programs.withLock { $0.removeAll { $0 === program } } }

    /// Ends every program, also one that is frozen, when the user or the system ends this one.
    ///
    /// - Parameter cleanUp: what is to be done after that.
    /// - Returns: what must be kept for as long as this is to hold.
    func endAll(onSignals signals: [Int32], cleanUp: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                self.endAll()
                cleanUp()
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    /// Ends every program at once.
    func endAll() {
        for program in programs.withLock({ $0 }) { ProcessTree(program.identifier).signal(SIGKILL) }
    }
}
