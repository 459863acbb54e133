import ArgumentParser
import KubernetesObjects
import ProxyService

/// `kube-ipvs explain`.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says why this node does with a Service what it does.",
        discussion: """
            For each virtual IP: which endpoints it uses and what the kernel has of it; for each other endpoint, why it is not \
            used. Give it the flags of the daemon, so that it sees what the daemon sees. Nothing is written.
            """
    )

    @OptionGroup var inspection: InspectionFlags

    @Argument(
        help: ArgumentHelp(
            "The Service, and the name or number of one of its ports.", valueName: "namespace/name[:port]"))
    var service: String

    func run() async throws {
        guard let (name, port) = Self.parse(service) else {
            throw ValidationError("'\(service)' is not a Service such as default/web or default/web:http")
        }
        guard let lines = try await inspection.inspect().explanation(of: name, port: port) else {
            StandardError.write("there is no Service \(name)\(port.map { " with a port \($0)" } ?? "")")
            throw ExitCode.failure
        }
        try OutputDescriptor.standardOutput.write(lines: lines)
    }

    private static func parse(_ text: String) -> (ObjectName, port: String?)? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty }), parts.count == 1 || !parts[1].isEmpty else {
            return nil
        }
        return (
            ObjectName(namespace: String(names[0]), name: String(names[1])), parts.count == 1 ? nil : String(parts[1])
        )
    }
}
