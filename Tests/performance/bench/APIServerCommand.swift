// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import Glibc
import KubernetesObjects
import KubernetesTesting
import SmallFiles

struct APIServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-server",
        abstract: "Serves the objects of a scale as an API server does, on the loopback address, until it is killed."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "The port.") var port: Int
    @Option(help: "Serve over TLS, and write into this directory what a client needs: ca.crt and kubeconfig.")
    var tlsDirectory: String?
    @Option(help: "So many slices change once there is a file `change` in the directory; then `changed` is written.")
    var events = 0

    func run() async throws {
        let api = FakeAPIServer()
        let scale = scale.value
        for number in 0..<scale.services {
            api.set(.service(scale.service(number)))
            for slice in scale.slices(number) { api.set(.endpointSlice(slice)) }
        }
        api.set(.node(Node(name: Scale.nodeName)))
        let tls = tlsDirectory.map { _ in
            HTTPAPIServer.TLS(certificate: TestCertificates.server, key: TestCertificates.serverKey)
        }
        if let tlsDirectory { try Self.writeAccess(to: port, in: tlsDirectory) }
        let (directory, events) = (tlsDirectory, events)
        try await HTTPAPIServer.run(api, tls: tls, port: port) { server in
            print("serving at port \(server.port)")
            if let directory, events > 0 { try await Self.change(events, of: scale, on: api, directory) }
            // Until it is killed.
            try await Task.sleep(for: .seconds(86_400))
        }
    }

    private static func writeAccess(to port: Int, in directory: String) throws {
        try SmallFile.write(TestCertificates.authority + "\n", to: "\(directory)/ca.crt")
        let kubeconfig = """
            {"apiVersion": "v1", "kind": "Config", "current-context": "bench",
             "clusters": [{"name": "bench", "cluster":
               {"server": "https://127.0.0.1:\(port)", "certificate-authority": "ca.crt"}}],
             "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
             "users": [{"name": "bench", "user": {}}]}

            """
        try SmallFile.write(kubeconfig, to: "\(directory)/kubeconfig")
    }

    /// One slice each 10 ms, with one more endpoint.
    private static func change(
        _ events: Int,
        of scale: Scale,
        on api: FakeAPIServer,
        _ directory: String
    ) async throws {
        while unsafe access("\(directory)/change", F_OK) != 0 { try await Task.sleep(for: .milliseconds(50)) }
        for event in 0..<events {
            let service = event * scale.services / events
            let endpoints = scale.slice(service).endpoints + [scale.newcomer(event)]
            api.set(.endpointSlice(scale.slice(service, endpoints: endpoints)))
            try await Task.sleep(for: .milliseconds(10))
        }
        try SmallFile.write("", to: "\(directory)/changed")
    }
}
