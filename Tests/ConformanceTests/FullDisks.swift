import OCI
import RegistryCore
import RegistryTesting
import Testing

/// A disk that fails at one step, and what the client must be told.
struct DiskFailure: Sendable, CustomTestStringConvertible {
    let step: Disk.Step
    let code: Int32
    let status: Int

    /// ENOSPC, EDQUOT and EIO at each step that a push takes.
    static let all = [Disk.Step.open, .write, .synchronize, .rename, .synchronizeFolder].flatMap { step in
        [
            DiskFailure(step: step, code: 28, status: 507), DiskFailure(step: step, code: 122, status: 507),
            DiskFailure(step: step, code: 5, status: 500),
        ]
    }

    var testDescription: String { "\(step) fails with errno \(code)" }
}

@Suite struct `A disk that is full or broken` {
    let blob = Fixture.bytes(60_000)

    @Test(arguments: DiskFailure.all)
    func `refuses a blob, leaves nothing half-made, and takes it once there is room`(_ failure: DiskFailure)
        async throws
    {
        let blob = blob
        try await live {
            let faults = FaultSwitch()
            let server = try TestServer(TestRegistry(disk: faults.disk))
            let image = Fixture.image()
            try server.push(image, to: "library/app", as: "v1")
            faults.fail(failure.step, with: failure.code)
            let path = "/v2/library/app/blobs/uploads/?digest=\(blob.digest)"
            try expect(failure, try server.request("POST", path, body: blob))
            #expect(try server.head("/v2/library/app/blobs/\(blob.digest)").status == 404)
            try expectPullable(image, server)
            faults.fail(nil)
            #expect(try await server.registry.dropForgottenUploads() == 0)
            #expect(try server.request("POST", path, body: blob).status == 201)
            #expect(try server.serves(blob, in: "library/app"))
            try await server.end()
        }
    }

