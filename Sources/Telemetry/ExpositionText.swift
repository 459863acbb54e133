// SPDX-License-Identifier: GPL-2.0-or-later
/// Text in Prometheus' exposition format 0.0.4, as it grows.
struct ExpositionText {
    private(set) var text = ""

    /// The media type of the text.
    static var contentType: String { "text/plain; version=0.0.4; charset=utf-8" }

    /// The lines that stand before the samples of a metric.
    mutating func begin(_ family: MetricFamily) {
        text += "# HELP \(family.name) "
        appendEscaped(family.help, quotes: false)
        text += "\n# TYPE \(family.name) \(family.kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            var separator = "{"
            for label in labels {
                text += "\(separator)\(label.name)=\""
                appendEscaped(label.value, quotes: true)
                text += "\""
                separator = ","
            }
            text += "}"
        }
        text += " \(Self.number(value))\n"
    }

    /// As Go's `strconv.ParseFloat` reads it; whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        // Above 2^53 not every whole number is a Double, and an exponent reads better.
        if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    /// Quotation marks stay as they are in help texts.
    private mutating func appendEscaped(_ value: String, quotes: Bool) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\"" where quotes: text += "\\\""
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension MetricRegistry {
    /// The media type of `text`.
    public static var contentType: String { ExpositionText.contentType }
}
