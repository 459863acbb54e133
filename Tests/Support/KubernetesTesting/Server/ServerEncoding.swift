// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// In which form the server answers.
enum ServerEncoding: Hashable, Sendable {
    case protobuf
    case json

    /// What the request accepts and the server speaks.
    init(_ request: ServerRequest, _ options: FakeAPIServer.Options) throws(ServerRefusal) {
        let accepted = request.accept.split(separator: ",").map { type in
            type.prefix { $0 != ";" }.filter { $0 != " " }
        }
        for type in accepted.isEmpty ? ["*/*"] : accepted {
            switch type {
            case "application/vnd.kubernetes.protobuf" where !options.speaksOnlyJSON:
                self = .protobuf
                return
            case "application/json", "*/*":
                self = .json
                return
            default: continue
            }
        }
        throw ServerRefusal(
            status: ServerStatus(
                code: 406,
                reason: "NotAcceptable",
                message: "only the following media types are accepted: application/json"
            )
        )
    }

    var contentType: String {
        self == .protobuf ? "application/vnd.kubernetes.protobuf" : "application/json"
    }

    var streamContentType: String {
        self == .protobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json"
    }

    func list(_ items: [DocumentNode], kind: KubernetesObject.Kind, version: Int, continuation: String) -> [UInt8] {
        switch self {
        case .protobuf:
            let messages = items.map { ProtobufWriter.message($0, kind: kind) }
            return ProtobufWriter.wrapped(
                ProtobufWriter.list(messages, version: "\(version)", continuation: continuation),
                apiVersion: kind.groupVersion,
                kind: kind.rawValue + "List"
            )
        case .json:
            // The items of a typed list do not say their kind again.
            let items = items.map { item in
                var item = item
                item["kind"] = nil
                item["apiVersion"] = nil
                return item
            }
            let document = DocumentNode.fields([
                "kind": .text(kind.rawValue + "List"),
                "apiVersion": .text(kind.groupVersion),
                "metadata": .fields([
                    "resourceVersion": .text("\(version)"),
                    "continue": continuation.isEmpty ? nil : .text(continuation),
                ]),
                "items": .list(items),
            ])
            return document.json + [UInt8(ascii: "\n")]
        }
    }

    /// A message of a watch.
    func message(_ type: String, _ document: DocumentNode, kind: KubernetesObject.Kind) -> [UInt8] {
        switch self {
        case .protobuf:
            let object = ProtobufWriter.message(document, kind: kind)
            return ProtobufWriter.frame(
                type: type,
                wrapped: ProtobufWriter.wrapped(object, apiVersion: kind.groupVersion, kind: kind.rawValue)
            )
        case .json:
            return line(type, document)
        }
    }

    /// - Parameter endsInitialEvents: Whether a streaming list is whole with it.
    func bookmark(_ version: Int, kind: KubernetesObject.Kind, endsInitialEvents: Bool = false) -> [UInt8] {
        let annotations = endsInitialEvents ? ["k8s.io/initial-events-end": "true"] : [:]
        switch self {
        case .protobuf:
            let object = ProtobufWriter.bookmark(version: "\(version)", annotations: annotations)
            return ProtobufWriter.frame(
                type: "BOOKMARK",
                wrapped: ProtobufWriter.wrapped(object, apiVersion: kind.groupVersion, kind: kind.rawValue)
            )
        case .json:
            return line(
                "BOOKMARK",
                .fields([
                    "kind": .text(kind.rawValue),
                    "apiVersion": .text(kind.groupVersion),
                    "metadata": .fields([
                        "resourceVersion": .text("\(version)"), "creationTimestamp": nil,
                        "annotations": endsInitialEvents ? .fields(["k8s.io/initial-events-end": .text("true")]) : nil,
                    ]),
                ])
            )
        }
    }

    func error(_ status: ServerStatus) -> [UInt8] {
        switch self {
        case .protobuf: ProtobufWriter.frame(type: "ERROR", wrapped: self.status(status))
        case .json: line("ERROR", status.document)
        }
    }

    func status(_ status: ServerStatus) -> [UInt8] {
        switch self {
        case .protobuf:
            ProtobufWriter.wrapped(ProtobufWriter.status(status), apiVersion: "v1", kind: "Status")
        case .json: status.document.json
        }
    }

    /// Bytes that are a message by their length and by nothing else.
    var malformedMessage: [UInt8] {
        switch self {
        case .protobuf: [0, 0, 0, 3, 0xff, 0xff, 0xff]
        case .json: Array("{no message}\n".utf8)
        }
    }

    /// The beginning of a message that never ends.
    var oversizedMessage: [UInt8] {
        switch self {
        case .protobuf: [0x7f, 0xff, 0xff, 0xff, 0]
        case .json: [UInt8](repeating: UInt8(ascii: "x"), count: (16 << 20) + 1)
        }
    }

    private func line(_ type: String, _ object: DocumentNode) -> [UInt8] {
        DocumentNode.fields(["type": .text(type), "object": object]).json + [UInt8(ascii: "\n")]
    }
}
