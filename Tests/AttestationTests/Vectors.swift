/// Vectors that other programs made: cryptography 50, sigstore 4.5, OpenSSL 3, and the DSSE specification. The keys are for
/// tests only.
enum Vector {
    /// A builder's key, ECDSA P-256.
    static let builderKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERxw+dYxJBChbun5TEY7Q9SSt6wdX
        0lvS+Oew1236cUzdUg96yoqLkXrMN/Ud6PDJu+OthYOC5wLcJaEtCfeoWA==
        -----END PUBLIC KEY-----
        """

    static let builderKeyID = "c4d91143230d33078090ed89c2071eb8a7be2a5a3f238cbdaa2f8b279f4a9476"

    /// SLSA provenance of an image, signed with that key.
    static let envelope =
        #"{"payload":"\#(payload)","payloadType":"application/vnd.in-toto+json","signatures":[\#(signature)]}"#

    static let payload =
        """
        eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoicGtnOm9jaS9hcHA/\
        cmVwb3NpdG9yeV91cmw9cmVnaXN0cnkuZXhhbXBsZS5jb20vdGVhbS9hcHAiLCJkaWdlc3QiOnsic2hhMjU2IjoiYzBmZmVlMDBj\
        MGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMCJ9LCJhbm5vdGF0aW9ucyI6eyJv\
        cmcub3BlbmNvbnRhaW5lcnMuaW1hZ2UudmVyc2lvbiI6IjEuNC4yIn19XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2xzYS5k\
        ZXYvcHJvdmVuYW5jZS92MSIsInByZWRpY2F0ZSI6eyJidWlsZERlZmluaXRpb24iOnsiYnVpbGRUeXBlIjoiaHR0cHM6Ly9yZWdp\
        c3RyeS5leGFtcGxlLmNvbS9idWlsZHR5cGVzL2dlbmVyaWMtY2kvdjEiLCJleHRlcm5hbFBhcmFtZXRlcnMiOnsicmVwb3NpdG9y\
        eSI6Imh0dHBzOi8vZ2l0LmV4YW1wbGUuY29tL3RlYW0vYXBwIiwicmVmIjoicmVmcy9oZWFkcy9tYWluIn0sInJlc29sdmVkRGVw\
        ZW5kZW5jaWVzIjpbeyJ1cmkiOiJnaXQraHR0cHM6Ly9naXQuZXhhbXBsZS5jb20vdGVhbS9hcHBAcmVmcy9oZWFkcy9tYWluIiwi\
        ZGlnZXN0Ijp7ImdpdENvbW1pdCI6IjdmZDFhNjBiMDFmOTFiMzE0ZjU5OTU1YTRlNGQ0ZTgwZDhlZGYxMWQifX0seyJ1cmkiOiJw\
        a2c6ZG9ja2VyL2FscGluZUAzLjIyP3BsYXRmb3JtPWxpbnV4JTJGYW1kNjQiLCJkaWdlc3QiOnsic2hhMjU2IjoiODkxNGViNTRm\
        OTY4NzkxZmFmNmE4NjM4OTQ5ZTQ4MGZlZjgxZTY5Nzk4NGZiYTc3MmIzOTc2ODM1MTk0YzZkNCJ9fV19LCJydW5EZXRhaWxzIjp7\
        ImJ1aWxkZXIiOnsiaWQiOiJodHRwczovL2NpLmV4YW1wbGUuY29tL3J1bm5lcnMvaG9zdGVkQHYxIn0sIm1ldGFkYXRhIjp7Imlu\
        dm9jYXRpb25JZCI6Imh0dHBzOi8vY2kuZXhhbXBsZS5jb20vdGVhbS9hcHAvcnVucy84ODQxIiwic3RhcnRlZE9uIjoiMjAyNi0w\
        MS0wMVQwMDowMDowMFoiLCJmaW5pc2hlZE9uIjoiMjAyNi0wMS0wMVQwMDowMjoxMVoifX19fQ==
        """

    static let signature = #"{"keyid":"\#(builderKeyID)","sig":"\#(signatureText)"}"#

    static let signatureText =
        "MEUCIEG/nmk0AUrciJT2bTk9gpYrrdcq5bTsRhru6ArgUIObAiEA/N18Fv8K++VEioBSH/YRVambnL2b12IkCTX0jISohV0="

    /// The SHA-256 of the payload, as the ledger of the same vectors has it.
    static let statementHash = "0d1b4bf2caf212fe77ed525f25d6d2337c2d17bcc335d8344d893dd606395dcd"

    static let image = "sha256:c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"

    /// A signature of cosign before bundles, by the same key.
    static let cosignPayload = """
        {"critical":{"identity":{"docker-reference":"registry.example.com/team/app"},"image":{"doc\
        ker-manifest-digest":"sha256:c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffe\
        e00"},"type":"cosign container image signature"},"optional":null}
        """

    static let cosignPayloadHash = "68413be0a2fe556dd85a33fe3725e29b271cfed817dfac3d3a28f311cc801301"

    static let cosignSignature =
        "MEQCIGR2LMmNLCNOMRj+tZtllwecYOkd9e06yDzkjRsUwug/AiAwpkhHsBohEy22Wg4xo0Ltg3dZckAriydMhe3YfNznHw=="

    /// The vector of the DSSE specification (protocol.md, "Test Vectors"): the signature is raw r‖s.
    static let specificationKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr
        CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==
        -----END PUBLIC KEY-----
        """

