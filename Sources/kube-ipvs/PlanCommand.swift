import ArgumentParser
import ProxyService

/// `kube-ipvs plan`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what a daemon that starts now would write, and writes nothing.",
        discussion: """
            One line for each object, in the order of writing. Give it the flags of the daemon. The exit status is 0 when \
            nothing would be written, 2 when something would, and 1 when a part of the kernel could not be read. Beside a \
            running daemon, what has changed within its sync period shows too.
            """
    )

    @OptionGroup var inspection: InspectionFlags

    func run() async throws {
        let next = try await inspection.inspect().nextSync()
        try OutputDescriptor.standardOutput.write(lines: next.changes)
        next.failures.forEach(StandardError.write)
        guard next.failures.isEmpty else { throw ExitCode.failure }
        guard next.changes.isEmpty else { throw ExitCode(2) }
    }
}
