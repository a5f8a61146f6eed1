/// Waits until `condition` holds; false when it still does not after `seconds`, so that a test fails instead of hanging.
///
/// For what has no event to wait for, such as a count that another thread brings down.
package func eventually(seconds: Int = 120, _ condition: () -> Bool) async -> Bool {
    let clock = ContinuousClock()
    let limit = clock.now + .seconds(seconds)
    while !condition() {
        guard clock.now < limit else { return false }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return true
}
