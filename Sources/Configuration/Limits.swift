extension Settings {
    /// Bounds on what clients may ask of the server.
    package struct Limits: Sendable, Equatable {
        /// Bytes of request line and fields together; past it, `431`. Real clients send under 8 KiB.
        package var head = 32 * 1024
        /// Bytes of the request line; past it, `414`.
        package var requestLine = 16 * 1024
        /// Fields of one request; past it, `431`.
        package var fields = 100
        /// Connections open at once.
        package var connections = 10_000
        /// Connections that one address, or one network of 64 bits of IPv6, may have open at once; 0 means no limit.
        package var connectionsPerAddress = 0
        /// Bytes of all bodies and answers that are held in memory together; past it, `503`.
        package var memory = 256 * 1024 * 1024
        /// Bytes of one manifest; past it, `413`. The specification asks for at least 4 MiB.
        package var manifest = 4 * 1024 * 1024
        /// Bytes of the largest image configuration that is read for its labels.
        package var config = 4 * 1024 * 1024
        /// Tags that one manifest push may set; past it, `414`.
        package var tagsPerPush = 46
        /// Layers, platform manifests and other blobs that one manifest may name.
        package var references = 10_000
        /// Bytes of one attestation or build record; past it, `413`.
        package var evidence = 64 * 1024 * 1024
        /// Items in the largest page of a list.
        package var page = 1000
        /// Bytes of one page of referrers.
        package var referrersPage = 4 * 1024 * 1024
        /// Ranges of one `Range` field.
        package var ranges = 16
        /// Bytes of one blob; 0 means no limit.
        package var blob = 0
        /// Uploads open at once in one repository.
        package var uploadsPerRepository = 1000
        /// Requests a second of one principal, or of one address of those who have not logged in; 0 means no limit.
        package var requestsPerCaller = 0
        /// Uploads that one of them may send at the same time; 0 means no limit.
        package var uploadsPerCaller = 0
        /// Writes that wait for the database at once.
        package var queuedWrites = 10_000
        /// Levels of arrays and objects in one JSON document.
        package var jsonDepth = 32
    }
}
