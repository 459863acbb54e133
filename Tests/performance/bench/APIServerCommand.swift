// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubernetesObjects
import KubernetesTesting

struct APIServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-server",
        abstract:
            "Serves the objects of a scale as an API server does, over plain HTTP on the loopback address, until it is killed."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "The port.") var port: Int

    func run() async throws {
        let api = FakeAPIServer()
        let scale = scale.value
        for number in 0..<scale.services {
            api.set(.service(scale.service(number)))
            api.set(.endpointSlice(scale.slice(number)))
        }
        api.set(.node(Node(name: Scale.nodeName)))
        try await HTTPAPIServer.run(api, port: port) { server in
            print("serving at port \(server.port)")
            // Until it is killed.
            try await Task.sleep(for: .seconds(86_400))
        }
    }
}
