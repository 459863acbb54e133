// SPDX-License-Identifier: GPL-2.0-or-later
/// A duration in the text form of Go, which Kubernetes uses in flags and configuration files: decimal numbers with a unit
/// each, such as `30s`, `1m30s`, `0.5h` or `100ms`.
///
/// Reads what Go's `time.ParseDuration` reads and prints what `time.Duration.String` prints: 64 bits of nanoseconds.
public struct GoDuration: Hashable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// What is finer than a nanosecond is dropped; what is longer than some 292 years becomes that.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflows) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        nanoseconds = overflows || sumOverflows ? (seconds < 0 ? .min : .max) : sum
    }

    public var duration: Duration { .nanoseconds(nanoseconds) }
}

extension GoDuration: LosslessStringConvertible {
    /// `nil` when the text is no duration, or one that does not fit.
    public init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") {
            rest = rest.dropFirst()
        }
        if rest.elementsEqual("0".utf8) {
            nanoseconds = 0
            return
        }
        guard !rest.isEmpty else { return nil }

        var total: UInt64 = 0
        while !rest.isEmpty {
            guard let part = Self.takePart(&rest) else { return nil }
            let (sum, overflows) = total.addingReportingOverflow(part)
            guard !overflows, sum <= UInt64(1) << 63 else { return nil }
            total = sum
        }
        if isNegative {
            nanoseconds = Int64(truncatingIfNeeded: 0 &- total)
        } else {
            guard let value = Int64(exactly: total) else { return nil }
            nanoseconds = value
        }
    }

    /// One number with its unit, in nanoseconds.
    private static func takePart(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        let whole = takeDigits(&rest)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = takeDigits(&rest)
        }
        guard !(whole.isEmpty && fraction.isEmpty) else { return nil }
        let unitText = rest.prefix { $0 != UInt8(ascii: ".") && !isDigit($0) }
        rest = rest.dropFirst(unitText.count)
        guard let unit = units[String(decoding: unitText, as: UTF8.self)] else { return nil }

        var value: UInt64 = 0
        for digit in whole {
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflows) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            guard !overflows, !sumOverflows, sum <= UInt64(1) << 63 else { return nil }
            value = sum
        }
        let (product, overflows) = value.multipliedReportingOverflow(by: unit)
        guard !overflows, product <= UInt64(1) << 63 else { return nil }
        return product + fractionPart(fraction, of: unit)
    }

    /// Go multiplies the fraction as a floating-point number, and cuts off what is left below a nanosecond.
    private static func fractionPart(_ digits: ArraySlice<UInt8>, of unit: UInt64) -> UInt64 {
        var value: UInt64 = 0
        var scale = 1.0
        for digit in digits {
            // Digits past what 63 bits hold change nothing.
            guard value <= (UInt64(1) << 63 - 1) / 10 else { break }
            let next = value * 10 + UInt64(digit - UInt8(ascii: "0"))
            guard next <= UInt64(1) << 63 else { break }
            value = next
            scale *= 10
        }
        return value == 0 ? 0 : UInt64(Double(value) * (Double(unit) / scale))
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        return digits
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The micro sign is U+00B5 or the Greek letter U+03BC.
    private static let units: [String: UInt64] = [
        "ns": 1,
        "us": 1_000,
        "\u{b5}s": 1_000,
        "\u{3bc}s": 1_000,
        "ms": 1_000_000,
        "s": 1_000_000_000,
        "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]

    /// Such as `1h0m0s`, `1m30s`, `250ms` or `0s`.
    public var description: String {
        let value = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        switch value {
        case 0: return "0s"
        case ..<1_000: return "\(sign)\(value)ns"
        case ..<1_000_000: return sign + Self.decimal(value, places: 3) + "\u{b5}s"
        case ..<1_000_000_000: return sign + Self.decimal(value, places: 6) + "ms"
        default: break
        }
        let minutes = value / 60_000_000_000
        let seconds = Self.decimal(value % 60_000_000_000, places: 9) + "s"
        guard minutes > 0 else { return sign + seconds }
        guard minutes >= 60 else { return "\(sign)\(minutes)m\(seconds)" }
        return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    /// A number shifted by decimal places, without trailing zeros.
    private static func decimal(_ value: UInt64, places: Int) -> String {
        let scale = (0..<places).reduce(UInt64(1)) { scale, _ in scale * 10 }
        var fraction = String(value % scale)
        fraction = String(repeating: "0", count: places - fraction.count) + fraction
        while fraction.hasSuffix("0") {
            fraction.removeLast()
        }
        return "\(value / scale)" + (fraction.isEmpty ? "" : "." + fraction)
    }
}
