// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import Foundation
import Glibc
import IPVSListing
import KubernetesObjects
import Logging
import NodeStatus
import SystemTesting
import Testing

@testable import NodeDaemon
@testable import kube_ipvs

extension KernelSuite {
    /// What a dump of a long table takes: it runs in the daemon's Pod, and within the daemon's memory.
    @Suite(.serialized)
    struct DumpMemoryTests {
        private static let virtualServers = 2000
        private static let realServers = 10

        /// Runs the program, and says what it printed and the most memory that it had, in KiB (`ru_maxrss`, wait4(2)).
        private static func measure(_ options: [String]) async throws -> (bytes: Int, lines: Int, memory: Int) {
            let script = #"""
                use strict; use warnings; use POSIX ();
                my $file = shift;
                my $child = fork // die "fork: $!";
                if ($child == 0) { open(STDOUT, '>', $file) or die "$file: $!"; exec(@ARGV) or die "exec: $!"; }
                # struct rusage: two times of two words each, then ru_maxrss.
                my ($status, $usage) = (pack('x8'), pack('x144'));
                my $ended = syscall((POSIX::uname())[4] eq 'x86_64' ? 61 : 260, $child, $status, 0, $usage);
                die "wait4: $!" if $ended != $child;
                die "status " . unpack('i', $status) if unpack('i', $status);
                print((unpack('q18', $usage))[4]);
                """#
            let file = FileManager.default.temporaryDirectory.appending(path: "dump-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            let answer = try await command(["perl", "-e", script, file.path] + (try dumpProgram(options)))
            let text = try Data(contentsOf: file)
            return (text.count, text.count { $0 == UInt8(ascii: "\n") }, try #require(Int(answer)))
        }

        @Test func `a long table takes hardly more memory than an empty one, as text, commands and JSON`() async throws
        {
            try await command("ipvsadm", "-C")
            let forms = [["-n"], ["-n", "--stats"], ["-S", "-n"], ["-o", "json"]]
            var empty: [[String]: Int] = [:]
            for form in forms { empty[form] = try await Self.measure(form).memory }

            try await command(["ipvsadm", "-R"], input: Self.restoreText)
            for form in forms {
                let (bytes, lines, memory) = try await Self.measure(form)
                #expect(lines >= Self.virtualServers * (1 + Self.realServers))
                // As JSON it is twenty times that.
                let growth = memory - (try #require(empty[form]))
                #expect(growth < 3 << 10, "\(form): \(growth) KiB for \(bytes) bytes of output")
            }
            try await command("ipvsadm", "-C")
        }

        @Test(arguments: [["-n"], ["-o", "json"]])
        func `what stands above the table goes out before the table is read`(options: [String]) async throws {
            try await command("ipvsadm", "-C")
            try await command("ipvsadm", "-A", "-t", "10.96.0.1:80", "-s", "rr")
            // Of such a socket one message is read at a time, and each write is one.
            var ends: [Int32] = [0, 0]
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
            defer { for end in ends { close(end) } }
            try DumpCommand.parse(options).write(to: OutputDescriptor(number: ends[0]))
            let pieces = (0..<2).map { _ in
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                let count = unsafe bytes.withUnsafeMutableBytes { unsafe recv(ends[1], $0.baseAddress, $0.count, 0) }
                return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            }
            #expect(pieces[0].hasSuffix(options == ["-n"] ? "InActConn\n" : "\"virtualServers\": ["))
            #expect(!pieces[0].contains("10.96.0.1") && pieces[1].contains("10.96.0.1"))
            try await command("ipvsadm", "-C")
        }

        /// A daemon that has a name for everything.
        private static func withDaemon(_ body: () async throws -> Void) async throws {
            let socket = LocalStatusSocket(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })) {
                question in
                guard let ids = ServerNamesText.asked(in: question.body), !ids.isEmpty else {
                    let status = StatusReport(time: "t", node: "n", version: "v", uptime: 0, source: "s")
                    return LocalAnswer(200, "application/json", status.json.text)
                }
                let names = ids.map { id in
                    let endpoints = (1...Self.realServers).map { number in
                        let address = IPAddress(v4: 0x0af4_0000 | (id.address.v4Value ?? 0) & 0xff00 | UInt32(number))
                        let name = "checkout-of-the-shop-7d4b9c6f5-x2k\(number)p"
                        return (
                            RealServer.ID(address: address, port: 8080),
                            ServerNames.Endpoint(pod: name, node: "worker-\(number)", zone: "europe-west1-b")
                        )
                    }
                    return ServerNames(
                        service: .init(namespace: "shop", name: "web-\(id.address)", port: "http"),
                        endpoints: Dictionary(uniqueKeysWithValues: endpoints))
                }
                return LocalAnswer(200, "text/plain", ServerNamesText.answer(names))
            }
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await socket.run() }
                defer { group.cancelAll() }
                try await eventually("the socket is open") { (try? RunningDaemon().status()) != nil }
                try await body()
            }
        }

        @Test func `the names of a long table take hardly more memory than none`() async throws {
            try await Self.withDaemon {
                try await command("ipvsadm", "-C")
                let forms = [["--services"], ["-o", "json"]]
                var empty: [[String]: Int] = [:]
                for form in forms { empty[form] = try await Self.measure(form).memory }
                try await command(["ipvsadm", "-R"], input: Self.restoreText)
                for form in forms {
                    let (bytes, lines, memory) = try await Self.measure(form)
                    #expect(lines >= Self.virtualServers * (1 + Self.realServers))
                    // 20,000 names of Pods alone are 1 MB, and have to be somewhere if they are held.
                    #expect(bytes > Self.virtualServers * Self.realServers * 60)
                    let growth = memory - (try #require(empty[form]))
                    #expect(growth < 4 << 10, "\(form): \(growth) KiB for \(bytes) bytes of output")
                }
                try await command("ipvsadm", "-C")
            }
        }

        private static var restoreText: String {
            var text = ""
            for number in 0..<virtualServers {
                let server = "-t 10.96.\(number / 250).\(number % 250 + 1):80"
                text += "-A \(server) -s rr\n"
                for real in 1...realServers { text += "-a \(server) -r 10.244.\(number / 250).\(real):8080 -m -w 1\n" }
            }
            return text
        }
    }
}
