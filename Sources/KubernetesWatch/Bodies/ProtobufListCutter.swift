// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesProto
import SwiftProtobuf

/// A list in protobuf, cut into items: the envelope of `ProtobufEnvelope`, in its field 2 the list, in whose field 2 are
/// the items and in whose field 1 is the `ListMeta`.
struct ProtobufListCutter: Sendable {
    let maximumLength: Int

    private var queue = ByteQueue()
    private var hasMagic = false
    /// Bytes of a field that nobody needs, still to come.
    private var skipping = 0
    /// Bytes of the list still to come; `nil` outside of it.
    private var listRemaining: Int?
    private var hasList = false
    private var metadata: [UInt8] = []

    init(maximumLength: Int) {
        self.maximumLength = maximumLength
    }

    mutating func append(_ chunk: [UInt8], _ body: ([UInt8]) throws(APIError) -> Void) throws(APIError) {
        queue.append(chunk)
        if !hasMagic {
            guard queue.count >= 4 else { return }
            guard queue.take(4) == ProtobufEnvelope.magic else {
                throw .malformed("protobuf without its first four bytes")
            }
            hasMagic = true
        }
        while true {
            let skipped = min(skipping, queue.count)
            queue.drop(skipped)
            skipping -= skipped
            guard skipping == 0 else { return }
            if listRemaining == 0 { listRemaining = nil }
            guard let field = try nextField() else { return }
            guard try read(field, body) else { return }
        }
    }

    func finish() throws(APIError) -> ListMetadata {
        guard hasList, listRemaining ?? 0 == 0, skipping == 0, queue.count == 0 else {
            throw .malformed("a list that ends too early")
        }
        let list: ProtoListMeta
        do {
            list = try ProtoListMeta(serializedBytes: metadata, options: .trimming)
        } catch {
            throw .malformed("the metadata of a list: \(error)")
        }
        return try ListMetadata(version: list.resourceVersion, continuation: list.`continue`)
    }

    /// - Returns: Whether the field could be read with what has arrived.
    private mutating func read(
        _ field: Field,
        _ body: ([UInt8]) throws(APIError) -> Void
    ) throws(APIError) -> Bool {
        guard let remaining = listRemaining else {
            queue.drop(field.headerLength)
            if field.number == 2, field.isLengthDelimited {
                listRemaining = field.length
                hasList = true
            } else {
                skipping = field.length
            }
            return true
        }
        guard field.headerLength + field.length <= remaining else {
            throw .malformed("a field that is longer than the list it is in")
        }
        let isNeeded = field.isLengthDelimited && (field.number == 1 || field.number == 2)
        if isNeeded {
            guard field.length <= maximumLength else { throw .malformed("a list item of \(field.length) bytes") }
            guard queue.count >= field.headerLength + field.length else { return false }
        }
        queue.drop(field.headerLength)
        listRemaining = remaining - field.headerLength - field.length
        if !isNeeded {
            skipping = field.length
        } else if field.number == 1 {
            metadata = queue.take(field.length)
        } else {
            try body(queue.take(field.length))
        }
        return true
    }
}

// MARK: - Fields (https://protobuf.dev/programming-guides/encoding/)

extension ProtobufListCutter {
    private struct Field {
        var number: UInt64
        var isLengthDelimited: Bool
        /// Tag and length, or tag and number.
        var headerLength: Int
        /// What comes after the header.
        var length: Int
    }

    /// The header of the next field, or `nil` until it has arrived.
    private func nextField() throws(APIError) -> Field? {
        guard let tag = try number(at: 0) else { return nil }
        var field = Field(number: tag.value >> 3, isLengthDelimited: false, headerLength: tag.length, length: 0)
        switch tag.value & 7 {
        case 0:
            guard let value = try number(at: tag.length) else { return nil }
            field.headerLength += value.length
        case 1: field.length = 8
        case 2:
            guard let length = try number(at: tag.length) else { return nil }
            guard let count = Int32(exactly: length.value) else { throw .malformed("a field of \(length.value) bytes") }
            field.isLengthDelimited = true
            field.headerLength += length.length
            field.length = Int(count)
        case 5: field.length = 4
        default: throw .malformed("a protobuf field of wire type \(tag.value & 7)")
        }
        return field
    }

    private func number(at offset: Int) throws(APIError) -> (value: UInt64, length: Int)? {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard offset + index < queue.count else { return nil }
            let byte = queue[offset + index]
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte & 0x80 == 0 { return (value, index + 1) }
        }
        throw .malformed("a protobuf number of more than ten bytes")
    }
}
