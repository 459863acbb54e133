/// A duration in the text form of Go's `time.ParseDuration`, which Kubernetes uses in flags and configuration files:
/// decimal numbers with a unit each, such as `30s`, `1m30s`, `0.5h` or `100ms`.
public struct GoDuration: Hashable, Sendable {
    public var duration: Duration

    public init(_ duration: Duration) {
        self.duration = duration
    }

    /// `nil` when the text is no duration, or one of more than 290 years.
    public init?(_ text: String) {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") {
            rest = rest.dropFirst()
        }
        guard rest != "0" else {
            duration = .zero
            return
        }
        guard !rest.isEmpty else { return nil }

        var nanoseconds = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !($0.isNumber || $0 == ".") }
            rest = rest[unit.endIndex...]
            guard let value = Double(number), let scale = Self.nanoseconds(in: unit) else { return nil }
            nanoseconds += value * scale
        }
        guard nanoseconds <= 9.2e18 else { return nil }
        duration = .nanoseconds(Int64(isNegative ? -nanoseconds : nanoseconds))
    }

    private static func nanoseconds(in unit: Substring) -> Double? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1e3
        case "ms": 1e6
        case "s": 1e9
        case "m": 60e9
        case "h": 3600e9
        default: nil
        }
    }
}
