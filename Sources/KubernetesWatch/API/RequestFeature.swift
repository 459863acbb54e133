// SPDX-License-Identifier: GPL-2.0-or-later
/// A part of a list or watch request that some API servers refuse, and that a request can do without.
public enum RequestFeature: String, CaseIterable, Hashable, Sendable {
    /// Answers in protobuf. Without it they come in JSON.
    case protobuf
    /// A field selector whose objects are told apart here too. `spec.clusterIP` of Services is known from Kubernetes 1.31 on.
    case fieldSelector = "field selector"
    /// `allowWatchBookmarks`. Without them a quiet watch is silent.
    case bookmarks
    /// `limit` and `continue`. Without them a list is one answer.
    case pages
    /// `sendInitialEvents` (KEP-3157): a list that comes at the head of a watch. On by default in Kubernetes 1.32, and from 1.34
    /// on. Without it lists come in pages.
    case streamingLists = "streaming lists"
}

extension RequestFeature {
    /// Whether a refusal in these words is about it.
    ///
    /// API servers name the field: `field label not supported: spec.clusterIP`, and for kinds without selectable fields
    /// `"spec.clusterIP" is not a known field selector` (`pkg/runtime/scheme.go` of k8s.io/apimachinery).
    func isNamed(in words: String) -> Bool {
        let names: [String] =
            switch self {
            case .protobuf: ["protobuf", "media type"]
            case .fieldSelector: ["field label", "field selector", "fieldselector"]
            case .bookmarks: ["allowwatchbookmarks", "bookmark"]
            case .pages: ["limit is", "limit:", "continue"]
            // Before 1.27 the first is passed over, and the second refused for watches.
            case .streamingLists: ["sendinitialevents", "resourceversionmatch", "watchlist"]
            }
        let words = words.lowercased()
        return names.contains { words.contains($0) }
    }
}

extension APIRequest {
    /// What of it could be left out.
    ///
    /// - Parameter selectsLocally: Whether what its field selector leaves out would be told apart here too.
    func features(selectsLocally: Bool) -> Set<RequestFeature> {
        var features: Set<RequestFeature> = []
        if accept.contains(ContentEncoding.protobufType) { features.insert(.protobuf) }
        for item in query {
            switch item.name {
            case "fieldSelector" where selectsLocally: features.insert(.fieldSelector)
            case "allowWatchBookmarks" where !isStreamingList: features.insert(.bookmarks)
            case "sendInitialEvents": features.insert(.streamingLists)
            case "limit": features.insert(.pages)
            default: break
            }
        }
        return features
    }
}

extension APIRequest {
    /// A streaming list ends with a bookmark: it cannot do without.
    private var isStreamingList: Bool { query.contains { $0.name == "sendInitialEvents" } }
}

/// A server's no to some features of a request.
struct FeatureRefusal: Sendable {
    var features: Set<RequestFeature>
    /// Whether the server has named them. If not, they are the streaming list, or else all that the request had.
    var isNamed: Bool
    var error: APIError
}

extension APIError {
    /// What of a request's features this error refuses; `nil` when it is about something else.
    ///
    /// `400 Bad Request` is for what cannot be parsed, `422 Invalid` for options that do not go together, `501` a proxy's
    /// word for both; `406` and `415` are about encodings.
    func refusal(of features: Set<RequestFeature>) -> FeatureRefusal? {
        guard case .status(let status) = self, !features.isEmpty else { return nil }
        switch status.code {
        case 406, 415:
            return features.contains(.protobuf)
                ? FeatureRefusal(features: [.protobuf], isNamed: true, error: self) : nil
        case 400, 422, 501:
            let named = features.filter { $0.isNamed(in: status.message) }
            // The list that is asked for instead shows whether it was about more.
            let unnamed = features.contains(.streamingLists) ? [.streamingLists] : features
            return FeatureRefusal(features: named.isEmpty ? unnamed : named, isNamed: !named.isEmpty, error: self)
        default:
            return nil
        }
    }

    /// Whether another form of the request could be taken.
    var isAboutTheRequest: Bool {
        if case .status(let status) = self { [400, 406, 415, 422, 501].contains(status.code) } else { false }
    }
}
