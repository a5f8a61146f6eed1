/// Keys that OpenSSL 3 made, and its signatures over `Vector.specificationEncoding`.
enum OpenSSL {
    static let ed25519Key = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAbv/wrV1O5pwO3gQ0KZrzamVKxZPQUPzIf6BKxSeh9Cc=
        -----END PUBLIC KEY-----
        """

    static let p384Key = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE3dtA9a5pbPKVJob7BmjF7SYGH9ZJYgrj
        d7Oticlknq2u6g+10COvcIncAmDkze8TGRK/XE2iSvOU1x5ctLFP8joCONfCFkHd
        J9S86jlAek6/MN0Ej3pdoHWjUbxHVgvN
        -----END PUBLIC KEY-----
        """

    static let p384CompressedKey = """
        -----BEGIN PUBLIC KEY-----
        MEYwEAYHKoZIzj0CAQYFK4EEACIDMgAD3dtA9a5pbPKVJob7BmjF7SYGH9ZJYgrj
        d7Oticlknq2u6g+10COvcIncAmDkze8T
        -----END PUBLIC KEY-----
        """

    static let p521Key = """
        -----BEGIN PUBLIC KEY-----
        MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBT0uV7bQ/j2ggyCUmjgsIWHsKpUR0
        SeQe/JkYKUc8yF2jg2jFu0I8fZMi3HLm7UIpAxosPhq2PtMJGDlCgC5Qd/kArLkE
        MIzALBAgtKIg9CV8kPVQPk1bcKUPQlYeZst9VObPXSbTwMdbqDcVgBLnh6zDjuMP
        oE/lItgHMaLTw45Ck1o=
        -----END PUBLIC KEY-----
        """