    @Test(arguments: DiskFailure.all)
    func `interrupts an upload, which goes on where it says once there is room`(_ failure: DiskFailure) async throws {
        let blob = blob
        try await live {
            let faults = FaultSwitch()
            let server = try TestServer(TestRegistry(disk: faults.disk))
            let location = try server.beginUpload(to: "library/app")
            #expect(try server.patch(location, blob[..<40_000], at: 0).status == 202)
            faults.fail(failure.step, with: failure.code)
            try expect(failure, try server.finish(location, as: blob.digest, last: Array(blob[40_000...])))
            #expect(try server.head("/v2/library/app/blobs/\(blob.digest)").status == 404)
            faults.fail(nil)
            let range = try #require(try server.get(location)["Range"])
            let offset = range == "0-0" ? 0 : (Int(range.dropFirst(2)) ?? 0) + 1
            if offset < blob.count { #expect(try server.patch(location, blob[offset...], at: offset).status == 202) }
            #expect(try server.finish(location, as: blob.digest).status == 201)
            #expect(try server.serves(blob, in: "library/app"))
            #expect(try server.get(location).status == 404)
            try await server.end()
        }
    }

    @Test(arguments: [
        DiskFailure(step: .write, code: 28, status: 507), DiskFailure(step: .open, code: 28, status: 507),
    ])
    func `loses nothing of the chunks before the one that failed`(_ failure: DiskFailure) async throws {
        let blob = blob
        try await live {
            let faults = FaultSwitch()
            let server = try TestServer(TestRegistry(disk: faults.disk))
            let location = try server.beginUpload(to: "library/app")
            #expect(try server.patch(location, blob[..<40_000], at: 0).status == 202)
            faults.fail(failure.step, with: failure.code)
            for answer in [
                try server.patch(location, blob[40_000...], at: 40_000),
                try server.stream("PATCH", location, body: Array(blob[40_000...])),
            ] { try expect(failure, answer) }
            #expect(try server.get(location)["Range"] == "0-39999")
            faults.fail(nil)
            #expect(try server.patch(location, blob[40_000...], at: 40_000).status == 202)
            #expect(try server.finish(location, as: blob.digest).status == 201)
            try await server.end()
        }
    }

    @Test func `does not keep a cancelled upload alive, and its bytes are dropped at the next start`() async throws {
        let blob = blob
        try await live {
            let faults = FaultSwitch()
            let server = try TestServer(TestRegistry(disk: faults.disk))
            let location = try server.beginUpload(to: "library/app")
            #expect(try server.patch(location, blob, at: 0).status == 202)
            faults.fail(.unlink, with: 5)
            #expect(try server.delete(location).status == 500)
            #expect(try server.get(location).status == 404)
            faults.fail(nil)
            #expect(try await server.registry.dropForgottenUploads() == 1)
            try await server.end()
        }
    }

    @Test func `keeps the reserve of the disk free`() async throws {
        let blob = blob
        try await live {
            var limits = TestRegistry.storage
            limits.reserve = .max / 2
            let server = try TestServer(TestRegistry(storage: limits))
            let answer = try server.request("POST", "/v2/library/app/blobs/uploads/?digest=\(blob.digest)", body: blob)
            try expect(DiskFailure(step: .write, code: 28, status: 507), answer)
            try await server.end()
        }
    }

    @Test func `takes no blob that is larger than the limit`() async throws {
        let blob = blob
        try await live {
            var limits = TestRegistry.storage
            limits.blob = 50_000
            let server = try TestServer(TestRegistry(storage: limits))
            let path = "/v2/library/app/blobs/uploads/?digest=\(blob.digest)"
            for answer in [try server.request("POST", path, body: blob), try server.stream("POST", path, body: blob)] {
                #expect(answer.status == 413)
                #expect(answer.codes == ["SIZE_INVALID"])
            }
            let largest = Array(blob[..<50_000])
            try server.push(blob: largest, to: "library/app")
            #expect(try server.serves(largest, in: "library/app"))
            try await server.end()
        }
    }

    private func expect(_ failure: DiskFailure, _ answer: TestResponse, location: SourceLocation = #_sourceLocation)
        throws
    {
        #expect(answer.status == failure.status, sourceLocation: location)
        #expect(answer.codes == [failure.status == 507 ? "UNAVAILABLE" : "UNKNOWN"], sourceLocation: location)
        #expect((answer.reason == "no space left on device") == (failure.status == 507), sourceLocation: location)
        // What the disk is called and where it is mounted is nobody's business.
        #expect(!answer.text.contains("/tmp") && !answer.text.contains("errno"), sourceLocation: location)
    }

    private func expectPullable(_ image: Fixture.Image, _ server: TestServer) throws {
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
        for blob in image.blobs { #expect(try server.serves(blob, in: "library/app")) }
    }
}

@Suite struct `A database that is full` {
    let image = Fixture.image()

    @Test func `refuses what does not fit, keeps the image that the tag has, and goes on once there is room`()
        async throws
    {
        let image = image
        try await live {
            let folder = TemporaryFolder()
            var options = Ledger.Options()
            options.maxPageCount = 120
            let server = try TestServer(TestRegistry(folder: folder, options: options))
            try server.push(image, to: "library/app", as: "v1")
            try server.push(blob: Manifests.empty, to: "library/app")
            let records = try server.get("/provenance").text
            let large = Manifests.padded(to: 600_000)
            for reference in ["v1", "new", "\(large.digest)?tag=v1&tag=v2"] {
                let answer = try server.put(manifest: large, to: "library/app", as: reference)
                #expect(answer.status == 507)
                #expect(answer.reason == "no space left on device")
                #expect(answer.codes == ["UNAVAILABLE"])
            }
            #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
            #expect(try server.tags(of: "library/app") == ["v1"])
            #expect(try server.get("/provenance").text == records)
            #expect(try server.head("/v2/library/app/manifests/\(large.digest)").status == 404)
            // What fits still goes.
            try server.push(Fixture.image(seed: 2), to: "library/app", as: "small")
            try await server.end()
            let roomy = try TestServer(TestRegistry(folder: folder))
            #expect(try roomy.put(manifest: large, to: "library/app", as: "v1").status == 201)
            #expect(try roomy.get("/v2/library/app/manifests/v1").body == large)
            try await roomy.end()
        }
    }

    @Test func `refuses blobs and uploads, and serves what it has`() async throws {
        let image = image
        try await live {
            let folder = TemporaryFolder()
            var options = Ledger.Options()
            options.maxPageCount = 120
            let server = try TestServer(TestRegistry(folder: folder, options: options))
            try server.push(image, to: "library/app", as: "v1")
            let location = try server.beginUpload(to: "library/app")
            try server.push(blob: Manifests.empty, to: "library/app")
            // Ever smaller manifests, until nothing fits any more.
            for size in [100_000, 10_000, 2000, 1000] {
                for index in 0..<200 {
                    let manifest = Manifests.padded(to: size + index)
                    guard try server.put(manifest: manifest, to: "library/app").status == 201 else { break }
                }
            }
            // Beginning an upload writes nothing; keeping something does.
            var kept = try server.patch(try server.beginUpload(to: "library/app"), [1], at: 0)
            for index in 0..<1000 where kept.status == 202 {
                kept = try server.patch(try server.beginUpload(to: "library/other\(index)"), [1], at: 0)
            }
            #expect(kept.status == 507)
            #expect(kept.reason == "no space left on device")
            #expect(kept.codes == ["UNAVAILABLE"])
            let blob = Fixture.bytes(5000, seed: 99)
            var pushed = try server.finish(location, as: blob.digest, last: blob)
            var small = Fixture.bytes(10)
            for seed in 0..<1000 where pushed.status == 201 {
                small = Fixture.bytes(10, seed: UInt64(1000 + seed))
                pushed = try server.request(
                    "POST", "/v2/library/app/blobs/uploads/?digest=\(small.digest)", body: small)
            }
            #expect(pushed.status == 507)
            #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
            for blob in image.blobs { #expect(try server.serves(blob, in: "library/app")) }
            try await server.end()
            let roomy = try TestServer(TestRegistry(folder: folder))
            try roomy.push(blob: blob, to: "library/app")
            try roomy.push(blob: small, to: "library/app")
            #expect(try roomy.serves(blob, in: "library/app") && roomy.serves(small, in: "library/app"))
            try await roomy.end()
        }
    }
}
