// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubernetesObjects
import SmallFiles

struct ManifestsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifests",
        abstract:
            "Writes the objects of a scale into a directory, as JSON, a hundred Services to a file unless told otherwise."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "A directory that is there.") var directory: String
    @Flag(help: "Write all into one file.") var oneFile = false

    func run() throws {
        let all = 0..<scale.services
        let together = oneFile ? max(1, all.count) : 100
        for start in stride(from: 0, to: all.count, by: together) {
            let items = all[start..<min(start + together, all.count)].flatMap { number in
                [json(scale.value.service(number))] + scale.value.slices(number).map(json)
            }
            let list = #"{"apiVersion": "v1", "kind": "List", "items": [\#(items.joined(separator: ",\n"))]}"#
            try SmallFile.write(list + "\n", to: "\(directory)/\(start).json")
        }
    }

    private func json(_ service: Service) -> String {
        let addresses = service.clusterIPs.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            {"apiVersion": "v1", "kind": "Service", \
            "metadata": {"namespace": "\(service.name.namespace)", "name": "\(service.name.name)"}, \
            "spec": {"type": "ClusterIP", "clusterIP": "\(service.clusterIPs[0])", \
            "clusterIPs": [\(addresses)], \
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}
            """
    }

    private func json(_ slice: EndpointSlice) -> String {
        // Twice 100,000 endpoints with all conditions are more than a file may have.
        let conditions = oneFile ? #""ready": true"# : #""ready": true, "serving": true, "terminating": false"#
        let endpoints = slice.endpoints.map { endpoint in
            """
            {"addresses": ["\(endpoint.address)"], "conditions": {\(conditions)}, \
            "nodeName": "\(endpoint.nodeName ?? "")"}
            """
        }
        return """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "\(slice.family)", \
            "metadata": {"namespace": "\(slice.name.namespace)", "name": "\(slice.name.name)", \
            "labels": {"kubernetes.io/service-name": "\(slice.serviceName)"}}, \
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}], \
            "endpoints": [\(endpoints.joined(separator: ", "))]}
            """
    }
}
