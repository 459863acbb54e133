// SPDX-License-Identifier: GPL-2.0-or-later
/// One attribute of a message: its type without flag bits, and where in the datagram its payload lies.
public struct NetlinkAttribute: Hashable, Sendable {
    public var type: Int
    public var payload: Range<Int>

    @inlinable
    init(type: Int, payload: Range<Int>) {
        self.type = type
        self.payload = payload
    }

    /// The attributes inside a nested one.
    @inlinable
    public var nested: NetlinkAttributes {
        NetlinkAttributes(payload)
    }
}

/// Walks over the attributes of a message or of a nested attribute.
///
///     var attributes = try message.genericAttributes()
///     while let attribute = try attributes.next(in: datagram) {
///         switch attribute.type { … }
///     }
public struct NetlinkAttributes: Sendable {
    @usableFromInline var offset: Int
    @usableFromInline let end: Int

    @inlinable
    init(_ range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next attribute, or `nil` after the last one.
    ///
    /// - Throws: when a length field runs past the end or is shorter than an attribute's header.
    @inlinable
    public mutating func next(in datagram: RawSpan) throws(NetlinkError) -> NetlinkAttribute? {
        guard offset < end else { return nil }
        guard end - offset >= 4, let length = datagram.integer(UInt16.self, at: offset).map(Int.init),
            let type = datagram.integer(UInt16.self, at: offset + 2),
            length >= 4, length <= end - offset
        else {
            throw malformedHeader()
        }
        // `NLA_TYPE_MASK`: the two highest bits say "nested" and "network byte order".
        let attribute = NetlinkAttribute(type: Int(type & 0x3fff), payload: offset + 4..<offset + length)
        offset += (length + 3) & ~3
        return attribute
    }

    @usableFromInline
    func malformedHeader() -> NetlinkError {
        .malformed("attribute header at byte \(offset), its message ends at \(end)")
    }
}

extension RawSpan {
    /// A native-endian integer, or `nil` where the datagram ends before it does.
    @inlinable
    func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    /// The attribute's number in the machine's byte order.
    ///
    /// - Throws: when the attribute is shorter.
    @inlinable
    public func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ attribute: NetlinkAttribute,
        as _: Value.Type = Value.self
    ) throws(NetlinkError) -> Value {
        guard attribute.payload.count >= MemoryLayout<Value>.size,
            let value = integer(Value.self, at: attribute.payload.lowerBound)
        else {
            throw Self.short(attribute)
        }
        return value
    }

    /// The structure that a message's payload starts with.
    ///
    /// - Throws: when the payload is shorter.
    public func header<Value: BitwiseCopyable>(
        of message: NetlinkMessage,
        as _: Value.Type = Value.self
    ) throws(NetlinkError) -> Value {
        guard message.payload.count >= MemoryLayout<Value>.size, message.payload.upperBound <= byteCount else {
            throw .malformed("message of type \(message.type) ends inside its header")
        }
        return unsafe unsafeLoadUnaligned(fromByteOffset: message.payload.lowerBound, as: Value.self)
    }

    /// The attribute's text up to its first zero, or all of it. What is not UTF-8 is replaced.
    public func string(_ attribute: NetlinkAttribute) -> String {
        guard attribute.payload.upperBound <= byteCount else { return "" }
        return unsafe extracting(attribute.payload).withUnsafeBytes { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    @usableFromInline
    static func short(_ attribute: NetlinkAttribute) -> NetlinkError {
        .malformed("attribute \(attribute.type) has only \(attribute.payload.count) bytes")
    }
}