    static let specificationEnvelope = """
        {"payload": "aGVsbG8gd29ybGQ=",
         "payloadType": "http://example.com/HelloWorld",
         "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}
        """

    static let specificationEncoding = "DSSEv1 29 http://example.com/HelloWorld 11 hello world"

    /// The entry of Rekor v2 for the envelope of the image, as it is in the log of the same vectors.
    static let hashedRekord = [
        #"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","#,
        #""digest":"wqu+VBxwGaAqHL0pjaMokylw/zLOoYN+EvR5sGD9voU="},"signature":{"content":"\#(signatureText)","#,
        #""verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0D"#,
        #"AQcDQgAERxw+dYxJBChbun5TEY7Q9SSt6wdX0lvS+Oew1236cUzdUg96yoqLkXrMN/Ud6PDJu+OthYOC5wLcJaEtCfeoWA=="}}}}}}"#,
    ].joined()

    /// A certificate that OpenSSL made, its key, and a signature by that key over `specificationEncoding`.
    static let certificate = """
        MIIBiTCCAS+gAwIBAgIUFkJEq9jBCyipuee/2btfHdKhBu8wCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOY2kuZXhhbXBsZS5jb20wIBcNMjYx\
        MTI2MjAyMTA1WhgPMjEyNjExMDIyMDIxMDVaMBkxFzAVBgNVBAMMDmNpLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\
        QBbjELrJMqK6zOHNwUKjmTBdneEYynqhffrvwG+GNbcUnWiislFMLlzmJGkm44FxSVqp6OwGGTiOFFyDta60WKNTMFEwHQYDVR0OBBYEFAzi\
        cwJoIyiAMryZFjhTcDRKd5xnMB8GA1UdIwQYMBaAFAzicwJoIyiAMryZFjhTcDRKd5xnMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID\
        SAAwRQIhALPRGTBRs9PYfgMIdIkrgI7OAXzPByqDqUkIf03QMxVPAiBjj3Ai+hOxomw3SuqjU9TnwFDmFWgtuSF+cMP6uvQvgQ==
        """

    static let certificateKey = """
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQBbjELrJMqK6zOHNwUKjmTBdneEYynqhffrvwG+GNbcUnWiislFMLlzmJGkm44Fx\
        SVqp6OwGGTiOFFyDta60WA==
        """

    static let certificateSignature =
        "MEUCIQDXikISCrs2PK4RBTF8pbVnMRx7lJnmr0PDNUMt/lmz6gIgXNoQgRTEPo4SXjfVGBLjarx+DfQv1dBdys/M3QkuSd8="
}
