// SPDX-License-Identifier: GPL-2.0-or-later
/// How the API server writes objects.
public enum ContentEncoding: Hashable, Sendable {
    case protobuf
    case json

    static let protobufType = "application/vnd.kubernetes.protobuf"
    static let jsonType = "application/json"

    /// The encoding that a `Content-Type` header names; `nil` for one that is none of ours. Without a header it is JSON.
    init?(contentType: String?) {
        guard let contentType else {
            self = .json
            return
        }
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        switch type {
        case Self.protobufType: self = .protobuf
        case Self.jsonType: self = .json
        default: return nil
        }
    }

    /// What to send as `Accept`.
    ///
    /// - Parameters:
    ///   - acceptContentTypes: `clientConnection.acceptContentTypes` of the configuration; wins over `contentType`.
    ///   - contentType: `clientConnection.contentType` of the configuration.
    /// - Returns: Those of the types that can be read here, in their order. JSON comes last where it was not named: every
    ///   server has it, and some have nothing else.
    public static func acceptHeader(
        acceptContentTypes: String = "",
        contentType: String = "application/vnd.kubernetes.protobuf"
    ) -> String {
        let wanted = acceptContentTypes.allSatisfy({ $0 == " " }) ? contentType : acceptContentTypes
        var types: [String] = []
        for part in wanted.split(separator: ",") {
            guard let encoding = ContentEncoding(contentType: String(part)) else { continue }
            let type = encoding == .protobuf ? protobufType : jsonType
            if !types.contains(type) { types.append(type) }
        }
        if !types.contains(jsonType) { types.append(jsonType) }
        return types.joined(separator: ", ")
    }
}
