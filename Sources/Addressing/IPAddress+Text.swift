extension IPAddress: LosslessStringConvertible {
    /// An address from its text: dotted IPv4, or IPv6 as in RFC 4291 section 2.2, without a zone.
    ///
    /// Leading zeros in an IPv4 part are decimal, as Kubernetes reads them in objects older than its stricter validation.
    public init?(_ text: String) {
        self.init(utf8: Array(text.utf8)[...])
    }

    /// An address from the bytes of its text; for long listings.
    public init?(utf8 bytes: ArraySlice<UInt8>) {
        if bytes.contains(UInt8(ascii: ":")) {
            self.init(v6Text: bytes)
        } else if let value = Self.dotted(bytes) {
            self.init(v4: value)
        } else {
            return nil
        }
    }

    private init?(v6Text text: ArraySlice<UInt8>) {
        var groups: [UInt16] = []
        var gap: Int?
        var rest = text

        if rest.starts(with: "::".utf8) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != UInt8(ascii: ":") }
            rest = rest[group.endIndex...]
            if rest.isEmpty, group.contains(UInt8(ascii: ".")) {
                guard let value = Self.dotted(group) else { return nil }
                groups += [UInt16(truncatingIfNeeded: value >> 16), UInt16(truncatingIfNeeded: value)]
                break
            }
            guard let value = Self.hexadecimal(group) else { return nil }
            groups.append(value)
            if rest.isEmpty { break }

            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }

        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        func number(_ part: ArraySlice<UInt16>) -> UInt64 {
            part.reduce(0) { $0 << 16 | UInt64($1) }
        }
        self.init(high: number(groups[..<4]), low: number(groups[4...]))
    }

    /// Four decimal parts, most significant first.
    private static func dotted(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard !part.isEmpty, part.count <= 10 else { return nil }
            var number: UInt64 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                number = number * 10 + UInt64(byte - UInt8(ascii: "0"))
            }
            guard number <= 255 else { return nil }
            value = value << 8 | UInt32(number)
        }
        return value
    }

    /// One to four hexadecimal digits.
    private static func hexadecimal(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// The text of RFC 5952: lower case, the longest run of zero groups shortened.
    public var description: String {
        if let v4Value {
            return "\(v4Value >> 24).\(v4Value >> 16 & 255).\(v4Value >> 8 & 255).\(v4Value & 255)"
        }
        let groups = [high, low].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        let gap = Self.longestZeroRun(groups)
        guard gap.count >= 2 else { return text(groups[...]) }
        return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest
    }
}
