// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SystemTesting
import Testing

/// A program that was started and goes on by itself.
struct RunningProgram {
    var identifier: Int
    /// The file that its standard output and error go to.
    var log: String

    var isRunning: Bool {
        // A zombie has ended; its parent, the guest's first process, has not yet taken notice.
        guard let status = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8) else {
            // No such process: the answer, and no failure.
            return false
        }
        return status.split(separator: ")").last?.split(separator: " ").first != "Z"
    }

    func output() throws -> String {
        try String(contentsOfFile: log, encoding: .utf8)
    }

    /// Sends a signal and waits for the end.
    func end(by signal: String) async throws {
        try await command("kill", "-\(signal)", String(identifier))
        try await eventually("process \(identifier) ends by \(signal)") { !isRunning }
    }
}

/// A daemon under test.
struct Daemon {
    /// The one that was built with the tests, or another that is to be tested instead, such as a release build.
    static let path =
        ProcessInfo.processInfo.environment["KUBE_IPVS_BINARY"]
        ?? CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/kube-ipvs"

    var program: RunningProgram

    /// The line that tells that the kernel first holds all that the manifests ask for, in both families, and how many
    /// objects had to be written for that.
    func firstPass() throws -> Substring? {
        try program.output().split(separator: "\n").first { $0.contains("first pass complete") }
    }

    func waitForFirstPass() async throws {
        try await eventually("the daemon's first pass") {
            try #require(program.isRunning, "the daemon has ended")
            return try firstPass() != nil
        }
    }

    func waitForLog(containing text: String) async throws {
        try await eventually("the daemon logs \(text)") { try program.output().contains(text) }
    }

    /// How much memory it has, in KiB.
    func residentKiB() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(program.identifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) })
    }

    func stop() async throws {
        try await program.end(by: "TERM")
    }

    func kill() async throws {
        try await program.end(by: "KILL")
    }
}
