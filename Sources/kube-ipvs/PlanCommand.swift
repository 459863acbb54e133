// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubernetesObjects
import NodeDaemon
import NodeInspection
import Reconcile

/// `kube-ipvs plan`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what a daemon that starts now would write, and writes nothing.",
        discussion: """
            One line for each object, in the order of writing, and how many there are at the end. Give it the flags \
            of the daemon. The exit status is 0 when nothing would be written, 2 when something would, and 1 when a \
            part of the kernel could not be read. Beside a running daemon, what has changed within its sync period \
            shows too.
            """
    )

    @OptionGroup var inspection: InspectionFlags
    @OptionGroup var form: OutputForm

    @Flag(help: "Sort the lines by the Services that want them.")
    var byService = false

    func validate() throws {
        guard !byService || form.output == .text else { throw ValidationError("--by-service goes with text only") }
    }

    func run() async throws {
        guard !byService else { return try await writeByService(try await inspection.inspect()) }
        let plan = try PlanOutput(form.output, to: .standardOutput)
        let failures = try await inspection.rehearse { plan.note($0) }
        let count = try plan.end(failures)
        try Self.end(failures, count)
    }

    private func writeByService(_ inspection: NodeInspection) async throws {
        var changes: [RehearsedChange] = []
        let failures = try await inspection.rehearse { changes.append($0) }
        var count = ChangeCount()
        for change in changes { count.add(change) }
        var output = OutputBuffer(.standardOutput)
        for group in inspection.byService(changes).groups {
            try output.write(line: group.title)
            for change in group.changes { try output.write(line: "  \(change)") }
        }
        try output.write(line: "\(count)")
        try output.flush()
        try Self.end(failures, count)
    }

    private static func end(_ failures: [String], _ count: ChangeCount) throws {
        failures.forEach(StandardError.write)
        guard failures.isEmpty else { throw ExitCode.failure }
        guard count.total == 0 else { throw ExitCode(2) }
    }
}

/// The form of what a command says.
struct OutputForm: ParsableArguments {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(name: .shortAndLong, help: ArgumentHelp("The form of the output.", valueName: "text|json"))
    var output = Kind.text
}

/// Writes a plan while it is made: it can be longer than memory is large.
final class PlanOutput {

    private var text: OutputBuffer
    private var json: JSONReport?
    private var count = ChangeCount()
    private var isFirst = true
    /// What went wrong with the output, if anything; there is nobody to tell before the end.
    private var error: OutputError?

    init(_ form: OutputForm.Kind, to output: OutputDescriptor) throws(OutputError) {
        text = OutputBuffer(output)
        json = nil
        if form == .json { json = try JSONReport("changes", to: output) }
    }

    func note(_ change: RehearsedChange) {
        guard error == nil else { return }
        count.add(change)
        do throws(OutputError) {
            if json != nil {
                try json?.add(["kind": .string(change.kind.rawValue), "text": .string(change.description)])
            } else {
                try text.write(line: change.description)
                // Who waits for a long plan sees that it has begun.
                if isFirst { try text.flush() }
            }
            isFirst = false
        } catch {
            self.error = error
        }
    }

    /// Says how many changes there are.
    func end(_ failures: [String]) throws(OutputError) -> ChangeCount {
        if let error { throw error }
        if let json = json.take() {
            try json.end([
                "failures": .array(failures.map(JSONValue.string)),
                "summary": .object(
                    RehearsedChange.Kind.allCases.filter(\.counts).map { kind in
                        JSONValue.Member(key: kind.rawValue, value: .integer(Int64(count.counts[kind] ?? 0)))
                    }),
            ])
        } else {
            try text.write(line: "\(count)")
            try text.flush()
        }
        return count
    }
}
