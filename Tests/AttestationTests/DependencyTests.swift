import Attestation
import OCI
import Testing

@Suite struct `The name of an image in provenance` {
    @Test(arguments: [
        ("pkg:docker/alpine@3.22?platform=linux%2Famd64", "alpine", "3.22", "linux/amd64"),
        ("pkg:docker/ghcr.io/team/app@v1", "ghcr.io/team/app", "v1", nil),
        ("pkg:docker/team%2Fapp@v1%2B2", "team/app", "v1+2", nil), ("pkg:docker/alpine", "alpine", nil, nil),
        ("pkg:oci/app@sha256%3A\(hex("a"))?repository_url=ghcr.io/team/app&tag=v1", "ghcr.io/team/app", "v1", nil),
        ("docker://gcr.io/test1/test1", "gcr.io/test1/test1", nil, nil),
        ("docker-image://docker.io/library/alpine:3.22@sha256:\(hex("a"))", "docker.io/library/alpine", nil, nil),
        ("oci://localhost:5000/a:b", "localhost:5000/a", "b", nil),
        ("pkg:docker/a@1?platform=%zz&x", "a", "1", nil), ("pkg:docker/a@1?platform=a#sub", "a", "1", "a"),
    ])
    func `is read from every spelling`(_ uri: String, _ name: String, _ tag: String?, _ platform: String?) throws {
        let image = try #require(ImageReference(uri: uri))
        #expect(image.repository == name)
        #expect(image.tag == tag)
        #expect(image.platform == platform)
    }

    @Test(arguments: [
        ("pkg:docker/alpine@sha256:\(hex("a"))", true), ("pkg:oci/app@sha256%3A\(hex("a"))", true),
        ("pkg:docker/alpine@3.17?digest=sha256:\(hex("a"))", true), ("docker://x@sha256:\(hex("a"))", true),
        ("pkg:docker/alpine@sha256:abc", false), ("pkg:docker/alpine@3.17?digest=x", false),
    ])
    func `may carry a digest`(_ uri: String, _ hasDigest: Bool) throws {
        #expect(try #require(ImageReference(uri: uri)).digest == (hasDigest ? try digest("sha256:\(hex("a"))") : nil))
    }

    @Test func `yields to the digest that was resolved`() throws {
        let resolved = DigestSet(try digest("sha256:\(hex("b"))"))
        let image = ImageReference(uri: "pkg:docker/alpine@sha256:\(hex("a"))", digests: resolved)
        #expect(image?.digest?.hex == hex("b"))
    }

    @Test(arguments: [
        "", "pkg:", "pkg:docker/", "docker://", "pkg:npm/docker@1", "https://docker.io/alpine", "alpine:3",
        "pkg:docker/@1",
        "pkg:docker/%FF@1", "pkg:docker/" + hex("a", 5000), "pkg:docker/%",
    ])
    func `is not read from anything else`(_ uri: String) {
        #expect(ImageReference(uri: uri) == nil)
    }
}

@Suite struct `A dependency` {
    @Test(arguments: [
        ("https://user:password@git.example.com/a", "https://git.example.com/a"),
        ("git+https://ghp_token@git.example.com/a@main", "git+https://git.example.com/a@main"),
        ("https://a@b@git.example.com", "https://git.example.com"),
        ("ssh://git@git.example.com/a", "ssh://git@git.example.com/a"),
        ("git+ssh://git@git.example.com/a", "git+ssh://git@git.example.com/a"),
        ("ssh://git:password@git.example.com/a", "ssh://git.example.com/a"),
        ("git@github.com:team/app.git", "git@github.com:team/app.git"),
        ("https://x.example/a@b", "https://x.example/a@b"),
        ("https://x.example?a=b@c", "https://x.example?a=b@c"), ("", ""), ("://", "://"), ("://@", "://"),
        ("a:b@c", "a:b@c"),
    ])
    func `keeps no credentials in its address`(_ uri: String, _ kept: String) {
        #expect(Dependency(uri: uri).uri == kept)
    }
}
