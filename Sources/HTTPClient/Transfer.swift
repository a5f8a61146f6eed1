import CCurl
import Synchronization

/// What is the same for every transfer of a client.
struct TransferSettings: Sendable {
    let limits: OutboundLimits
    let proxy: OutboundURL?
    let authorities: String?
}

/// One easy handle of curl, and with it the connections that are kept open.
///
/// `@unchecked Sendable`: curl allows a handle to be used by any thread, one at a time. It belongs to one lane, which is
/// a serial queue, and ends when nothing can be on that lane any more.
final class TransferHandle: @unchecked Sendable {
    /// Made with the first request: until then the library is not needed.
    private var curl: UnsafeMutableRawPointer?

    deinit { curl.map { waybill_curl_easy_cleanup($0) } }

    /// Sends the request and receives the answer, on the lane of this handle.
    func perform(
        _ request: OutboundRequest, _ settings: TransferSettings, _ cancellation: Cancellation
    ) -> Result<OutboundResponse, HTTPClientError> {
        guard !cancellation.isRequested.load(ordering: .relaxed) else { return .failure(.cancelled) }
        if curl == nil, waybill_curl_load() { curl = waybill_curl_easy_init() }
        guard let curl else { return .failure(.failed(code: CURLE_FAILED_INIT)) }
        waybill_curl_easy_reset(curl)  // forgets the options, keeps the connections
        defer { waybill_curl_easy_reset(curl) }
        let transfer = Transfer(limit: settings.limits.body, cancellation: cancellation)
        var options = TransferOptions(curl)
        options.apply(settings)
        options.receive(into: transfer)
        options.head(of: request)
        return withExtendedLifetime((transfer, request.method)) {
            switch request.method {
            case .get: return finish(transfer, options)
            case .delete:
                options.method("DELETE")
                return finish(transfer, options)
            case .post(let body):
                return body.withUnsafeBytes { bytes in
                    options.body(bytes)
                    return finish(transfer, options)
                }
            }
        }
    }

    private func finish(
        _ transfer: Transfer, _ options: borrowing TransferOptions
    ) -> Result<OutboundResponse, HTTPClientError> {
        guard let curl, options.code == CURLE_OK else { return .failure(.failed(code: options.code)) }
        let code = waybill_curl_easy_perform(curl)
        guard code == CURLE_OK else { return .failure(transfer.failure(code)) }
        return .success(
            OutboundResponse(
                status: waybill_curl_status(curl),
                contentType: waybill_curl_content_type(curl).map { String(cString: $0) }, body: transfer.body))
    }
}

/// What one transfer has received, and where curl says what went wrong.
final class Transfer {
    private(set) var body: [UInt8] = []
    private var isTooLarge = false
    private let limit: Int
    private let cancellation: Cancellation
    /// curl writes its own account of a failure here.
    let account = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(limit: Int, cancellation: Cancellation) {
        self.limit = limit
        self.cancellation = cancellation
        account.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit { account.deallocate() }

    /// Takes what has arrived; false ends the transfer.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isTooLarge = bytes.count > limit - body.count
        if !isTooLarge { body.append(contentsOf: bytes) }
        return !isTooLarge
    }

    var isCancelled: Bool { cancellation.isRequested.load(ordering: .relaxed) }

    func failure(_ code: CURLcode) -> HTTPClientError {
        switch code {
        case CURLE_WRITE_ERROR where isTooLarge, CURLE_FILESIZE_EXCEEDED: .tooLarge(limit: limit)
        case CURLE_ABORTED_BY_CALLBACK: .cancelled
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_COULDNT_RESOLVE_HOST: .unknownHost
        case CURLE_COULDNT_CONNECT: .cannotConnect
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION: .untrusted(reason: visibleAccount(or: code))
        default: .failed(code: code)
        }
    }

    /// The account names the fault of a certificate, which an operator needs. It may quote what the server sent.
    private func visibleAccount(or code: CURLcode) -> String {
        let text = String(cString: account).unicodeScalars.prefix(200).map { scalar in
            (0x20...0x7E).contains(scalar.value) ? Character(scalar) : "?"
        }
        return text.isEmpty ? String(cString: waybill_curl_easy_strerror(code)) : String(text)
    }
}

