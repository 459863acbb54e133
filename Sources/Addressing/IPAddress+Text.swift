// SPDX-License-Identifier: GPL-2.0-or-later
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

    // Listings of the kernel have tens of thousands of addresses: nothing here allocates.
    private init?(v6Text text: ArraySlice<UInt8>) {
        let colon = UInt8(ascii: ":")
        // The groups so far, the last one in the lowest bits.
        var groups: UInt128 = 0
        var count = 0
        var gap: Int?
        var rest = text

        if rest.starts(with: "::".utf8) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != colon }
            rest = rest[group.endIndex...]
            if rest.isEmpty, group.contains(UInt8(ascii: ".")) {
                guard let value = Self.dotted(group) else { return nil }
                groups = groups << 32 | UInt128(value)
                count += 2
                break
            }
            guard count < 8, let value = Self.hexadecimal(group) else { return nil }
            groups = groups << 16 | UInt128(value)
            count += 1
            if rest.isEmpty { break }

            rest = rest.dropFirst()
            if rest.first == colon {
                guard gap == nil else { return nil }
                gap = count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }

        if let gap {
            guard count < 8 else { return nil }
            let bitsAfterGap = 16 * (count - gap)
            let before = (groups >> bitsAfterGap) << (16 * (8 - gap))
            groups = before | groups & ~(UInt128.max << bitsAfterGap)
        } else {
            guard count == 8 else { return nil }
        }
        self.init(high: UInt64(truncatingIfNeeded: groups >> 64), low: UInt64(truncatingIfNeeded: groups))
    }

    /// Four decimal parts, most significant first.
    private static func dotted(_ text: ArraySlice<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        var part: UInt64 = 0
        var digits = 0
        var parts = 0
        func isPart() -> Bool { (1...10).contains(digits) && part <= 255 && parts < 4 }
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits += 1
                guard digits <= 10 else { return nil }
                part = part * 10 + UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "."):
                guard isPart() else { return nil }
                value = value << 8 | UInt32(part)
                (part, digits, parts) = (0, 0, parts + 1)
            default:
                return nil
            }
        }
        guard isPart(), parts == 3 else { return nil }
        return value << 8 | UInt32(part)
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
