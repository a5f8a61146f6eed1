/// One key of a section: everything that is known about it, and the only place where it is known.
///
/// Decoding, the environment, `check-config` and the check of `config/waybill.yaml` are derived from it.
package struct Key<Root: Sendable>: Sendable {
    /// The names from the root of the file, joined by dots.
    package let path: String
    /// What it accepts, for problems and documentation.
    package let accepts: String
    /// What it is for, as a sentence; `config/waybill.yaml` has it word for word.
    package let documentation: String
    /// Whether no output may show its value.
    package let isSecret: Bool

    let form: Form
    private let decodeInto: @Sendable (Written, String, inout Root, inout Report) -> Bool
    private let encodeFrom: @Sendable (Root) -> String

    init<Value>(
        _ path: String, _ field: any WritableKeyPath<Root, Value> & Sendable, _ codec: Codec<Value>,
        secret: Bool = false, _ documentation: String
    ) {
        self.path = path
        self.accepts = codec.accepts
        self.documentation = documentation
        self.isSecret = secret
        self.form = codec.form
        self.decodeInto = { written, name, root, report in
            guard let value = codec.read(written, as: name, &report) else { return false }
            root[keyPath: field] = value
            return true
        }
        self.encodeFrom = { codec.encode($0[keyPath: field]) }
    }
}

extension Key {
    /// The environment variable that sets this key.
    package var variable: String {
        "WAYBILL_" + path.uppercased().replacing(".", with: "_")
    }

    /// Reads `written` into `root`; false, and a problem in the report, when it is no value of this key.
    func decode(_ written: Written, as name: String, into root: inout Root, _ report: inout Report) -> Bool {
        report.hidesValues = isSecret
        defer { report.hidesValues = false }
        return decodeInto(written, name, &root, &report)
    }

    /// The value in `root` as YAML on one line.
    package func encode(_ root: Root) -> String {
        isSecret ? "\"<redacted>\"" : encodeFrom(root)
    }
}
