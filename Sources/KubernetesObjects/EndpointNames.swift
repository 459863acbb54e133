// SPDX-License-Identifier: GPL-2.0-or-later
/// The Pods and zones of a slice's endpoints by their names, packed: only people ask for them, and a cluster has a hundred
/// thousand.
///
/// The Pods of one owner share the beginning of their names (`web-7d4b9c6f5-`), which is kept once for a slice, and so is each
/// zone. An endpoint then takes some eight bytes.
public struct EndpointNames: Hashable, Sendable {
    public struct Element: Hashable, Sendable {
        /// `targetRef.name`, where that is a Pod's.
        public var pod: String?
        public var zone: String?

        public init(pod: String? = nil, zone: String? = nil) {
            self.pod = pod
            self.zone = zone
        }
    }

    /// The common beginning of the Pods' names, the zones, and for each endpoint the rest of its Pod's name and the number
    /// of its zone. Each text comes after its length; a number is one more than it says, and 0 stands for none.
    private(set) var packed: [UInt8] = []

    /// What is longer is no name: those of Pods are DNS subdomains (RFC 1123).
    private static let longestName = 253
    private static let mostZones = 254

    /// No endpoint has any.
    public init() {}

    /// In the order of the slice's endpoints.
    ///
    /// A name that is too long for one, or a zone that is one too many, is left out.
    public init(_ elements: [Element]) {
        let pods = elements.map { Self.name($0.pod) }
        let zones = elements.map { Self.name($0.zone) }
        guard pods.contains(where: { $0 != nil }) || zones.contains(where: { $0 != nil }) else { return }
        let beginning = Self.commonBeginning(pods)
        var known: [[UInt8]] = []
        for zone in zones {
            guard let zone, !known.contains(zone), known.count < Self.mostZones else { continue }
            known.append(zone)
        }
        Self.append(beginning, to: &packed)
        packed.append(UInt8(known.count))
        for zone in known { Self.append(zone, to: &packed) }
        for (pod, zone) in zip(pods, zones) {
            if let pod {
                packed.append(UInt8(pod.count - beginning.count) + 1)
                packed += pod.dropFirst(beginning.count)
            } else {
                packed.append(0)
            }
            packed.append(zone.flatMap(known.firstIndex).map { UInt8($0) + 1 } ?? 0)
        }
        // A copy, because an array that has grown keeps its reserve.
        packed = packed.map(\.self)
    }

    /// In the order of the slice's endpoints; empty where no endpoint has a name.
    public var elements: [Element] {
        guard !packed.isEmpty else { return [] }
        var rest = packed[...]
        let beginning = Self.takeText(&rest)
        var zones: [String] = []
        for _ in 0..<(rest.popFirst() ?? 0) { zones.append(String(decoding: Self.takeText(&rest), as: UTF8.self)) }
        var elements: [Element] = []
        while let length = rest.popFirst() {
            var element = Element()
            if length > 0 {
                let end = rest.prefix(Int(length) - 1)
                element.pod = String(decoding: beginning + end, as: UTF8.self)
                rest.removeFirst(end.count)
            }
            if let zone = rest.popFirst(), zone > 0 { element.zone = zones[Int(zone) - 1] }
            elements.append(element)
        }
        return elements
    }

    private static func name(_ text: String?) -> [UInt8]? {
        guard let text, !text.isEmpty, text.utf8.count <= longestName else { return nil }
        return Array(text.utf8)
    }

    private static func commonBeginning(_ names: [[UInt8]?]) -> [UInt8] {
        var names = names.compactMap(\.self)[...]
        guard var common = names.popFirst()?[...] else { return [] }
        for name in names {
            common = common.prefix(zip(common, name).prefix { $0 == $1 }.count)
        }
        return Array(common)
    }

    private static func append(_ text: [UInt8], to packed: inout [UInt8]) {
        packed.append(UInt8(text.count))
        packed += text
    }

    private static func takeText(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let length = Int(rest.popFirst() ?? 0)
        defer { rest.removeFirst(min(length, rest.count)) }
        return Array(rest.prefix(length))
    }
}