    static let rsaKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6gKpvXEDMXzBWssggyrq
        lowOq8xKyZ2i3KVk5oypVPzx8mxmAv94C8+cF+AcYhs2+vkj/obspBeaHHVvsJaw
        prG48p8/N2BzemIB13Q0bw7al0I3v0DFUf4W2OQXlwEZ0wycbBU82r3qL66rWHU3
        rkVHdzAcNCSvsVEIbI12YAZBlSxH5d6Q/qqA4w9ENUX9h3f4NoM/mA0NXDIcUORQ
        jrOlizd0i5xdsY5HX9MuXwJfWEPtunu89zio66tHXCX8epF2mdqu2CBUFqPuSDW+
        etHGaUM5toYab43L5Chlm1YoQJ3iHKvunta6YNVO3UotNcfkq93CMxBkuiMa50Co
        9QIDAQAB
        -----END PUBLIC KEY-----
        """

    static let rsa1024Key = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCzhOR8cra9yNFcYYp+jJfGL//Y
        fUGueci8nKnnQIolDjoMBl9m/RC84JtdW3ywAjeVetKTqZdHsfzEaZAwJjYsTc/W
        NfTGvQVZpdPgTJWKjbRSU3n+hfbNNv4jvEcNsiYqRf6kBTy/7nMhSIxQQEYiuteI
        yLeA8UyLIpKThHW6yQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let ed25519 = """
        ACmKMPHc8CNZW2jZ64oULQduQKjC/5BpIqKMSgVb5aP24EUiZsO3QhAhINn9qa/7Puvgpa02cMJLj5DfaYEwCA==
        """

    static let p384WithSHA384 = """
        MGUCMQCTZvtw/l7A1HSdr28xkztPwymy1fIYlll9y02NLWiywVm/bOywI8OMe9rcXeGh7uICMCPdZFzFpVHT5N91D2KU5bF6tPTU\
        PlH95OYzpgW1jSgYTzOLJjrQhSynaNZnw15yWw==
        """

    static let p384WithSHA256 = """
        MGUCMFcE7hZEi8sijI3oRYHWBfPHy2WvBIhgNItqoOhJswZC5JPK8PK4OBTjR5zdDygEoAIxAOdHM9IY3y79zVRhSw2h6TcEikDG\
        8HypsFZM8H98va1SvN7VgeFE+Y1eCeY5U5LVaA==
        """

    static let rsaPKCS1WithSHA256 = """
        2PdDSWNMpVqm/OP2TxZtzUJDJAmvVATI+mdcCIe9JufDbCiFawuyfxsJIk6av5tcAFfbg58ly+o+FZ7DGr49R7xzuBX2uaYsnCOx\
        vtWLkJ1r3AGHo6a2CRXzJLTIUYF9CAXstouNcIam3ONUx3UqKgMmhbRrNe3Oz5VjciXXU0ocSiCiQMKyh5pRPFqSj1Nx+DIp3dwn\
        6bB/9h5cGpsHgZ//P6FGlvGx5oVacvSnIeEeZNUKcenzToZ00gKq54jQciCaI+6lUJHNVzmSfncA8e4NXUbUlCAemI4pXtobx0vg\
        HTB050kyoz38+sJLiwPvbB33wfdFxS83WGFZN3zgYA==
        """

    static let rsaPKCS1WithSHA384 = """
        G/bl50EijRJsWQCAGmMrxat7XqVye924KWDWjNuONcH0gJXd3nFr0AhldnP8NmtOscSLzCUnjwPzpwwy3MQgCtvxaXDbHiV6MkUe\
        TCULRIcIKMAyXGVd3NWvX1Q5Q1cac9yBiPJMUTriQOG5Imhi4qskFKos/QgwqakdeyIZT573o+jByI5ijekfdesVlNBjqaVn5RlQ\
        f0UF14XslpQidF1VyVq3zAD7rhTer6xnQF2KwW3TZagAWJioVAKHCYr1ZyFUF4ZoI88vWLiPjS5+Lb89hn4UDcY21UAgNnEBhJ/n\
        sjdV3whuf87rzD7gqKhCu+JdpacQbEiqy1/hRl/5Jw==
        """

    static let rsaPSSWithSHA512 = """
        nsa5rx4WArJvn0lijFTUGCPQ014flZ+8VIm39e3LYEICyP1X7ecCZZltYdNdPljVq1jY4reUdu1u97iPiR2inoFGThDnvo9sF4wa\
        G+br/EvwAmjYmKbCqbv/730MhvVOq3kdsuIenabaqMD+KFJFYD8vOnL3YnH0lJ/0T0ye3W+oQnDx4glbQEOCKlrs5t3es70IOcof\
        2j53Ktq4sgptFKJ0kB402/8oK14Gwm+yQGLCkUEf83AWQYIjJ0ceocbONnYfGQUgNXoW8AzFBlx+EPZWe+alD/EsWDEe1hcQ20Hu\
        sqg+WOBT/Lgh0Y/Kwl9Fir28m1ZGxXWni3k6z/drlQ==
        """

    static let rsaPSSWithSHA256 = """
        DKj3v+8Yc1cvBxN/8aBgwIDn1jjmDleK65RTPBkcnBROaowAKZ/wXtEYSqOXd+4DEYirNwSQvh465R5lTIJGbCUJfCRh8mg4H+KZ\
        A+/4Jb7IeD6iHXeYFrH3tCq7gaWxnCHHzk0OJn0GoyOcA+6MZFSmQHdFk4dys6J2tDDoI0/yyHEMNPPnNOXDyq+l8EptQ3Mpvcop\
        /FI40BPe57+DTxdnDzGVfuMczFVkKoR+CqzBUydNZcWFUtPw/rzcl+xm3+tnu961cb00LE+iVOMOW19CjfqqixRHd+3w8k61kIdF\
        v6cmCsaPNnKnrbdw77VZthlj7uCv5FczGMKj6Gcbzg==
        """

    static let rsaPKCS1WithSHA1 = """
        kB7UOfjuzm0QxgQcuR35LFqLMVoBc60yDToUXCmT7scVAavDTWT9g3QK4/z2ro/eBmqXHT9/M0x5HplSGQP2ATD0sJghmTE9WjtT\
        QNZvHf1jbmh36Su+RpKaOGXFdq6+icwa3a8UAHS78ApwzoG/vJiFUgHa7mG3gInZzcUJRpEY/m2vpiFOpn5oVR/IFPhnn0wyxTD5\
        vvSw9LorFCOaN8BrntABxkSUeMzHtqq+AmpD/dXEtB03CjIX0OL1/nnP1OgkA35irZNO7HiWirHOKh/Dxc1EQaZB2VUbohY5B0QV\
        +9X06FidQN98e+9F0PYH8OGBMNajyq1IiBWilPib4Q==
        """

    static let rsaPSSLongestSalt = """
        e8y0QK5dOPZFwzgA24ou7pgC8ate+esc92UoUZUTJJOPU7uJDlq2aVjI6gRdwg5viZVqk+6yGqL2DTCvTz1kbmTK5hMYbKodJbbE\
        HGxUaWedMXRNLTLF6ATWbZzw9fqEM2fbvcOaRIKZJKRhp86ILga+LMJ42dJqypXXmzj0K7pkhI5PR1+1Y9z97mm7VjmByzjWrSmJ\
        syKXt5Tw9fTIEXTPNc00iKSEMitsIFYlKjKd7TCps4CiT3JruKJ9TDO3tIpbTSWO+JwKL/Q3GjqN8YqMPztj3cog+clSau/LZ2wk\
        gcCSZ9Hs5gBSw/KZ3wWv3meKqsL01205i5yALTtbXw==
        """
}
