// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

/// The items of a JSON document.
func items(_ json: String) throws -> [DocumentItem] {
    var interner = StringInterner()
    let document = try #require(try JSONReader.read(Array(json.utf8)))
    return document.kubernetesItems(interner: &interner)
}

/// The only item of a JSON document.
func item(_ json: String) throws -> DocumentItem {
    let items = try items(json)
    #expect(items.count == 1)
    return try #require(items.first)
}

func service(_ item: DocumentItem) throws -> Service {
    guard case .object(.service(let service)) = item.outcome else {
        throw UnexpectedOutcome(outcome: item.outcome)
    }
    return service
}

func slice(_ item: DocumentItem) throws -> EndpointSlice {
    guard case .object(.endpointSlice(let slice)) = item.outcome else {
        throw UnexpectedOutcome(outcome: item.outcome)
    }
    return slice
}

func node(_ item: DocumentItem) throws -> Node {
    guard case .object(.node(let node)) = item.outcome else { throw UnexpectedOutcome(outcome: item.outcome) }
    return node
}

struct UnexpectedOutcome: Error {
    var outcome: DocumentItem.Outcome
}

/// A Service `default/web` with what is said of its spec and status.
func serviceText(_ spec: String, status: String = "{}", metadata: String = "") -> String {
    """
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"\(metadata)},
     "spec": {\(spec)}, "status": \(status)}
    """
}

/// A slice `default/web-1` of the Service `web`.
func sliceText(
    type: String = "IPv4",
    ports: String = "",
    endpoints: String = "",
    labels: String = "\"kubernetes.io/service-name\": \"web\""
) -> String {
    """
    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "\(type)",
     "metadata": {"name": "web-1", "labels": {\(labels)}}, "ports": [\(ports)], "endpoints": [\(endpoints)]}
    """
}

/// A rejection as a test's table writes it.
struct Expected: Equatable, CustomStringConvertible {
    var field: String
    var reason: Rejection.Reason

    init(_ field: String, _ reason: Rejection.Reason) {
        self.field = field
        self.reason = reason
    }

    init(_ located: DocumentItem.LocatedRejection) {
        self.init(located.rejection.field, located.rejection.reason)
    }

    var description: String { "\(field): \(reason.rawValue)" }
}
