/// Gives equal strings one storage. For names that few nodes and zones have and thousands of endpoints repeat.
///
/// It never forgets: feed it only what is bounded by the cluster's size.
public struct StringInterner: Sendable {
    private var strings: Set<String> = []

    public init() {}

    public mutating func intern(_ string: String) -> String {
        strings.insert(string).memberAfterInsert
    }
}
