/// The variables that are settings.
enum Environment {
    /// Whether the variable is meant for us.
    ///
    /// Kubernetes and Docker set variables for every service that a container can reach, so beside a service called
    /// `waybill` there are `WAYBILL_SERVICE_HOST`, `WAYBILL_PORT_5000_TCP_ADDR` and more. Nobody typed those.
    static func isOurs(_ name: String, _ value: String) -> Bool {
        guard name.hasPrefix("WAYBILL_") else { return false }
        let words = name.split(separator: "_", omittingEmptySubsequences: false).dropFirst()
        return !words.indices.contains { isServiceLink(words[$0...], value) }
    }

    private static func isServiceLink(_ words: ArraySlice<Substring>, _ value: String) -> Bool {
        let words = Array(words)
        guard words.count > 1 else {
            return words == ["PORT"] && ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
        }
        if words[0] == "SERVICE" { return words == ["SERVICE", "HOST"] || words[1] == "PORT" }
        return words[0] == "PORT" && words.count > 2 && words[1].utf8.allSatisfy(\.isDigit)
            && ["TCP", "UDP", "SCTP"].contains(words[2])
    }

    /// What the text of a variable stands for; nil, and a problem in the report, when it cannot be read.
    static func written(_ value: String, _ form: Form, _ report: inout Report) -> Written? {
        switch form {
        case .text: Written(untyped: value)
        case .commaSeparated where value.isEmpty: Written(.list([]))
        case .commaSeparated:
            Written(
                .list(
                    value.split(separator: ",", omittingEmptySubsequences: false).map {
                        Written(untyped: String($0.trimmingSpaces))
                    }))
        case .yaml: YAMLReader.read(value, &report)
        }
    }

    /// Says that no setting has the variable `name`; never repeats its value, which may be a secret.
    static func unknown(_ name: String) -> String {
        guard !Spelling.looksSecret(name) else { return "is not a setting, and \(Spelling.secretAdvice)" }
        guard let near = Spelling.nearest(to: name, among: Settings.keys.map(\.variable)) else {
            return "is not a setting (accepted: WAYBILL_ and the path of a key, such as WAYBILL_LIMITS_MANIFEST)"
        }
        return "is not a setting; did you mean \(near)?"
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
