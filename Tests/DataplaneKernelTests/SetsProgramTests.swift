// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CSetsProtocol
import ChildPrograms
import DataplaneModel
import Foundation
import Reconcile
import SystemTesting
import Testing

@testable import DataplaneKernel

/// The program without a kernel that lets it do anything, and other programs in its place.
@Suite struct SetsProgramTests {
    private static let set = IPSetDefinition(name: "KUBE-TEST", type: .hashIP, family: .v4)

    /// A program that does not do what `kube-ipvs-sets` does.
    private func failure(of script: String, mode: Int = 0o755) throws -> DataplaneError? {
        let path = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "#!/bin/bash\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let sets = KernelIPSet(program: path, timeLimit: .milliseconds(500))
        let error = #expect(throws: DataplaneError.self) { try sets.create(Self.set) }
        #expect(error?.explanation.hasPrefix("\(path), the program that writes sets, ") == true)
        // Once more: the same sentence, so that the log has it once.
        let next = #expect(throws: DataplaneError.self) { try sets.destroy(Self.set.name) }
        #expect(next == error)
        return error
    }

    @Test(arguments: [
        ("exit 0", "ended with status 0"), ("exit 3", "ended with status 3"), ("kill -9 $$", "was ended by signal 9"),
        ("sleep 60", "did not go on within 0.5 seconds"),
        ("exec 0<&- ; sleep 60", "has closed its socket"),
        ("head -c 256 /dev/zero >&0; sleep 60", "has sent no answer of this protocol"),
        ("head -c 100 /dev/zero >&0", "ended with status 0"),
        (
            #"printf 'KISP\x02\x00' >&0; head -c 250 /dev/zero >&0; sleep 60"#,
            "has sent an answer of another version of this protocol"
        ),
        (#"printf 'KISP\x01\x00\x09' >&0; head -c 249 /dev/zero >&0; sleep 60"#, "has sent an outcome that is none"),
        (
            #"printf 'KISP\x01\x00\x01\x00\xff\xff\xff\xff' >&0; head -c 244 /dev/zero >&0; sleep 60"#,
            "has sent a number that is none of the kernel's"
        ),
        (#"printf 'KISP\x01\x00\x00' >&0; printf 'x%.0s' {1..249} >&0; sleep 60"#, "has sent words that do not end"),
    ])
    func `a program that ends, hangs or answers with garbage is told, and named`(script: String, words: String) throws {
        #expect(try failure(of: script)?.explanation.hasSuffix(words) == true)
    }

    @Test func `a program that is missing, or is none, is told`() throws {
        let sets = KernelIPSet(program: "/none/kube-ipvs-sets")
        let error = #expect(throws: DataplaneError.self) { try sets.create(Self.set) }
        #expect(
            error?.explanation
                == "/none/kube-ipvs-sets, the program that writes sets, cannot be started: No such file or directory")
        // Not the number that says that there is no such set.
        #expect(error?.number == 0)
        #expect(throws: DataplaneError.self) { try sets.destroyIfPresent(Self.set.name) }
        #expect(try failure(of: "exit 0", mode: 0o644)?.explanation.hasSuffix("Permission denied") == true)
    }

    @Test func `what is no request ends the program, with an answer`() throws {
        let program = try AttendedProgram(SetsProgram.defaultPath, timeLimit: .seconds(10))
        try Self.send([UInt8](repeating: 1, count: 84), to: program)
        let answer = try answer(of: program)
        #expect(answer?.outcome == UInt8(SETS_MISUNDERSTOOD.rawValue))
        #expect(answer?.text == "no request of this protocol")
        #expect(program.end(within: .seconds(10)) == .exited(1))
    }

    @Test func `the end of the socket ends the program, in the middle of a request too`() async throws {
        for count in [0, 1, 83, 84, 85, 84 + 35, 84 + 36, 84 + 100 * 36] {
            var request = try sets_request(SETS_ADD, Self.set)
            request.count = 1_000
            var program: AttendedProgram? = try AttendedProgram(SetsProgram.defaultPath, timeLimit: .seconds(10))
            let process = try #require(program?.processIdentifier)
            let bytes = Self.bytes(of: request) + [UInt8](repeating: 7, count: 100 * 36)
            if let program { try Self.send(Array(bytes.prefix(count)), to: program) }
            program = nil
            try await eventually("process \(process) ends") {
                !FileManager.default.fileExists(atPath: "/proc/\(process)")
            }
        }
    }

    /// Requests of the protocol with a random fault here and there, and the socket's end behind them.
    @Test func `whatever it is sent, the program answers or ends, and does not crash`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for round in 1...150 {
            let program = try AttendedProgram(SetsProgram.defaultPath, timeLimit: .seconds(10))
            var answers = 0
            while answers < 20, program.end() == nil {
                do {
                    try Self.send(try Self.randomMessage(&generator), to: program)
                    guard try answer(of: program) != nil else { break }
                    answers += 1
                } catch AttendedProgram.Failure.closed {
                    break
                }
            }
            if program.isClosed {
                #expect(program.end(within: .seconds(10)) == .exited(1), "seed \(seed), round \(round)")
            } else {
                #expect(program.end() == nil, "seed \(seed), round \(round)")
            }
        }
    }

    // MARK: Support

    private static func send(_ bytes: [UInt8], to program: AttendedProgram) throws {
        let nothing: [UInt8] = []
        try unsafe program.send(bytes.span.bytes, nothing.span.bytes)
    }

    private static func bytes(of request: sets_request) -> [UInt8] {
        unsafe withUnsafeBytes(of: request) { unsafe Array($0) }
    }

    private static func randomMessage(_ generator: inout SeededGenerator) throws -> [UInt8] {
        var request = sets_request(SETS_GREET)
        request.command = .random(in: 1...6, using: &generator)
        request.type = .random(in: 1...5, using: &generator)
        request.family = Bool.random(using: &generator) ? 2 : 10
        request.maximum_elements = .random(in: 0 ... .max, using: &generator)
        if request.command > 4 { request.count = .random(in: 0...3_000, using: &generator) }
        // Nobody's set, so that nothing is written where the kernel would let it.
        if request.command == UInt8(SETS_CREATE.rawValue) { request.command = UInt8(SETS_DESTROY.rawValue) }
        if request.command != UInt8(SETS_GREET.rawValue) { try request.setName("KUBE-IPVS-NONE") }
        if request.command == UInt8(SETS_SWAP.rawValue) { try request.setOther("KUBE-IPVS-NO") }
        var bytes = Self.bytes(of: request)
        bytes += (0..<Int(request.count) * 36).map { _ in .random(in: 0...255, using: &generator) }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            // Not in the number of entries: that would be a request that waits for the rest of them.
            bytes[Int.random(in: 0..<16, using: &generator)] ^= .random(in: 1...255, using: &generator)
        }
        return bytes
    }

    /// `nil` when the program has ended instead.
    private func answer(of program: AttendedProgram) throws -> sets_answer? {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sets_answer>.size)
        do {
            var span = bytes.mutableSpan
            var raw = unsafe span.mutableBytes
            try program.receive(into: &raw)
        } catch .closed {
            return nil
        }
        var answer = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: sets_answer.self) }
        #expect(unsafe sets_answer_fault(&answer) == nil)
        return answer
    }
}
