// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesProto
import SwiftProtobuf

/// What every object in protobuf is wrapped in: the four bytes "k8s\0" and a `runtime.Unknown`. See
/// `pkg/runtime/serializer/protobuf/protobuf.go` of k8s.io/apimachinery.
enum ProtobufEnvelope {
    static let magic: [UInt8] = [0x6b, 0x38, 0x73, 0x00]

    /// The object that is wrapped.
    static func contents(_ bytes: [UInt8]) throws(APIError) -> [UInt8] {
        guard bytes.starts(with: magic) else { throw .malformed("protobuf without its first four bytes") }
        do {
            return Array(try ProtoUnknown(serializedBytes: Array(bytes.dropFirst(4)), options: .trimming).raw)
        } catch {
            throw .malformed("a protobuf envelope: \(error)")
        }
    }
}

extension BinaryDecodingOptions {
    /// Without keeping what is not known here, which is most of each object.
    static var trimming: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        return options
    }
}
