// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

extension FakeAPIServer {
    /// The answer to a request.
    package func respond(to request: ServerRequest) -> ServerResponse {
        update { state in
            state.requests.append(request)
            do throws(ServerRefusal) {
                if let token = state.options.token, request.authorization != "Bearer \(token)" {
                    throw ServerRefusal(
                        status: ServerStatus(code: 401, reason: "Unauthorized", message: "Unauthorized"))
                }
                return try respond(to: request, &state)
            } catch {
                return refusal(error.status, request, state.options)
            }
        }
    }

    private func respond(to request: ServerRequest, _ state: inout State) throws(ServerRefusal) -> ServerResponse {
        if request.path.hasPrefix("/apis/events.k8s.io/v1/namespaces/") {
            return try respond(toEvent: request, &state)
        }
        if let response = try respond(toReview: request, state) { return response }
        if request.method == "GET", let document = APIDiscovery.document(request.path) {
            return ServerResponse(
                code: 200,
                contentType: "application/json",
                body: ServerBody([.send(document.json), .end])
            )
        }
        let (path, namespace) = Self.withoutNamespace(request.path)
        guard let kind = KubernetesObject.Kind.allCases.first(where: { $0.path == path }) else {
            throw ServerRefusal(
                status: ServerStatus(
                    code: 404, reason: "NotFound", message: "the server could not find \(request.path)")
            )
        }
        guard request.method == "GET" else {
            throw ServerRefusal(
                status: ServerStatus(code: 405, reason: "MethodNotAllowed", message: "\(request.method) is not allowed")
            )
        }
        if let code = state.options.protobufRefusals[kind], request.accept.contains("protobuf") {
            throw ServerRefusal(
                status: ServerStatus(code: code, reason: "NotAcceptable", message: "only JSON is served here"))
        }
        let encoding = try ServerEncoding(request, state.options)
        let releases = state.options.releases
        if !state.options.ignoresInitialEvents {
            try releases[state.requests.count % releases.count].check(request, kind)
        }
        let selection = try Selection(
            labelSelector: request.query["labelSelector"],
            fieldSelector: request.query["fieldSelector"],
            namespace: namespace
        )
        guard request.isWatch else { return try list(kind, selection, request, encoding, &state) }
        return request.query["sendInitialEvents"] == "true"
            ? try stream(kind, selection, encoding, &state)
            : try watch(kind, selection, request, encoding, &state)
    }

