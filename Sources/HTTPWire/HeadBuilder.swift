import HTTPTypes

/// Builds a request head from its lines, refusing at the first one that is wrong.
struct HeadBuilder: Sendable {
    /// A robust server skips an empty line that an old client sent after a body (RFC 9112 §2.2); two are enough.
    private static let toleratedEmptyLines = 2
    /// `HTTPFields` stops the process at its 65,535th field.
    private static let fieldCapacity = 65_000

    private let fieldLimit: Int
    private var emptyLines = 0
    private var requestLine: RequestLine?
    private var fields = HTTPFields()
    private var hasHost = false
    private var contentLength: Int64?
    private var isChunked = false
    private var asksToClose = false
    private var asksToKeepAlive = false
    private var expectsContinue = false

    init(fieldLimit: Int) {
        self.fieldLimit = min(fieldLimit, Self.fieldCapacity)
    }

    var hasRequestLine: Bool { requestLine != nil }

    /// Takes one line with its line feed. Returns whether it was the empty one that ends the head.
    mutating func receiveLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Rejection) -> Bool {
        let end = line.upperBound - 2
        // RFC 9112 §2.2 lets a recipient take LF alone as a line end. Two servers in a row that
        // disagree about that is how requests are smuggled, so we do not.
        guard end >= line.lowerBound, bytes[end] == .carriageReturn else { throw .bareLineFeed }
        let content = line.lowerBound..<end
        guard requestLine != nil else {
            try receiveRequestLine(bytes, content)
            return false
        }
        if content.isEmpty { return true }
        try receiveField(bytes, content)
        return false
    }

    private mutating func receiveRequestLine(_ bytes: Span<UInt8>, _ content: Range<Int>) throws(Rejection) {
        guard content.isEmpty else {
            requestLine = try RequestLine(parsing: bytes, content)
            fields.reserveCapacity(16)
            return
        }
        emptyLines += 1
        if emptyLines > Self.toleratedEmptyLines { throw .tooManyEmptyLines }
    }

    private mutating func receiveField(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Rejection) {
        guard fields.count < fieldLimit else { throw .tooManyFields }
        let (name, value) = try FieldLine.split(bytes, line)
        let known = KnownField(bytes, name)
        if let known { try note(known, bytes, value) }
        guard let text = bytes.text(value) else { throw .valueNotUTF8 }
        guard let fieldName = known?.name ?? bytes.text(name).flatMap({ HTTPField.Name($0) }) else {
            throw .invalidFieldName
        }
        fields.append(HTTPField(name: fieldName, value: text))
    }

    /// Reads the fields that decide where this request ends and what happens after it.
    private mutating func note(_ field: KnownField, _ bytes: Span<UInt8>, _ value: Range<Int>) throws(Rejection) {
        switch field {
        case .host:
            if hasHost { throw .repeatedHost }
            guard Host.isValid(bytes, value) else { throw .invalidHost }
            hasHost = true
        case .contentLength:
            // RFC 9112 §6.3 allows a list of equal numbers. No client sends one, attackers do.
            if contentLength != nil { throw .repeatedContentLength }
            guard let length = bytes.decimal(value), !length.overflows else { throw .invalidContentLength }
            contentLength = length.value
        case .transferEncoding:
            guard !isChunked, bytes.equals("chunked", ignoringCaseIn: value) else { throw .unknownTransferCoding }
            isChunked = true
        case .expect:
            guard bytes.equals("100-continue", ignoringCaseIn: value) else { throw .unknownExpectation }
            expectsContinue = true
        case .connection:
            noteConnection(bytes.extracting(value))
        }
    }

    private mutating func noteConnection(_ list: Span<UInt8>) {
        var offset = 0
        while let option = list.listElement(from: &offset) {
            if list.equals("close", ignoringCaseIn: option) { asksToClose = true }
            if list.equals("keep-alive", ignoringCaseIn: option) { asksToKeepAlive = true }
        }
    }

    /// The head, once its empty line has been received: the rules that need all of its fields.
    mutating func finish() throws(Rejection) -> RequestHead {
        guard let requestLine else { throw .malformedRequestLine }
        // RFC 9112 §3.2
        if requestLine.version == .http11, !hasHost { throw .missingHost }
        // RFC 9112 §3.2.2: the host of an absolute target replaces the field.
        if let authority = requestLine.target.authority { fields[.hostField] = authority }
        let framing = try framing(in: requestLine.version)
        return RequestHead(
            method: requestLine.method, target: requestLine.target, fields: fields, version: requestLine.version,
            framing: framing, persists: persists(in: requestLine.version),
            // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored, and without a body it has no meaning.
            expectsContinue: expectsContinue && requestLine.version == .http11 && framing.hasBody)
    }

    /// RFC 9112 §6.3, without its leniency.
    private func framing(in version: HTTPVersion) throws(Rejection) -> BodyFraming {
        if isChunked {
            if contentLength != nil { throw .ambiguousFraming }
            if version == .http10 { throw .chunkedInHTTP10 }
            return .chunked
        }
        return contentLength.map(BodyFraming.length) ?? BodyFraming.none
    }

    /// RFC 9112 §9.3
    private func persists(in version: HTTPVersion) -> Bool {
        switch version {
        case .http11: !asksToClose
        case .http10: asksToKeepAlive && !asksToClose
        }
    }
}

/// The fields the engine itself obeys. Recognised by their bytes, so their names are not built anew each time.
private enum KnownField {
    case host
    case contentLength
    case transferEncoding
    case connection
    case expect

    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        switch range.count {
        case 4 where bytes.equals("host", ignoringCaseIn: range): self = .host
        case 6 where bytes.equals("expect", ignoringCaseIn: range): self = .expect
        case 10 where bytes.equals("connection", ignoringCaseIn: range): self = .connection
        case 14 where bytes.equals("content-length", ignoringCaseIn: range): self = .contentLength
        case 17 where bytes.equals("transfer-encoding", ignoringCaseIn: range): self = .transferEncoding
        default: return nil
        }
    }

    var name: HTTPField.Name {
        switch self {
        case .host: .hostField
        case .contentLength: .contentLength
        case .transferEncoding: .transferEncoding
        case .connection: .connection
        case .expect: .expect
        }
    }
}

extension HTTPField.Name {
    /// `Host`. The package has it, but only for HTTP/2, as `authority`.
    static let hostField: HTTPField.Name = {
        guard let name = HTTPField.Name("Host") else { preconditionFailure("Host is a token") }
        return name
    }()
}