/// The options of the next transfer. Stops at the first that curl does not take.
struct TransferOptions: ~Copyable {
    private(set) var code = CURLE_OK
    private let curl: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?

    init(_ curl: UnsafeMutableRawPointer) {
        self.curl = curl
    }

    deinit { waybill_curl_slist_free_all(fields) }

    /// The limits, and what makes this client deaf to the environment.
    mutating func apply(_ settings: TransferSettings) {
        let limits = settings.limits
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, limits.connectTimeout.milliseconds)
        set(CURLOPT_TIMEOUT_MS, limits.totalTimeout.milliseconds)
        set(CURLOPT_MAXFILESIZE_LARGE, size: limits.body)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_MAXREDIRS, 0)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_MAXCONNECTS, 4)
        set(CURLOPT_PROXY, settings.proxy?.text ?? "")  // an empty one keeps curl from asking the environment
        if let authorities = settings.authorities { set(CURLOPT_CAINFO, authorities) }
    }

    /// - Precondition: `transfer` lives until the transfer is over.
    mutating func receive(into transfer: Transfer) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        then { curl in
            waybill_curl_set_writer(
                curl,
                { bytes, size, count, context in
                    guard let context else { return 0 }
                    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                    let (total, overflow) = size.multipliedReportingOverflow(by: count)
                    let isTaken = !overflow && transfer.receive(UnsafeRawBufferPointer(start: bytes, count: total))
                    return isTaken ? total : Int(CURL_WRITEFUNC_ERROR)
                }, context)
        }
        then { curl in
            waybill_curl_set_progress(
                curl,
                { context, _, _, _, _ in
                    guard let context else { return 1 }
                    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().isCancelled ? 1 : 0
                }, context)
        }
        then { waybill_curl_set_pointer($0, CURLOPT_ERRORBUFFER, transfer.account) }
    }

    mutating func head(of request: OutboundRequest) {
        set(CURLOPT_URL, request.url.text)
        set(CURLOPT_USERAGENT, "waybill")
        add("Expect:")  // no waiting for 100
        for (name, value) in request.fields {
            // curl takes a name without a value for the wish to leave the field out, unless a semicolon follows.
            add(value.allSatisfy { $0 == " " || $0 == "\t" } ? "\(name);" : "\(name): \(value)")
        }
        let fields = fields
        then { waybill_curl_set_pointer($0, CURLOPT_HTTPHEADER, fields) }
    }

    /// A method without content that curl has no option for.
    mutating func method(_ name: String) {
        set(CURLOPT_CUSTOMREQUEST, name)
    }

    /// - Precondition: `bytes` are there until the transfer is over.
    mutating func body(_ bytes: UnsafeRawBufferPointer) {
        set(CURLOPT_POST, 1)
        then { waybill_curl_set_body($0, bytes.baseAddress, Int64(bytes.count)) }
    }

    private mutating func add(_ field: String) {
        guard let longer = waybill_curl_slist_append(fields, field) else { return code = CURLE_OUT_OF_MEMORY }
        fields = longer
    }

    private mutating func set(_ option: CURLoption, _ value: Int) {
        then { waybill_curl_set_long($0, option, value) }
    }

    private mutating func set(_ option: CURLoption, size: Int) {
        then { waybill_curl_set_size($0, option, Int64(size)) }
    }

    private mutating func set(_ option: CURLoption, _ text: String) {
        then { waybill_curl_set_text($0, option, text) }
    }

    private mutating func then(_ step: (UnsafeMutableRawPointer) -> CURLcode) {
        if code == CURLE_OK { code = step(curl) }
    }
}

extension HTTPClientError {
    /// In the words of curl.
    static func failed(code: CURLcode) -> HTTPClientError {
        .failed(code: Int(code.rawValue), reason: String(cString: waybill_curl_easy_strerror(code)))
    }
}

extension Duration {
    /// At least 1: curl takes 0 for no limit.
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(min(seconds, 1_000_000)) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
