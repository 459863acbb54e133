// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import KubernetesObjects
public import KubernetesWatch

/// Looks for a few objects, for a person who waits: nothing is kept, and nothing tried again.
extension ClusterClient {
    /// The Services that are wanted, among them the one with that cluster IP.
    ///
    /// An IP that is the first cluster IP of a Service is one question for an API server. For others it hands over all Services, a
    /// page at a time.
    public func services(
        wanting address: IPAddress,
        where isWanted: (Service) -> Bool
    ) async throws(APIError) -> [Service] {
        func isKept(_ observed: ObservedObject<Service>) -> Bool { observed.object.map(isWanted) ?? false }
        var resource = WatchedResource<Service>.services
        resource.selectsLocally = false
        resource.fieldSelector = "spec.clusterIP=\(address)"
        do throws(APIError) {
            let chosen = try await ResourceListWatch(resource, transport: transport).list(.cached, keeping: isKept)
            if !chosen.objects.isEmpty { return chosen.objects.compactMap(\.object) }
        } catch .status {
            // Servers before 1.22 do not know the selector.
        }
        return try await services.list(.cached, keeping: isKept).objects.compactMap(\.object)
    }

    /// What a Service's EndpointSlices say that endpoints stand for.
    ///
    /// - Returns: by address, such as `pod shop/checkout-1 on node-3`.
    public func endpointNames(of service: ObjectName) async throws(APIError) -> [IPAddress: String] {
        let path = "/apis/discovery.k8s.io/v1/namespaces/\(service.namespace)/endpointslices"
        let request = APIRequest(
            path: path, query: [.init("labelSelector", "kubernetes.io/service-name=\(service.name)")],
            idleLimit: Self.lookupLimit)
        var names: [IPAddress: String] = [:]
        for slice in try await document(request)?.present("items")?.sequence ?? [] {
            for endpoint in slice.present("endpoints")?.sequence ?? [] {
                guard let text = endpoint.present("addresses")?.sequence.first?.plainText,
                    let address = IPAddress(text)
                else { continue }
                names[address] = Self.name(of: endpoint, namespace: service.namespace)
            }
        }
        return names
    }

    /// The addresses of a Pod, in its own order, and whether they are its node's.
    ///
    /// - Throws: also when these credentials may not read it: the daemon's may not.
    public func addresses(ofPod pod: ObjectName) async throws(APIError) -> [IPAddress] {
        let request = APIRequest(
            path: "/api/v1/namespaces/\(pod.namespace)/pods/\(pod.name)", idleLimit: Self.lookupLimit)
        let status = try await document(request)?.present("status")
        let several = status?.present("podIPs")?.sequence.compactMap { $0.present("ip")?.plainText } ?? []
        let texts = several.isEmpty ? [status?.present("podIP")?.plainText].compactMap(\.self) : several
        return texts.compactMap(IPAddress.init)
    }

    /// For how long the server may be silent.
    private static var lookupLimit: Duration { .seconds(10) }
    /// The longest answer, in bytes: the slices of one Service.
    private static var lookupLength: Int { 16 << 20 }

    private func document(_ request: APIRequest) async throws(APIError) -> DocumentNode? {
        let body = try await transport.send(request).checked().collect(upTo: Self.lookupLength)
        do throws(DocumentSyntaxError) {
            return try JSONReader.read(body)
        } catch {
            throw .malformed("no JSON (line \(error.line))")
        }
    }

    private static func name(of endpoint: DocumentNode, namespace: String) -> String? {
        let node = endpoint.present("nodeName")?.plainText.map { " on \($0)" } ?? ""
        guard let target = endpoint.present("targetRef"), let name = target.present("name")?.plainText else {
            return node.isEmpty ? nil : String(node.dropFirst())
        }
        let kind = (target.present("kind")?.plainText ?? "Pod").lowercased()
        return "\(kind) \(target.present("namespace")?.plainText ?? namespace)/\(name)\(node)"
    }
}

extension DocumentNode {
    fileprivate var sequence: [DocumentNode] {
        if case .sequence(let nodes) = value { nodes } else { [] }
    }
}
