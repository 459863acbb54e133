// SPDX-License-Identifier: GPL-2.0-or-later
/// A metric but for its values.
public struct MetricFamily: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case counter
        case gauge
        case histogram
    }

    public var name: String
    public var help: String
    public var kind: Kind
    public var labelNames: [String]
    /// The upper bounds of a histogram's buckets, without the last one that has no bound.
    public var bounds: [Double] = []

    init(name: String, help: String, kind: Kind, labelNames: [String]) {
        // The data model of Prometheus; labels that begin with two underscores are its own.
        precondition(Self.isName(name, orColon: true), "\(name) is not the name of a metric")
        precondition(
            labelNames.allSatisfy { Self.isName($0, orColon: false) && !$0.hasPrefix("__") && $0 != "le" },
            "\(labelNames) of \(name) are not names of labels"
        )
        self.name = name
        self.help = help
        self.kind = kind
        self.labelNames = labelNames
    }

    /// The values of the labels; a trap unless there is one for each name.
    func checked(_ labelValues: [String]) -> [String] {
        precondition(
            labelValues.count == labelNames.count,
            "\(name) has labels \(labelNames), not values \(labelValues)"
        )
        return labelValues
    }

    private static func isName(_ text: String, orColon: Bool) -> Bool {
        guard let first = text.utf8.first, !isDigit(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            case UInt8(ascii: ":"): orColon
            default: isDigit(byte)
            }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
