// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubernetesObjects
import SmallFiles

struct ManifestsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifests",
        abstract: "Writes the objects of a scale into a directory, as JSON, a hundred Services to a file."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "A directory that is there.") var directory: String

    func run() throws {
        let all = 0..<scale.services
        for start in stride(from: 0, to: all.count, by: 100) {
            let items = all[start..<min(start + 100, all.count)].flatMap { number in
                [json(scale.value.service(number)), json(scale.value.slice(number))]
            }
            let list = #"{"apiVersion": "v1", "kind": "List", "items": [\#(items.joined(separator: ",\n"))]}"#
            try SmallFile.write(list + "\n", to: "\(directory)/\(start).json")
        }
    }

    private func json(_ service: Service) -> String {
        """
        {"apiVersion": "v1", "kind": "Service", \
        "metadata": {"namespace": "\(service.name.namespace)", "name": "\(service.name.name)"}, \
        "spec": {"type": "ClusterIP", "clusterIP": "\(service.clusterIPs[0])", \
        "clusterIPs": ["\(service.clusterIPs[0])"], \
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}
        """
    }

    private func json(_ slice: EndpointSlice) -> String {
        let endpoints = slice.endpoints.map { endpoint in
            """
            {"addresses": ["\(endpoint.address)"], "conditions": {"ready": true, "serving": true, "terminating": false}, \
            "nodeName": "\(endpoint.nodeName ?? "")"}
            """
        }
        return """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", \
            "metadata": {"namespace": "\(slice.name.namespace)", "name": "\(slice.name.name)", \
            "labels": {"kubernetes.io/service-name": "\(slice.serviceName)"}}, \
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}], \
            "endpoints": [\(endpoints.joined(separator: ", "))]}
            """
    }
}
