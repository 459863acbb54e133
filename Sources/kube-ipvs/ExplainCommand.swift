// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubernetesObjects
import NodeDaemon
import NodeInspection

/// `kube-ipvs explain`.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says whether a Service works on this node, and why it is as it is.",
        discussion: """
            The first line is a verdict; the exit status is 0 when the Service works, and 1 when something keeps it \
            from working or there is no such Service. Then comes, for each virtual IP, how many endpoints it uses \
            and what the kernel has of it, and for each endpoint whether it is used. Give it the flags of the \
            daemon, so that it sees what the daemon sees. Nothing is written.
            """
    )

    @OptionGroup var inspection: InspectionFlags
    @OptionGroup var form: OutputForm

    @Flag(help: "Explain each Service that is not as it should be.")
    var all = false

    @Argument(
        help: ArgumentHelp(
            "The Service, and the name or number of one of its ports.", valueName: "namespace/name[:port]"))
    var service: String?

    func validate() throws {
        guard all != (service != nil) else { throw ValidationError("name one Service, or give --all") }
    }

    func run() async throws {
        guard let service else { return try await explainAll() }
        guard let (name, port) = Self.parse(service) else {
            throw ValidationError("'\(service)' is not a Service such as default/web or default/web:http")
        }
        guard let report = try await inspection.inspect(about: name).report(on: name, port: port) else {
            StandardError.write("there is no Service \(name)\(port.map { " with a port \($0)" } ?? "")")
            throw ExitCode.failure
        }
        switch form.output {
        case .text: try OutputDescriptor.standardOutput.write(lines: report.lines)
        case .json:
            var json = try JSONReport("services", to: .standardOutput)
            try json.add(report.json)
            try json.end()
        }
        guard report.isGood else { throw ExitCode.failure }
    }

    private func explainAll() async throws {
        let output = try ReportOutput(form.output, to: .standardOutput)
        let count = try await inspection.inspect().forEachTroubledService { try output.write($0) }
        try output.end(serviceCount: count)
        guard output.count == 0 else { throw ExitCode.failure }
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

/// Writes reports one after the other.
private final class ReportOutput {
    private var text: OutputBuffer
    private var json: JSONReport?
    private(set) var count = 0

    init(_ form: OutputForm.Kind, to output: OutputDescriptor) throws(OutputError) {
        text = OutputBuffer(output)
        json = nil
        if form == .json { json = try JSONReport("services", to: output) }
    }

    func write(_ report: ServiceReport) throws(OutputError) {
        count += 1
        if json != nil {
            try json?.add(report.json)
        } else {
            for line in report.lines { try text.write(line: line) }
        }
    }

    func end(serviceCount: Int) throws(OutputError) {
        if let json = json.take() {
            try json.end(["serviceCount": .integer(Int64(serviceCount))])
        } else {
            try text.write(line: "\(count) of \(serviceCount) Services are not as they should be")
            try text.flush()
        }
    }
}