    /// Such as `/api/v1/services` for `/api/v1/namespaces/shop/services`.
    private static func withoutNamespace(_ path: String) -> (path: String, namespace: String?) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 3, parts[parts.count - 3] == "namespaces" else { return (path, nil) }
        let namespace = String(parts[parts.count - 2])
        parts.removeSubrange(parts.count - 3..<parts.count - 1)
        return (parts.joined(separator: "/"), namespace)
    }

    private func list(
        _ kind: KubernetesObject.Kind,
        _ selection: Selection,
        _ request: ServerRequest,
        _ encoding: ServerEncoding,
        _ state: inout State
    ) throws(ServerRefusal) -> ServerResponse {
        let fault = try nextListFault(kind, &state)
        let page = try state.model.list(
            kind,
            selection,
            limit: request.query["limit"].flatMap { Int($0) },
            continuation: request.query["continue"]
        )
        let body = encoding.list(page.items, kind: kind, version: page.version, continuation: page.continuation)
        var steps = pieces(body, state.options)
        switch fault {
        case .listReset?: steps = [.send(Array(body[..<(body.count / 2)])), .reset]
        case .listCutShort?: steps = [.send(Array(body[..<(body.count / 2)])), .end]
        case .listFallsSilent?: steps = [.silence]
        case .listExpiresBetweenPages?: state.model.compact()
        default: break
        }
        return ServerResponse(code: 200, contentType: encoding.contentType, body: ServerBody(steps))
    }

    /// A list at the head of a watch. The faults of lists hit it.
    private func stream(
        _ kind: KubernetesObject.Kind,
        _ selection: Selection,
        _ encoding: ServerEncoding,
        _ state: inout State
    ) throws(ServerRefusal) -> ServerResponse {
        let fault = try nextListFault(kind, &state)
        let version = state.model.version
        var messages = state.model.documents(kind, selection).map { encoding.message("ADDED", $0, kind: kind) }
        if !state.options.ignoresInitialEvents {
            messages.append(encoding.bookmark(version, kind: kind, endsInitialEvents: true))
        }
        var steps = messages.flatMap { $0.pieces(of: state.options.pieceLength) }.map(ServerStep.send)
        // In the middle of a message.
        let half = Array(messages.joined().prefix(messages.reduce(0) { $0 + $1.count } / 2 + 1))
        switch fault {
        case .listReset?: steps = [.send(half), .reset]
        case .listCutShort?: steps = [.send(half), .end]
        case .listFallsSilent?: steps = [.silence]
        case .listExpiresBetweenPages?: state.model.compact()
        default: break
        }
        let session = WatchSession(
            server: self,
            kind: kind,
            selection: selection,
            encoding: encoding,
            after: version,
            initialSteps: steps,
            state
        )
        state.openWatches += 1
        return ServerResponse(code: 200, contentType: encoding.streamContentType, body: ServerBody(session))
    }

    private func nextListFault(
        _ kind: KubernetesObject.Kind,
        _ state: inout State
    ) throws(ServerRefusal) -> APIFault? {
        guard let faults = state.listFaults[kind], !faults.isEmpty else { return nil }
        let fault = state.listFaults[kind]?.removeFirst()
        if case .listRefused(let status) = fault { throw ServerRefusal(status: status) }
        return fault
    }

    private func watch(
        _ kind: KubernetesObject.Kind,
        _ selection: Selection,
        _ request: ServerRequest,
        _ encoding: ServerEncoding,
        _ state: inout State
    ) throws(ServerRefusal) -> ServerResponse {
        if case .watchRefused(let status)? = state.watchFaults[kind]?.first {
            state.watchFaults[kind]?.removeFirst()
            throw ServerRefusal(status: status)
        }
        let text = request.query["resourceVersion"] ?? ""
        guard let version = Int(text) else {
            throw ServerRefusal(
                status: ServerStatus(code: 400, reason: "BadRequest", message: "invalid resource version \(text)")
            )
        }
        guard version >= state.model.oldest else { throw ServerRefusal(status: .expired(text)) }
        let session = WatchSession(
            server: self,
            kind: kind,
            selection: selection,
            encoding: encoding,
            after: version,
            state
        )
        state.openWatches += 1
        return ServerResponse(
            code: 200,
            contentType: encoding.streamContentType,
            body: ServerBody(session)
        )
    }

    private func respond(
        toEvent request: ServerRequest,
        _ state: inout State
    ) throws(ServerRefusal) -> ServerResponse {
        let invalid = ServerRefusal(
            status: ServerStatus(code: 400, reason: "BadRequest", message: "the body is no event")
        )
        guard var event = try? JSONReader.read(request.body) else { throw invalid }
        switch request.method {
        case "POST":
            guard event["metadata", "name"]?.text != nil else { throw invalid }
            state.events.append(event)
            return ServerResponse(
                code: 201, contentType: "application/json", body: ServerBody([.send(event.json), .end]))
        case "PATCH":
            let name = request.path.split(separator: "/").last.map(String.init)
            guard let index = state.events.firstIndex(where: { $0["metadata", "name"]?.text == name }) else {
                throw ServerRefusal(
                    status: ServerStatus(code: 404, reason: "NotFound", message: "event \(name ?? "") not found")
                )
            }
            state.events[index].merge(event)
            event = state.events[index]
            return ServerResponse(
                code: 200, contentType: "application/json", body: ServerBody([.send(event.json), .end]))
        default:
            throw ServerRefusal(
                status: ServerStatus(code: 405, reason: "MethodNotAllowed", message: "\(request.method) is not allowed")
            )
        }
    }

    private func refusal(_ status: ServerStatus, _ request: ServerRequest, _ options: Options) -> ServerResponse {
        // A refusal is in JSON where the encoding itself is what is refused.
        let encoding = (try? ServerEncoding(request, options)) ?? .json
        return ServerResponse(
            code: status.code,
            contentType: encoding.contentType,
            retryAfterSeconds: status.retryAfterSeconds,
            body: ServerBody(pieces(encoding.status(status), options))
        )
    }

    private func pieces(_ bytes: [UInt8], _ options: Options) -> [ServerStep] {
        bytes.pieces(of: options.pieceLength).map(ServerStep.send) + [.end]
    }
}

extension [UInt8] {
    /// In pieces of at most a length.
    func pieces(of length: Int?) -> [[UInt8]] {
        guard let length else { return isEmpty ? [] : [self] }
        return stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
    }
}

extension DocumentNode {
    /// Takes the fields of another document over: a merge patch (RFC 7386).
    mutating func merge(_ patch: DocumentNode) {
        guard case .mapping(let entries) = patch.value, case .mapping = value else {
            self = patch
            return
        }
        for entry in entries {
            guard entry.value.value != .null else {
                self[entry.key] = nil
                continue
            }
            var child = self[entry.key] ?? .fields([:])
            child.merge(entry.value)
            self[entry.key] = child
        }
    }
}

extension KubernetesObject.Kind {
    /// Where the objects of the kind are listed.
    var path: String {
        switch self {
        case .service: "/api/v1/services"
        case .endpointSlice: "/apis/discovery.k8s.io/v1/endpointslices"
        case .node: "/api/v1/nodes"
        }
    }

    /// The API's group and version.
    var groupVersion: String {
        switch self {
        case .service, .node: "v1"
        case .endpointSlice: "discovery.k8s.io/v1"
        }
    }
}
