// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesProto
import SwiftProtobuf

/// The messages of one watch, read off the body of its response as they are asked for.
public struct WatchEvents<Body: AsyncSequence & Sendable, Object: WatchableObject>: AsyncSequence, Sendable
where Body.Element == [UInt8], Body.Failure == APIError {
    public typealias Element = WatchEvent<ObservedObject<Object>>
    public typealias Failure = APIError

    let body: Body
    let encoding: ContentEncoding
    let decoder: ObjectDecoder<Object>
    /// Begins the time in which a message has to be whole.
    let messageLimit: @Sendable () -> TimeLimit

    public func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var body: Body.AsyncIterator
        fileprivate var frames: WatchFrames
        fileprivate let decoder: ObjectDecoder<Object>
        fileprivate let messageLimit: @Sendable () -> TimeLimit
        /// Whether the bookmark has come that ends the initial events of a streaming list.
        private(set) var hasReadInitialEvents = false

        fileprivate init(_ events: WatchEvents) {
            body = events.body.makeAsyncIterator()
            frames = WatchFrames(encoding: events.encoding)
            decoder = events.decoder
            messageLimit = events.messageLimit
        }

        /// A message that has arrived whole; `nil` where more has to be waited for.
        mutating func ready() throws(APIError) -> Element? {
            guard let message = try frames.next() else { return nil }
            switch frames.encoding {
            case .protobuf: return try event(protobuf: message)
            case .json: return try event(json: message)
            }
        }

        public mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> Element? {
            // Of a message that has begun. The reader's own time between two messages does not count.
            var limit: TimeLimit?
            while true {
                if let event = try ready() { return event }
                if !frames.isBetweenMessages { limit = limit ?? messageLimit() }
                if let limit, limit.isOver {
                    throw .transport(TransportFailure(.other, "a message was not whole after \(limit.limit)"))
                }
                guard let chunk = try await body.next(isolation: isolation) else {
                    // The HTTP body is whole, and its last message is not: whoever wrote it was cut off.
                    guard frames.isBetweenMessages else {
                        throw .transport(TransportFailure(.connectionLost, "the watch ended within a message"))
                    }
                    return nil
                }
                frames.append(chunk)
            }
        }
    }
}

extension WatchEvents.Iterator {
    private enum Kind: String {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
        case bookmark = "BOOKMARK"
        case error = "ERROR"

        init(_ name: String) throws(APIError) {
            guard let kind = Kind(rawValue: name) else {
                throw .malformed("a watch message of type \(name.prefix(40))")
            }
            self = kind
        }
    }

    /// The annotation of the bookmark that ends the initial events (KEP-3157).
    private static var initialEventsEnd: String { "k8s.io/initial-events-end" }

    private mutating func event(protobuf message: [UInt8]) throws(APIError) -> WatchEvent<ObservedObject<Object>> {
        let (kind, contents) = try parts(of: message)
        switch kind {
        case .error:
            guard let status = APIStatus(protobuf: contents) else { throw .malformed("an ERROR without a Status") }
            throw .status(status)
        case .bookmark:
            // A bookmark holds an object of the kind, with nothing in it but the version.
            guard let header = try? ProtoObjectHeader(serializedBytes: contents, options: .trimming) else {
                throw .malformed("a bookmark without metadata")
            }
            if header.metadata.annotations[Self.initialEventsEnd] == "true" { hasReadInitialEvents = true }
            return WatchEvent(.bookmark, version: ObservedMetadata(header.metadata).version)
        case .added, .modified, .deleted:
            return change(kind, decoder.decode(protobuf: contents))
        }
    }

    private func parts(of message: [UInt8]) throws(APIError) -> (kind: Kind, contents: [UInt8]) {
        if let (type, contents) = try? WireCursor.watchMessage(message) { return (try Kind(type), contents) }
        let event: ProtoWatchEvent
        do {
            event = try ProtoWatchEvent(serializedBytes: message, options: .trimming)
        } catch {
            throw .malformed("a watch message: \(error)")
        }
        return (try Kind(event.type), try ProtobufEnvelope.contents(Array(event.object.raw)))
    }

    private mutating func event(json message: [UInt8]) throws(APIError) -> WatchEvent<ObservedObject<Object>> {
        let document: DocumentNode?
        do throws(DocumentSyntaxError) {
            document = try JSONReader.read(message)
        } catch {
            throw .malformed("a watch message: \(error.reason)")
        }
        guard let object = document?["object"] else { throw .malformed("a watch message without an object") }
        let kind = try Kind(document?["type"]?.text ?? "")
        switch kind {
        case .error:
            guard let status = APIStatus(object) else { throw .malformed("an ERROR without a Status") }
            throw .status(status)
        case .bookmark:
            let end = object["metadata"]?["annotations"]?[Self.initialEventsEnd]
            if end?.text == "true" { hasReadInitialEvents = true }
            return WatchEvent(.bookmark, version: ObservedMetadata(object, isNamespaced: true).version)
        case .added, .modified, .deleted:
            return change(kind, decoder.decode(object))
        }
    }

    private func change(
        _ kind: Kind,
        _ decoded: (object: ObservedObject<Object>, version: ResourceVersion?)
    ) -> WatchEvent<ObservedObject<Object>> {
        let change: WatchEvent<ObservedObject<Object>>.Change =
            kind == .deleted ? .deleted(decoded.object) : .applied(decoded.object)
        return WatchEvent(change, version: decoded.version)
    }
}
