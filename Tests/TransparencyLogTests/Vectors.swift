import TransparencyLog

/// Trees that other implementations made, and what they computed of them.
enum Vectors {
    /// The leaves that Certificate Transparency has been tested with since its beginning.
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57),
        Array(0x60...0x6F),
    ]

    /// The roots of the trees of the first 0 to 8 of them.
    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    /// Each with two numbers and the first eight digits of each hash.
    struct Proof {
        let first: Int
        let second: Int
        let hashes: [String]
    }

    /// Index, size, hashes.
    static let inclusion = proofs(
        """
        0 1 | 0 2 96a296d2 | 1 2 6e340b9c | 0 3 96a296d2 0298d122 | 1 3 6e340b9c 0298d122 | 2 3 fac54203 |
        0 4 96a296d2 5f083f0a | 1 4 6e340b9c 5f083f0a | 2 4 07506a85 fac54203 | 3 4 0298d122 fac54203 |
        0 5 96a296d2 5f083f0a bc1a0643 | 1 5 6e340b9c 5f083f0a bc1a0643 | 2 5 07506a85 fac54203 bc1a0643 |
        3 5 0298d122 fac54203 bc1a0643 | 4 5 d37ee418 | 0 6 96a296d2 5f083f0a 0ebc5d34 |
        1 6 6e340b9c 5f083f0a 0ebc5d34 | 2 6 07506a85 fac54203 0ebc5d34 | 3 6 0298d122 fac54203 0ebc5d34 |
        4 6 4271a26b d37ee418 | 5 6 bc1a0643 d37ee418 | 0 7 96a296d2 5f083f0a 837dbb15 |
        1 7 6e340b9c 5f083f0a 837dbb15 | 2 7 07506a85 fac54203 837dbb15 | 3 7 0298d122 fac54203 837dbb15 |
        4 7 4271a26b b08693ec d37ee418 | 5 7 bc1a0643 b08693ec d37ee418 | 6 7 0ebc5d34 d37ee418 |
        0 8 96a296d2 5f083f0a 6b47aaf2 | 1 8 6e340b9c 5f083f0a 6b47aaf2 | 2 8 07506a85 fac54203 6b47aaf2 |
        3 8 0298d122 fac54203 6b47aaf2 | 4 8 4271a26b ca854ea1 d37ee418 | 5 8 bc1a0643 ca854ea1 d37ee418 |
        6 8 46f6ffad 0ebc5d34 d37ee418 | 7 8 b08693ec 0ebc5d34 d37ee418
        """)

    /// Old size, new size, hashes.
    static let consistency = proofs(
        """
        1 1 | 1 2 96a296d2 | 2 2 | 1 3 96a296d2 0298d122 | 2 3 0298d122 | 3 3 | 1 4 96a296d2 5f083f0a |
        2 4 5f083f0a | 3 4 0298d122 07506a85 fac54203 | 4 4 | 1 5 96a296d2 5f083f0a bc1a0643 |
        2 5 5f083f0a bc1a0643 | 3 5 0298d122 07506a85 fac54203 bc1a0643 | 4 5 bc1a0643 | 5 5 |
        1 6 96a296d2 5f083f0a 0ebc5d34 | 2 6 5f083f0a 0ebc5d34 | 3 6 0298d122 07506a85 fac54203 0ebc5d34 |
        4 6 0ebc5d34 | 5 6 bc1a0643 4271a26b d37ee418 | 6 6 | 1 7 96a296d2 5f083f0a 837dbb15 |
        2 7 5f083f0a 837dbb15 | 3 7 0298d122 07506a85 fac54203 837dbb15 | 4 7 837dbb15 |
        5 7 bc1a0643 4271a26b b08693ec d37ee418 | 6 7 0ebc5d34 b08693ec d37ee418 | 7 7 |
        1 8 96a296d2 5f083f0a 6b47aaf2 | 2 8 5f083f0a 6b47aaf2 | 3 8 0298d122 07506a85 fac54203 6b47aaf2 |
        4 8 6b47aaf2 | 5 8 bc1a0643 4271a26b ca854ea1 d37ee418 | 6 8 0ebc5d34 ca854ea1 d37ee418 |
        7 8 b08693ec 46f6ffad 0ebc5d34 d37ee418 | 8 8
        """)

    private static func proofs(_ text: String) -> [Proof] {
        text.split(separator: "|").map { proof in
            let words = proof.split { $0 == " " || $0 == "\n" }.map(String.init)
            return Proof(first: Int(words[0]) ?? -1, second: Int(words[1]) ?? -1, hashes: Array(words[2...]))
        }
    }
}
