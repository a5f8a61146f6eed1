/// Evidence that other implementations made and verified: a log of 600 entries, the last two of which are about one image.
/// The keys are for tests only.
package enum AuditVectors {
    /// The log's key.
    package static let logKey = "registry.example.com+b9c66412+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    /// The key of a witness that has signed the checkpoint of 600 entries.
    package static let witnessKey = "witness.example.org/w1+f3c080b6+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    /// The digest of the image.
    package static let image = "sha256:c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
    /// The key of the builder that has signed the envelope.
    package static let builderKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERxw+dYxJBChbun5TEY7Q9SSt6wdX
        0lvS+Oew1236cUzdUg96yoqLkXrMN/Ud6PDJu+OthYOC5wLcJaEtCfeoWA==
        -----END PUBLIC KEY-----
        """

    /// The entry 598, a build, with its envelope and statement.
    package static let bundle = [
        #"{"entry_bytes":"eyJhY3RvciI6ImNpOnRlYW0vYXBwIiwiYnVpbGRlciI6Imh0dHBzOi8vY2kuZXhhbXBsZS5jb20vcnVubmVycy9o"#,
        #"b3N0ZWRAdjEiLCJlbnZlbG9wZVNoYTI1NiI6ImI3NWY1NzNhNDU5OGI0ZTJlZWZjZjZlZDc5NTExODQ5Y2YwNDMxYWM2ZjQ2MDU1OWJh"#,
        #"ZTgzYTUzNjJjZTAwNmYiLCJraW5kIjoiYnVpbGQiLCJsYWJlbHNTaGEyNTYiOiI3MzE4N2YxOGIzZTdmMmI4NDc0NzYwZTM1NjJjMzEy"#,
        #"OTA1YWJmZDIwODU2N2MxNjU2NjE3ZDc2MGRkZDQ0YmM0Iiwib3JpZ2luIjoicmVnaXN0cnkuZXhhbXBsZS5jb20iLCJwcmVkaWNhdGVU"#,
        #"eXBlIjoiaHR0cHM6Ly9zbHNhLmRldi9wcm92ZW5hbmNlL3YxIiwicmVwb3NpdG9yeSI6InRlYW0vYXBwIiwicmV2aXNpb24iOiJnaXRD"#,
        #"b21taXQ6N2ZkMWE2MGIwMWY5MWIzMTRmNTk5NTVhNGU0ZDRlODBkOGVkZjExZCIsInN0YXRlbWVudFNoYTI1NiI6IjBkMWI0YmYyY2Fm"#,
        #"MjEyZmU3N2VkNTI1ZjI1ZDZkMjMzN2MyZDE3YmNjMzM1ZDgzNDRkODkzZGQ2MDYzOTVkY2QiLCJzdWJqZWN0RGlnZXN0Ijoic2hhMjU2"#,
        #"OmMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDAiLCJ0aW1lIjoiMjAy"#,
        #"Ni0wMS0wMVQwMDowMjoxNVoiLCJ2Ijoid2F5YmlsbC5sZWRnZXIvdjEifQ","index":598,"inclusion_proof":["8k9TeuJ/R6ob"#,
        #"Aa9RBRqRZdXH1mVllGFQhUy2HiAE9pk=","UobWtByyn1tX1ny7/6nvACxVekKZhwEhSfXF/N+0jrg=","o898akoZS3JZ0LwRb+uwB8"#,
        #"Slf5d2mHGBGoK8Op6n0R8=","mU9Ei1xks57ZbJQpjvJ7VZkl9eBj95mYzFK2u6xjpg4=","Fe0ueqiOBetcqakWo+NShUtwvQYsyVYI"#,
        #"fG4+lWyd61o=","oyjo9CEvLZ2794MwX/UgEh5pYc6Y+3mYBtpaOYcfzac="],"checkpoint_note":"cmVnaXN0cnkuZXhhbXBsZS5"#,
        #"jb20KNjAwCnZLV2RMclRrMEwzV3IxZGFvWkQxSUZOczRvd0VXZU1tcWU4QitncWJrb1k9CgrigJQgcmVnaXN0cnkuZXhhbXBsZS5jb20"#,
        #"gdWNaa0VzOHZwYzZYQnV2M3VteU5PRzltcjBsVzdSbnRGakZuOThuc3F1Y3VxaXpXN2JpVS9SOGFjYXVLZXhQVittRWJqajcwNGFMTlB"#,
        #"RSERlT1cvakRJSEhRUT0K4oCUIHdpdG5lc3MuZXhhbXBsZS5vcmcvdzEgODhDQXRnQUFBQUJwVmJrQVl5VjNKUy9CYk8xYW94UHpGWFl"#,
        #"YdjBpbTEwL2gvd1kxcURMMzVUY0dGZzZaM01rVmdjbDVrSktsUzl0WjNzem5paVBDd3BXSUp5bElqcmtDdSs0WkRRPT0K","envelope"#,
        #"":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoicGtnOm"#,
        #"9jaS9hcHA/cmVwb3NpdG9yeV91cmw9cmVnaXN0cnkuZXhhbXBsZS5jb20vdGVhbS9hcHAiLCJkaWdlc3QiOnsic2hhMjU2IjoiYzBmZm"#,
        #"VlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMCJ9LCJhbm5vdGF0aW9ucyI6ey"#,
        #"Jvcmcub3BlbmNvbnRhaW5lcnMuaW1hZ2UudmVyc2lvbiI6IjEuNC4yIn19XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2xzYS5kZX"#,
        #"YvcHJvdmVuYW5jZS92MSIsInByZWRpY2F0ZSI6eyJidWlsZERlZmluaXRpb24iOnsiYnVpbGRUeXBlIjoiaHR0cHM6Ly9yZWdpc3RyeS"#,
        #"5leGFtcGxlLmNvbS9idWlsZHR5cGVzL2dlbmVyaWMtY2kvdjEiLCJleHRlcm5hbFBhcmFtZXRlcnMiOnsicmVwb3NpdG9yeSI6Imh0dH"#,
        #"BzOi8vZ2l0LmV4YW1wbGUuY29tL3RlYW0vYXBwIiwicmVmIjoicmVmcy9oZWFkcy9tYWluIn0sInJlc29sdmVkRGVwZW5kZW5jaWVzIj"#,
        #"pbeyJ1cmkiOiJnaXQraHR0cHM6Ly9naXQuZXhhbXBsZS5jb20vdGVhbS9hcHBAcmVmcy9oZWFkcy9tYWluIiwiZGlnZXN0Ijp7ImdpdE"#,
        #"NvbW1pdCI6IjdmZDFhNjBiMDFmOTFiMzE0ZjU5OTU1YTRlNGQ0ZTgwZDhlZGYxMWQifX0seyJ1cmkiOiJwa2c6ZG9ja2VyL2FscGluZU"#,
        #"AzLjIyP3BsYXRmb3JtPWxpbnV4JTJGYW1kNjQiLCJkaWdlc3QiOnsic2hhMjU2IjoiODkxNGViNTRmOTY4NzkxZmFmNmE4NjM4OTQ5ZT"#,
        #"Q4MGZlZjgxZTY5Nzk4NGZiYTc3MmIzOTc2ODM1MTk0YzZkNCJ9fV19LCJydW5EZXRhaWxzIjp7ImJ1aWxkZXIiOnsiaWQiOiJodHRwcz"#,
        #"ovL2NpLmV4YW1wbGUuY29tL3J1bm5lcnMvaG9zdGVkQHYxIn0sIm1ldGFkYXRhIjp7Imludm9jYXRpb25JZCI6Imh0dHBzOi8vY2kuZX"#,
        #"hhbXBsZS5jb20vdGVhbS9hcHAvcnVucy84ODQxIiwic3RhcnRlZE9uIjoiMjAyNi0wMS0wMVQwMDowMDowMFoiLCJmaW5pc2hlZE9uIj"#,
        #"oiMjAyNi0wMS0wMVQwMDowMjoxMVoifX19fQ==","payloadType":"application/vnd.in-toto+json","signatures":[{"key"#,
        #"id":"c4d91143230d33078090ed89c2071eb8a7be2a5a3f238cbdaa2f8b279f4a9476","sig":"MEUCIEG/nmk0AUrciJT2bTk9gp"#,
        #"Yrrdcq5bTsRhru6ArgUIObAiEA/N18Fv8K++VEioBSH/YRVambnL2b12IkCTX0jISohV0="}]},"body_or_ct":"eyJfdHlwZSI6Imh"#,
        #"0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoicGtnOm9jaS9hcHA_cmVwb3NpdG9yeV91cmw"#,
        #"9cmVnaXN0cnkuZXhhbXBsZS5jb20vdGVhbS9hcHAiLCJkaWdlc3QiOnsic2hhMjU2IjoiYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzB"#,
        #"mZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMCJ9LCJhbm5vdGF0aW9ucyI6eyJvcmcub3BlbmNvbnRhaW5lcnMuaW1"#,
        #"hZ2UudmVyc2lvbiI6IjEuNC4yIn19XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2xzYS5kZXYvcHJvdmVuYW5jZS92MSIsInByZWR"#,
        #"pY2F0ZSI6eyJidWlsZERlZmluaXRpb24iOnsiYnVpbGRUeXBlIjoiaHR0cHM6Ly9yZWdpc3RyeS5leGFtcGxlLmNvbS9idWlsZHR5cGV"#,
        #"zL2dlbmVyaWMtY2kvdjEiLCJleHRlcm5hbFBhcmFtZXRlcnMiOnsicmVwb3NpdG9yeSI6Imh0dHBzOi8vZ2l0LmV4YW1wbGUuY29tL3R"#,
        #"lYW0vYXBwIiwicmVmIjoicmVmcy9oZWFkcy9tYWluIn0sInJlc29sdmVkRGVwZW5kZW5jaWVzIjpbeyJ1cmkiOiJnaXQraHR0cHM6Ly9"#,
        #"naXQuZXhhbXBsZS5jb20vdGVhbS9hcHBAcmVmcy9oZWFkcy9tYWluIiwiZGlnZXN0Ijp7ImdpdENvbW1pdCI6IjdmZDFhNjBiMDFmOTF"#,
        #"iMzE0ZjU5OTU1YTRlNGQ0ZTgwZDhlZGYxMWQifX0seyJ1cmkiOiJwa2c6ZG9ja2VyL2FscGluZUAzLjIyP3BsYXRmb3JtPWxpbnV4JTJ"#,
        #"GYW1kNjQiLCJkaWdlc3QiOnsic2hhMjU2IjoiODkxNGViNTRmOTY4NzkxZmFmNmE4NjM4OTQ5ZTQ4MGZlZjgxZTY5Nzk4NGZiYTc3MmI"#,
        #"zOTc2ODM1MTk0YzZkNCJ9fV19LCJydW5EZXRhaWxzIjp7ImJ1aWxkZXIiOnsiaWQiOiJodHRwczovL2NpLmV4YW1wbGUuY29tL3J1bm5"#,
        #"lcnMvaG9zdGVkQHYxIn0sIm1ldGFkYXRhIjp7Imludm9jYXRpb25JZCI6Imh0dHBzOi8vY2kuZXhhbXBsZS5jb20vdGVhbS9hcHAvcnV"#,
        #"ucy84ODQxIiwic3RhcnRlZE9uIjoiMjAyNi0wMS0wMVQwMDowMDowMFoiLCJmaW5pc2hlZE9uIjoiMjAyNi0wMS0wMVQwMDowMjoxMVo"#,
        #"ifX19fQ"}"#,
    ].joined()

    /// The entry 599, the same envelope in Rekor's form.
    package static let sigstoreBundle = [
        #"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint""#,
        #":"c4d91143230d33078090ed89c2071eb8a7be2a5a3f238cbdaa2f8b279f4a9476"},"tlogEntries":[{"logIndex":"599","l"#,
        #"ogId":{"keyId":"ucZkEkuEl2h9vxta3zIri4yElkzVjGg7ICje+NpjEro="},"kindVersion":{"kind":"hashedrekord","ver"#,
        #"sion":"0.0.2"},"integratedTime":"0","inclusionProof":{"logIndex":"599","rootHash":"vKWdLrTk0L3Wr1daoZD1I"#,
        #"FNs4owEWeMmqe8B+gqbkoY=","treeSize":"600","hashes":["N7EZRnHA+NXzt1qdAVRgUPxHsIe7sG4h1GmPJo901FU=","UobW"#,
        #"tByyn1tX1ny7/6nvACxVekKZhwEhSfXF/N+0jrg=","o898akoZS3JZ0LwRb+uwB8Slf5d2mHGBGoK8Op6n0R8=","mU9Ei1xks57ZbJ"#,
        #"QpjvJ7VZkl9eBj95mYzFK2u6xjpg4=","Fe0ueqiOBetcqakWo+NShUtwvQYsyVYIfG4+lWyd61o=","oyjo9CEvLZ2794MwX/UgEh5p"#,
        #"Yc6Y+3mYBtpaOYcfzac="],"checkpoint":{"envelope":"registry.example.com\n600\nvKWdLrTk0L3Wr1daoZD1IFNs4owE"#,
        #"WeMmqe8B+gqbkoY=\n\n— registry.example.com ucZkEs8vpc6XBuv3umyNOG9mr0lW7RntFjFn98nsqucuqizW7biU/R8acauKe"#,
        #"xPV+mEbjj704aLNPQHDeOW/jDIHHQQ=\n— witness.example.org/w1 88CAtgAAAABpVbkAYyV3JS/BbO1aoxPzFXYXv0im10/h/w"#,
        #"Y1qDL35TcGFg6Z3MkVgcl5kJKlS9tZ3szniiPCwpWIJylIjrkCu+4ZDQ==\n"}},"canonicalizedBody":"eyJhcGlWZXJzaW9uIjo"#,
        #"iMC4wLjIiLCJraW5kIjoiaGFzaGVkcmVrb3JkIiwic3BlYyI6eyJoYXNoZWRSZWtvcmRWMDAyIjp7ImRhdGEiOnsiYWxnb3JpdGhtIjo"#,
        #"iU0hBMl8yNTYiLCJkaWdlc3QiOiJ3cXUrVkJ4d0dhQXFITDBwamFNb2t5bHcvekxPb1lOK0V2UjVzR0Q5dm9VPSJ9LCJzaWduYXR1cmU"#,
        #"iOnsiY29udGVudCI6Ik1FVUNJRUcvbm1rMEFVcmNpSlQyYlRrOWdwWXJyZGNxNWJUc1JocnU2QXJnVUlPYkFpRUEvTjE4RnY4SysrVkV"#,
        #"pb0JTSC9ZUlZhbWJuTDJiMTJJa0NUWDBqSVNvaFYwPSIsInZlcmlmaWVyIjp7ImtleURldGFpbHMiOiJQS0lYX0VDRFNBX1AyNTZfU0h"#,
        #"BXzI1NiIsInB1YmxpY0tleSI6eyJyYXdCeXRlcyI6Ik1Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRVJ4dytkWXhKQkN"#,
        #"oYnVuNVRFWTdROVNTdDZ3ZFgwbHZTK09ldzEyMzZjVXpkVWc5NnlvcUxrWHJNTi9VZDZQREp1K090aFlPQzV3TGNKYUV0Q2Zlb1dBPT0"#,
        #"ifX19fX19"}]},"dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJ"#,
        #"qZWN0IjpbeyJuYW1lIjoicGtnOm9jaS9hcHA/cmVwb3NpdG9yeV91cmw9cmVnaXN0cnkuZXhhbXBsZS5jb20vdGVhbS9hcHAiLCJkaWd"#,
        #"lc3QiOnsic2hhMjU2IjoiYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWU"#,
        #"wMCJ9LCJhbm5vdGF0aW9ucyI6eyJvcmcub3BlbmNvbnRhaW5lcnMuaW1hZ2UudmVyc2lvbiI6IjEuNC4yIn19XSwicHJlZGljYXRlVHl"#,
        #"wZSI6Imh0dHBzOi8vc2xzYS5kZXYvcHJvdmVuYW5jZS92MSIsInByZWRpY2F0ZSI6eyJidWlsZERlZmluaXRpb24iOnsiYnVpbGRUeXB"#,
        #"lIjoiaHR0cHM6Ly9yZWdpc3RyeS5leGFtcGxlLmNvbS9idWlsZHR5cGVzL2dlbmVyaWMtY2kvdjEiLCJleHRlcm5hbFBhcmFtZXRlcnM"#,
        #"iOnsicmVwb3NpdG9yeSI6Imh0dHBzOi8vZ2l0LmV4YW1wbGUuY29tL3RlYW0vYXBwIiwicmVmIjoicmVmcy9oZWFkcy9tYWluIn0sInJ"#,
        #"lc29sdmVkRGVwZW5kZW5jaWVzIjpbeyJ1cmkiOiJnaXQraHR0cHM6Ly9naXQuZXhhbXBsZS5jb20vdGVhbS9hcHBAcmVmcy9oZWFkcy9"#,
        #"tYWluIiwiZGlnZXN0Ijp7ImdpdENvbW1pdCI6IjdmZDFhNjBiMDFmOTFiMzE0ZjU5OTU1YTRlNGQ0ZTgwZDhlZGYxMWQifX0seyJ1cmk"#,
        #"iOiJwa2c6ZG9ja2VyL2FscGluZUAzLjIyP3BsYXRmb3JtPWxpbnV4JTJGYW1kNjQiLCJkaWdlc3QiOnsic2hhMjU2IjoiODkxNGViNTR"#,
        #"mOTY4NzkxZmFmNmE4NjM4OTQ5ZTQ4MGZlZjgxZTY5Nzk4NGZiYTc3MmIzOTc2ODM1MTk0YzZkNCJ9fV19LCJydW5EZXRhaWxzIjp7ImJ"#,
        #"1aWxkZXIiOnsiaWQiOiJodHRwczovL2NpLmV4YW1wbGUuY29tL3J1bm5lcnMvaG9zdGVkQHYxIn0sIm1ldGFkYXRhIjp7Imludm9jYXR"#,
        #"pb25JZCI6Imh0dHBzOi8vY2kuZXhhbXBsZS5jb20vdGVhbS9hcHAvcnVucy84ODQxIiwic3RhcnRlZE9uIjoiMjAyNi0wMS0wMVQwMDo"#,
        #"wMDowMFoiLCJmaW5pc2hlZE9uIjoiMjAyNi0wMS0wMVQwMDowMjoxMVoifX19fQ==","payloadType":"application/vnd.in-tot"#,
        #"o+json","signatures":[{"keyid":"c4d91143230d33078090ed89c2071eb8a7be2a5a3f238cbdaa2f8b279f4a9476","sig":"#,
        #""MEUCIEG/nmk0AUrciJT2bTk9gpYrrdcq5bTsRhru6ArgUIObAiEA/N18Fv8K++VEioBSH/YRVambnL2b12IkCTX0jISohV0="}]}}"#,
    ].joined()

    /// The entry 598 alone.
    package static let tlogProof = """
        c2sp.org/tlog-proof@v1
        extra eyJhY3RvciI6ImNpOnRlYW0vYXBwIiwiYnVpbGRlciI6Imh0dHBzOi8vY2kuZXhhbXBsZS5jb20vcnVubmVycy9ob3N0ZW\
        RAdjEiLCJlbnZlbG9wZVNoYTI1NiI6ImI3NWY1NzNhNDU5OGI0ZTJlZWZjZjZlZDc5NTExODQ5Y2YwNDMxYWM2ZjQ2MDU1OWJhZT\
        gzYTUzNjJjZTAwNmYiLCJraW5kIjoiYnVpbGQiLCJsYWJlbHNTaGEyNTYiOiI3MzE4N2YxOGIzZTdmMmI4NDc0NzYwZTM1NjJjMz\
        EyOTA1YWJmZDIwODU2N2MxNjU2NjE3ZDc2MGRkZDQ0YmM0Iiwib3JpZ2luIjoicmVnaXN0cnkuZXhhbXBsZS5jb20iLCJwcmVkaW\
        NhdGVUeXBlIjoiaHR0cHM6Ly9zbHNhLmRldi9wcm92ZW5hbmNlL3YxIiwicmVwb3NpdG9yeSI6InRlYW0vYXBwIiwicmV2aXNpb2\
        4iOiJnaXRDb21taXQ6N2ZkMWE2MGIwMWY5MWIzMTRmNTk5NTVhNGU0ZDRlODBkOGVkZjExZCIsInN0YXRlbWVudFNoYTI1NiI6Ij\
        BkMWI0YmYyY2FmMjEyZmU3N2VkNTI1ZjI1ZDZkMjMzN2MyZDE3YmNjMzM1ZDgzNDRkODkzZGQ2MDYzOTVkY2QiLCJzdWJqZWN0RG\
        lnZXN0Ijoic2hhMjU2OmMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZmVlMDBjMGZmZWUwMGMwZmZlZTAwYzBmZm\
        VlMDAiLCJ0aW1lIjoiMjAyNi0wMS0wMVQwMDowMjoxNVoiLCJ2Ijoid2F5YmlsbC5sZWRnZXIvdjEifQ==
        index 598
        8k9TeuJ/R6obAa9RBRqRZdXH1mVllGFQhUy2HiAE9pk=
        UobWtByyn1tX1ny7/6nvACxVekKZhwEhSfXF/N+0jrg=
        o898akoZS3JZ0LwRb+uwB8Slf5d2mHGBGoK8Op6n0R8=
        mU9Ei1xks57ZbJQpjvJ7VZkl9eBj95mYzFK2u6xjpg4=
        Fe0ueqiOBetcqakWo+NShUtwvQYsyVYIfG4+lWyd61o=
        oyjo9CEvLZ2794MwX/UgEh5pYc6Y+3mYBtpaOYcfzac=

        registry.example.com
        600
        vKWdLrTk0L3Wr1daoZD1IFNs4owEWeMmqe8B+gqbkoY=

        — registry.example.com ucZkEs8vpc6XBuv3umyNOG9mr0lW7RntFjFn98nsqucuqizW7biU/R8acauKexPV+mEbjj704aLNP\
        QHDeOW/jDIHHQQ=
        — witness.example.org/w1 88CAtgAAAABpVbkAYyV3JS/BbO1aoxPzFXYXv0im10/h/wY1qDL35TcGFg6Z3MkVgcl5kJKlS9t\
        Z3szniiPCwpWIJylIjrkCu+4ZDQ==

        """
}
