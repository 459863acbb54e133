// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import KubernetesObjects
import Logging
import NodeInspection
import NodeStartup
import PacketTrace

/// `kube-ipvs trace`.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Follows the first packet of a connection through this node.",
        discussion: """
            The source is an address, ADDRESS:PORT, `node`, or `pod NAMESPACE/NAME`. It looks at routing, rules, \
            sets and IPVS as the kernel has them now, and says which of them decide, which endpoints the packet may \
            reach, and whom they see as their client. The last line is a verdict; the exit status is 0 when an \
            endpoint gets the packet, and else 1. Give it the flags of the daemon. Nothing is written.
            """
    )

    @OptionGroup var flags: KubeProxyFlags
    @OptionGroup var form: OutputForm

    @Flag(help: "Do not look up what Services and Pods are called.")
    var noNames = false

    @Option(
        help: ArgumentHelp(
            "Answer the questions of this file, one a line: a source and a destination.", valueName: "file"))
    var questions: String?

    @Argument(
        help: ArgumentHelp(
            "The source, and the destination: TCP unless /udp or /sctp follows, an IPv6 address in brackets.",
            valueName: "source address:port"))
    var words: [String] = []

    func validate() throws {
        try flags.refuseTasks(besides: "`trace`")
        guard questions == nil || words.isEmpty else {
            throw ValidationError("--questions goes without a source and a destination")
        }
        if questions == nil { _ = try Self.question(words) }
    }

    private static func question(_ words: [String]) throws -> TraceQuestion {
        do throws(TraceQuestion.Mistake) {
            return try TraceQuestion(words)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private func allQuestions() throws -> [TraceQuestion] {
        guard let questions else { return [try Self.question(words)] }
        let text = String(decoding: try ArgumentFile.read(questions), as: UTF8.self)
        return try text.split(separator: "\n").map { line in
            try Self.question(line.split(separator: " ").map(String.init))
        }
    }

    func run() async throws {
        let questions = try allQuestions()
        let (loaded, _) = try flags.loaded()
        var logger = Logger(label: "kube-ipvs") { _ in TextLogHandler() }
        logger.logLevel = .error
        let settings = loaded.settings
        let objects = TraceObjects(
            Result { () throws(StartError) in try flags.source(settings.client) }, settings: settings,
            version: VersionCommand.version, logger: logger)
        let node = try TracedNode(settings, objects, looksUpNames: !noNames)
        var allArrive = true
        for question in questions {
            let answer = try await node.answer(question)
            try write(answer)
            allArrive = allArrive && answer.path.verdict.isGood
        }
        guard allArrive else { throw ExitCode.failure }
    }

    private func write(_ answer: TracedNode.Answer) throws {
        switch form.output {
        case .text:
            try OutputDescriptor.standardOutput.write(
                lines: answer.path.lines(origin: answer.origin, names: answer.names))
        case .json:
            var report = try JSONReport("steps", to: .standardOutput)
            for step in answer.path.steps { try report.add(step.json) }
            try report.end(members: answer.path.members(origin: answer.origin, names: answer.names))
        }
    }
}
