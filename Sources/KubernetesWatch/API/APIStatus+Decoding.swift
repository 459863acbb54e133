// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesProto
import SwiftProtobuf

extension APIStatus {
    /// The status that the body of a refusal holds; `nil` when there is nothing to read. A proxy in front of the server
    /// answers with a page of its own, whose first words must do.
    init?(statusBody bytes: [UInt8], contentType: String?) {
        let status: APIStatus?
        // A body that is not what its type says is treated as a proxy's page.
        switch ContentEncoding(contentType: contentType) {
        case .protobuf:
            status = (try? ProtobufEnvelope.contents(bytes)).flatMap(APIStatus.init(protobuf:))
        case .json:
            status = (try? JSONReader.read(bytes)).flatMap(APIStatus.init)
        case nil:
            status = nil
        }
        if let status {
            self = status
        } else {
            guard !bytes.isEmpty else { return nil }
            self.init(code: 0, message: String(decoding: bytes.prefix(300), as: UTF8.self).onOneLine)
        }
    }

    /// A `Status` of meta/v1.
    init?(protobuf bytes: [UInt8]) {
        // One that cannot be read is no status.
        guard let status = try? ProtoStatus(serializedBytes: bytes, options: .trimming) else { return nil }
        self.init(
            code: Int(status.code),
            reason: status.reason.onOneLine,
            message: status.message.onOneLine,
            retryAfter: status.details.retryAfterSeconds > 0
                ? Duration(retryAfterSeconds: Int64(status.details.retryAfterSeconds)) : nil,
            causes: status.details.causes.map(\.reason)
        )
    }

    /// A `Status` of meta/v1.
    init?(_ document: DocumentNode) {
        guard case .mapping = document.value else { return nil }
        let details = document["details"]
        let seconds = details?["retryAfterSeconds"]?.integer ?? 0
        self.init(
            code: Int(clamping: document["code"]?.integer ?? 0),
            reason: document["reason"]?.text?.onOneLine ?? "",
            message: document["message"]?.text?.onOneLine ?? "",
            retryAfter: seconds > 0 ? Duration(retryAfterSeconds: seconds) : nil,
            causes: details?["causes"]?.elements.compactMap { $0["reason"]?.text } ?? []
        )
    }
}

extension String {
    /// Short enough for a line of a log, and without what would break it.
    fileprivate var onOneLine: String {
        var line = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(1000) {
            line.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
        }
        return String(line)
    }
}
