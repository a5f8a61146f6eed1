// Fuzzes image configurations and labels: no trap, nothing that the document does not say, labels merged in the order of their
// sources, and conflicts wherever sources disagree.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// The input is one configuration, or two that a line of `--` separates.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfig(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let separator = Array("\n--\n".utf8)
    let cut = bytes.indices.first { bytes[$0...].starts(with: separator) } ?? bytes.count
    let first = check(Array(bytes[..<cut]))
    let second = check(Array(bytes[min(bytes.count, cut + separator.count)...]))
    checkLabels(first?.labels ?? [:], second?.labels ?? [:])
    return 0
}

private func check(_ bytes: [UInt8]) -> ImageConfig? {
    let json = try? JSONValue(parsing: bytes)
    let config = ImageConfig(parsing: bytes)
    precondition((config != nil) == (json?.object != nil), "read otherwise than JSON")
    guard let config, let json else { return nil }
    precondition(ImageConfig(parsing: json.serialized()) == config, "what is written reads as another")
    precondition(config.os == json["os"]?.string && config.architecture == json["architecture"]?.string)
    let labels = json["config"]?["Labels"]?.object?.members ?? []
    precondition(config.labels.count == labels.count { $0.value.string != nil }, "a label is lost")
    let layers = json["rootfs"]?["diff_ids"]?.array ?? []
    precondition(config.diffIDs.isEmpty || config.diffIDs.count == layers.count, "a layer is lost")
    for (digest, layer) in zip(config.diffIDs, layers) { precondition("\(digest)" == layer.string) }
    return config
}

private func checkLabels(_ near: [String: String], _ far: [String: String]) {
    let set = LabelSet(manifest: near, config: far)
    precondition(Set(set.labels.keys) == Set(near.keys).union(far.keys))
    for (key, value) in set.labels {
        precondition(value == near[key] ?? far[key], "the farther one wins")
        let differ = near[key] != nil && far[key] != nil && near[key] != far[key]
        precondition((set.conflicts[key] != nil) == differ, "a disagreement is silent")
    }
    precondition(set.baseDigest.map { "\($0)" == set.labels["org.opencontainers.image.base.digest"] } ?? true)
}
