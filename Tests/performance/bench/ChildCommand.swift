// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import Foundation

/// What a program takes that a person runs: a command of `kube-ipvs`, beside the daemon.
struct ChildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "child",
        abstract: "Runs a program without showing its output, and measures what it took until it had ended."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "The name of the row.") var name: String
    @Argument(parsing: .postTerminator, help: "The program and its arguments.") var words: [String]

    func run() throws {
        guard let program = words.first else { throw ValidationError("no program") }
        let child = Process()
        child.executableURL = URL(filePath: program)
        child.arguments = Array(words.dropFirst())
        child.standardOutput = FileHandle.nullDevice
        let before = Meter.childrenCPU
        let start = Meter.now
        try child.run()
        child.waitUntilExit()
        let cost = Cost(wall: Meter.now - start, cpu: Meter.childrenCPU - before)
        // 2 says, for one, that there is something to write.
        guard child.terminationReason == .exit, child.terminationStatus <= 2 else {
            throw BenchError("\(name): ended with \(child.terminationStatus)")
        }
        Record(name, scale.value, cost, peakResident: Meter.peakResidentOfChildren).print()
    }
}
