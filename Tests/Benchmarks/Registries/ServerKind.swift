import Glibc
import RegistryTesting

/// What is compared.
enum ServerKind: String, Sendable, CaseIterable {
    case waybill
    /// The peer: distribution as Debian packages it.
    case dockerRegistry = "docker-registry"
    /// The limit: static files of the same paths and bytes.
    case nginx

    /// The program; nil when it is not installed.
    var program: String? { self == .waybill ? WaybillProgram.path : Program.find(rawValue) }

    /// Writes the configuration into the folder of the server.
    ///
    /// - Returns: the arguments with which the program stays in the foreground, and variables for its environment.
    func configure(_ folder: TemporaryFolder, port: UInt16, certificate: Certificate?) -> (
        arguments: [String], environment: [String: String]
    ) {
        switch self {
        case .waybill:
            let environment = certificate.map { certificate in
                ["WAYBILL_TLS_CERTIFICATES": #"[{"chain":"\#(certificate.chain)","key":"\#(certificate.key)"}]"#]
            }
            return (
                ["serve", "--data", "\(folder.path)/data", "--listen", "127.0.0.1:\(port)"], environment ?? [:]
            )
        case .dockerRegistry:
            let text = Self.distribution(folder.path, port, certificate)
            return (["serve", folder.write(Array(text.utf8), to: "registry.yml")], [:])
        case .nginx:
            return (["-c", folder.write(Array(Self.nginx(folder.path, port).utf8), to: "nginx.conf")], [:])
        }
    }

    /// Durable as it comes; without logs of requests, and without work in the background.
    private static func distribution(_ folder: String, _ port: UInt16, _ certificate: Certificate?) -> String {
        let tls = certificate.map { ", tls: {certificate: \($0.chain), key: \($0.key)}" } ?? ""
        return """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage:
              filesystem: {rootdirectory: \(folder)/data}
              cache: {blobdescriptor: inmemory}
              maintenance: {uploadpurging: {enabled: false}}
            http: {addr: "127.0.0.1:\(port)", secret: of-one-run\(tls)}
            """
    }

    private static func nginx(_ folder: String, _ port: UInt16) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/tmp;" }
        return """
            \(geteuid() == 0 ? "user root;" : "")
            worker_processes auto;
            daemon off;
            pid \(folder)/nginx.pid;
            error_log \(folder)/error.log error;
            worker_rlimit_nofile 20000;
            events { worker_connections 8192; }
            http {
                access_log off; sendfile on; tcp_nopush on; keepalive_timeout 300; keepalive_requests 100000000;
                \(temporary.joined(separator: " "))
                default_type application/octet-stream;
                server {
                    listen 127.0.0.1:\(port) backlog=4096;
                    root \(folder)/data;
                    location = /v2/ { default_type application/json; return 200 "{}"; }
                    location ~ /manifests/ { default_type application/vnd.oci.image.manifest.v1+json; }
                }
            }
            """
    }
}

/// Files of a certificate for 127.0.0.1 that only this run believes.
struct Certificate: Sendable {
    let root: String
    let chain: String
    let key: String
}
