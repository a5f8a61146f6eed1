/// What sigstore 4.5 has read and verified, of the same tree of 600 leaves.
extension Vectors {
    /// The last entry of the tree: an envelope's signature, in Rekor's form.
    static let hashedRekord = [
        #"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_25"#,
        #"6","digest":"wqu+VBxwGaAqHL0pjaMokylw/zLOoYN+EvR5sGD9voU="},"signature":{"content":"MEUCIEG/nmk0AUrc"#,
        #"iJT2bTk9gpYrrdcq5bTsRhru6ArgUIObAiEA/N18Fv8K++VEioBSH/YRVambnL2b12IkCTX0jISohV0=","verifier":{"keyDe"#,
        #"tails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERxw+dY"#,
        #"xJBChbun5TEY7Q9SSt6wdX0lvS+Oew1236cUzdUg96yoqLkXrMN/Ud6PDJu+OthYOC5wLcJaEtCfeoWA=="}}}}}}"#,
    ].joined()

    /// That entry with its proof.
    static let entry599 = [
        #"{"logIndex":"599","logId":{"keyId":"ucZkEkuEl2h9vxta3zIri4yElkzVjGg7ICje+NpjEro="},"kindVersion":{"k"#,
        #"ind":"hashedrekord","version":"0.0.2"},"integratedTime":"0","inclusionProof":{"logIndex":"599","root"#,
        #"Hash":"vKWdLrTk0L3Wr1daoZD1IFNs4owEWeMmqe8B+gqbkoY=","treeSize":"600","hashes":["N7EZRnHA+NXzt1qdAVR"#,
        #"gUPxHsIe7sG4h1GmPJo901FU=","UobWtByyn1tX1ny7/6nvACxVekKZhwEhSfXF/N+0jrg=","o898akoZS3JZ0LwRb+uwB8Slf"#,
        #"5d2mHGBGoK8Op6n0R8=","mU9Ei1xks57ZbJQpjvJ7VZkl9eBj95mYzFK2u6xjpg4=","Fe0ueqiOBetcqakWo+NShUtwvQYsyVY"#,
        #"IfG4+lWyd61o=","oyjo9CEvLZ2794MwX/UgEh5pYc6Y+3mYBtpaOYcfzac="],"checkpoint":{"envelope":"registry.ex"#,
        #"ample.com\n600\nvKWdLrTk0L3Wr1daoZD1IFNs4owEWeMmqe8B+gqbkoY=\n\n— registry.example.com ucZkEs8vpc6XB"#,
        #"uv3umyNOG9mr0lW7RntFjFn98nsqucuqizW7biU/R8acauKexPV+mEbjj704aLNPQHDeOW/jDIHHQQ=\n"}},"canonicalizedB"#,
        #"ody":"eyJhcGlWZXJzaW9uIjoiMC4wLjIiLCJraW5kIjoiaGFzaGVkcmVrb3JkIiwic3BlYyI6eyJoYXNoZWRSZWtvcmRWMDAyIj"#,
        #"p7ImRhdGEiOnsiYWxnb3JpdGhtIjoiU0hBMl8yNTYiLCJkaWdlc3QiOiJ3cXUrVkJ4d0dhQXFITDBwamFNb2t5bHcvekxPb1lOK0"#,
        #"V2UjVzR0Q5dm9VPSJ9LCJzaWduYXR1cmUiOnsiY29udGVudCI6Ik1FVUNJRUcvbm1rMEFVcmNpSlQyYlRrOWdwWXJyZGNxNWJUc1"#,
        #"JocnU2QXJnVUlPYkFpRUEvTjE4RnY4SysrVkVpb0JTSC9ZUlZhbWJuTDJiMTJJa0NUWDBqSVNvaFYwPSIsInZlcmlmaWVyIjp7Im"#,
        #"tleURldGFpbHMiOiJQS0lYX0VDRFNBX1AyNTZfU0hBXzI1NiIsInB1YmxpY0tleSI6eyJyYXdCeXRlcyI6Ik1Ga3dFd1lIS29aSX"#,
        #"pqMENBUVlJS29aSXpqMERBUWNEUWdBRVJ4dytkWXhKQkNoYnVuNVRFWTdROVNTdDZ3ZFgwbHZTK09ldzEyMzZjVXpkVWc5NnlvcU"#,
        #"xrWHJNTi9VZDZQREp1K090aFlPQzV3TGNKYUV0Q2Zlb1dBPT0ifX19fX19"}"#,
    ].joined()

    /// The log as sigstore was told to trust it.
    static let trustedRoot = [
        #"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{"baseUrl":"https:"#,
        #"//registry.example.com","hashAlgorithm":"SHA2_256","publicKey":{"rawBytes":"MCowBQYDK2VwAyEAA6EHv/PO"#,
        #"EL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=","keyDetails":"PKIX_ED25519","validFor":{"start":"2026-01-01T00"#,
        #":00:00Z"}},"logId":{"keyId":"ucZkEkuEl2h9vxta3zIri4yElkzVjGg7ICje+NpjEro="}}],"certificateAuthoritie"#,
        #"s":[],"ctlogs":[],"timestampAuthorities":[]}"#,
    ].joined()
}
