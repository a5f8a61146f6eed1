import Glibc

/// Says on standard error what is being done.
package func announce(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

extension Duration {
    package var milliseconds: Double { seconds * 1000 }

    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

extension Double {
    /// The number with this many decimal places.
    package func text(places: Int) -> String {
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let value = Int((magnitude * Double(scale)).rounded())
        let sign = self < 0 && value > 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(value)" }
        return "\(sign)\(value / scale).\(String(scale + value % scale).dropFirst())"
    }
}
