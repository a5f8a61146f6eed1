// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built with the same rules, so that none is forgotten.
let rules: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

/// For the targets that have no business with raw memory: there an unsafe construct must say `unsafe`.
let safe: [SwiftSetting] = rules + [.strictMemorySafety()]

let http: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "waybill",
    products: [.executable(name: "waybill", targets: ["waybill"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // What the Glibc module does not show: epoll, eventfd, accept4, linkat of an open file.
        .target(name: "CLinux"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        // The system's libcurl, loaded when it is first used.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),

        // Pure values: no I/O, no clock, no threads.
        .target(name: "OCI", swiftSettings: safe),
        .target(name: "Attestation", dependencies: ["OCI", crypto, cryptoExtras, asn1], swiftSettings: safe),
        .target(name: "HTTPWire", dependencies: [http], swiftSettings: safe),
        .target(name: "TransparencyLog", dependencies: ["OCI", asn1, crypto], swiftSettings: safe),

        // What an auditor checks, without a server.
        .target(name: "Auditing", dependencies: ["Attestation", "OCI", "TransparencyLog"], swiftSettings: safe),
        // What `waybill trace` shows: answers and proofs in, lines out.
        .target(
            name: "TraceView", dependencies: ["Attestation", "OCI", "TransparencyLog", crypto], swiftSettings: safe),

        // The engine: bytes and connections, nothing of registries.
        .target(name: "LinuxIO", dependencies: ["CLinux", "CSeccomp"], swiftSettings: rules),
        // TLS by the system's OpenSSL. Its types and macros stay in CTLS.
        .target(name: "CTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "TLS", dependencies: ["CTLS", "LinuxIO"], swiftSettings: rules),
        .target(
            name: "HTTPServing", dependencies: ["HTTPWire", "LinuxIO", "TLS", http, logging], swiftSettings: rules),

        // The other direction: what this server asks of others.
        .target(name: "HTTPClient", dependencies: ["CCurl", "LinuxIO"], swiftSettings: rules),
        .target(name: "Anchoring", dependencies: ["HTTPClient", "TransparencyLog", logging], swiftSettings: rules),

        // The domain: nothing of HTTP.
        .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: rules),
        .target(
            name: "RegistryCore",
            dependencies: ["Attestation", "CLinux", "LinuxIO", "OCI", "SQLite", "TransparencyLog", crypto, logging],
            // Sources/RegistryCore/migrations is a link to migrations/: the program carries its schema.
            resources: [
                .embedInCode("migrations/0001_catalogue.sql"), .embedInCode("migrations/0002_record.sql"),
                .embedInCode("migrations/0003_log.sql"), .embedInCode("migrations/0004_robot.sql"),
                .embedInCode("migrations/0005_blob_content.sql"),
                .embedInCode("migrations/0006_growth.sql"), .embedInCode("migrations/0007_upload_ended.sql"),
                .embedInCode("migrations/0008_collection.sql"), .embedInCode("migrations/0009_scrub.sql"),
                .embedInCode("migrations/0010_quota.sql"), .embedInCode("migrations/0011_pull.sql"),
            ], swiftSettings: rules),

        // Registries that move in or out, from and to what lies on a disk.
        .target(
            name: "Moving", dependencies: ["Attestation", "LinuxIO", "OCI", "RegistryCore", "TransparencyLog"],
            swiftSettings: rules),

        // Who may do what: nothing of HTTP, nothing of what it is done to.
        .target(
            name: "Access",
            dependencies: ["CCrypt", "LinuxIO", "OCI", crypto, .product(name: "JWTKit", package: "jwt-kit")],
            swiftSettings: rules),

        // The edge: HTTP on one side, the domain on the other.
        .target(
            name: "RegistryAPI",
            dependencies: [
                "Access", "Attestation", "HTTPServing", "HTTPWire", "LinuxIO", "OCI", "RegistryCore", "TLS",
                "TransparencyLog", http, logging,
            ],
            swiftSettings: safe),

        .target(
            name: "Configuration", dependencies: ["Access", "OCI", .product(name: "Yams", package: "Yams")],
            swiftSettings: rules),

        .executableTarget(
            name: "waybill",
            dependencies: [
                "Access", "Anchoring", "Attestation", "Auditing", "Configuration", "HTTPClient", "Moving",
                "RegistryAPI",
                "RegistryCore",
                "HTTPServing", "HTTPWire", "LinuxIO", "OCI", "SQLite", "TLS", "TraceView", "TransparencyLog", http,
                logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: rules),

        // Fixtures, test doubles and a server in the test's own process.
        .target(
            name: "RegistryTesting",
            dependencies: [
                "RegistryAPI", "RegistryCore", "HTTPServing", "LinuxIO", "OCI", "TransparencyLog", http, logging,
            ],
            path: "Tests/RegistryTesting", swiftSettings: rules),

        // What the benchmarks share: connections, what they come to, and what the kernel says of a process.
        .target(name: "BenchmarkLoad", path: "Tests/Benchmarks/Load", swiftSettings: rules),
        // make bench: Waybill beside another registry and a server of static files.
        .executableTarget(
            name: "RegistryBenchmark",
            dependencies: [
                "BenchmarkLoad", "OCI", "RegistryCore", "RegistryTesting", "SQLite", crypto,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks/Registries", swiftSettings: rules),
        // A data folder that is filled without a server, and what it is filled with.
        .target(
            name: "BenchmarkStore",
            dependencies: [
                "Attestation", "BenchmarkLoad", "LinuxIO", "OCI", "RegistryCore", "RegistryTesting", "TransparencyLog",
                crypto, logging,
            ],
            path: "Tests/Benchmarks/Store", swiftSettings: rules),
        // make test-budgets: nothing but the parser of heads, for an instrument.
        .executableTarget(
            name: "ParserBenchmark", dependencies: ["HTTPWire"], path: "Tests/Benchmarks/Parser", swiftSettings: rules),
        // make bench-ledger: how fast the ledger is with a million records.
        .executableTarget(
            name: "LedgerBenchmark",
            dependencies: [
                "BenchmarkLoad", "BenchmarkStore", "OCI", "RegistryCore", "RegistryTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks/Ledger", swiftSettings: rules),
        // make bench-growth: what each way of reading costs in a large store, against a small one.
        .executableTarget(
            name: "GrowthBenchmark",
            dependencies: [
                "BenchmarkLoad", "BenchmarkStore", "OCI", "RegistryCore", "RegistryTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks/Growth", swiftSettings: rules),
    ]
)

/// Tests of each target, and what they use besides it.
let tests: [(name: String, uses: [Target.Dependency])] = [
    ("OCITests", ["OCI"]),
    ("AttestationTests", ["Attestation", "OCI", "RegistryTesting", crypto, cryptoExtras]),
    ("AuditingTests", ["Auditing", "Attestation", "OCI", "RegistryTesting", "TransparencyLog"]),
    ("HTTPWireTests", ["HTTPWire", http]),
    ("TransparencyLogTests", ["TransparencyLog", "OCI", "RegistryTesting", asn1]),
    ("TraceViewTests", ["TraceView", "OCI", "RegistryCore", "TransparencyLog"]),
    ("SQLiteTests", ["SQLite"]),
    ("ConfigurationTests", ["Access", "Configuration", "OCI"]),
    ("LinuxIOTests", ["LinuxIO", "RegistryTesting"]),
    ("HTTPServingTests", ["HTTPServing", "HTTPWire", "LinuxIO", "RegistryTesting", "TLS", http, logging]),
    ("HTTPClientTests", ["HTTPClient", "HTTPServing", "HTTPWire", "LinuxIO", "RegistryTesting", http]),
    (
        "AnchoringTests",
        [
            "Anchoring", "HTTPClient", "HTTPServing", "HTTPWire", "LinuxIO", "RegistryTesting", "TransparencyLog", http,
            logging,
        ]
    ),
    (
        "RegistryCoreTests",
        ["Attestation", "RegistryCore", "LinuxIO", "OCI", "SQLite", "TransparencyLog", "RegistryTesting", logging]
    ),
    ("MovingTests", ["LinuxIO", "Moving", "OCI", "RegistryCore", "RegistryTesting", "TransparencyLog"]),
    ("AccessTests", ["Access", "LinuxIO", "OCI", "RegistryTesting", crypto]),
    (
        "RegistryAPITests",
        [
            "Access", "RegistryAPI", "RegistryCore", "HTTPServing", "HTTPWire", "LinuxIO", "OCI", "SQLite",
            "TransparencyLog", http,
        ]
    ),
    // Live, on loopback: one row for each end-point and code of the distribution specification, and for each client's ways.
    (
        "ConformanceTests",
        [
            "Access", "Attestation", "LinuxIO", "RegistryAPI", "RegistryCore", "HTTPServing", "OCI", "RegistryTesting",
            "TransparencyLog", crypto,
        ]
    ),
    // Against the built program: real clients, and kill -9.
    ("InteropTests", ["RegistryCore", "OCI", "RegistryTesting", "TraceView", "TransparencyLog", "waybill"]),
    ("CrashTests", ["RegistryCore", "OCI", "SQLite", "TransparencyLog", "RegistryTesting", "waybill"]),
    // Against the built program, on a disk that fails: a C library stands before its system calls.
    ("TortureTests", ["OCI", "RegistryCore", "RegistryTesting", "TransparencyLog", "waybill"]),
    // Against the built program: what is very large, and who is greedy. WAYBILL_TEST_HEAVY makes it larger.
    (
        "ScaleTests",
        ["BenchmarkLoad", "RegistryCore", "OCI", "RegistryTesting", "waybill", crypto]
    ),
    // Against the built program, with programs that we did not write: Python tools and openssl.
    (
        "AuditTests",
        [
            "Attestation", "HTTPServing", "OCI", "RegistryCore", "RegistryTesting", "TransparencyLog", "waybill",
            crypto, http,
        ]
    ),
    // Against the release build, under valgrind and strace: what a request may take of instructions, memory and the kernel.
    ("BudgetTests", ["BenchmarkLoad", "OCI", "RegistryTesting", "waybill"]),
    // The import table of ARCHITECTURE.md, read from the sources.
    ("ArchitectureTests", []),
]

/// What lies beside tests and is none: the agreed texts of --help, what a test compiles itself, and what it wrote.
let excluded = ["CrashTests": ["Help"], "ScaleTests": ["OVERLOAD.md"], "TortureTests": ["faults.c", "RESULTS.md"]]
package.targets += tests.map { test in
    .testTarget(
        name: test.name, dependencies: test.uses,
        path: test.name == "TortureTests" ? "Tests/Torture" : nil,
        exclude: excluded[test.name] ?? [],
        swiftSettings: rules)
}
