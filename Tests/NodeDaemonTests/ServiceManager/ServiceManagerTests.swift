// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Dispatch
import Foundation
import Glibc
import Synchronization
import SystemTesting
import Testing

@testable import NodeDaemon

@Suite struct ServiceManagerTests {
    /// What a service manager has: a datagram socket under a name, and the environment that it gives to a daemon.
    private final class Manager: Sendable {
        let name: String
        private let descriptor: Int32

        init(abstract: Bool) throws {
            let unique = "kube-ipvs-\(UUID().uuidString)"
            name = abstract ? "@\(unique)" : FileManager.default.temporaryDirectory.path + "/\(unique)"
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let path = abstract ? [0] + Array(unique.utf8) : Array(name.utf8)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
            let size = socklen_t(2 + path.count)
            let bound = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(descriptor, $0, size)
                }
            }
            try #require(bound == 0)
        }

        deinit {
            close(descriptor)
            if name.hasPrefix("/") { unsafe _ = unlink(name) }
        }

        func environment(_ more: [String: String] = [:]) -> (String) -> String? {
            { [name] in $0 == "NOTIFY_SOCKET" ? name : more[$0] }
        }

        /// The first lines of the datagrams that have come.
        var messages: [Substring] {
            var found: [Substring] = []
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return found }
                found += String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n").prefix(1)
            }
        }
    }

    @Test(arguments: [false, true])
    func `readiness is told once, the end and the watchdog each time, by a path or an abstract name`(
        abstract: Bool
    ) throws {
        let manager = try Manager(abstract: abstract)
        let told = ServiceManager(manager.environment())
        told.noteReady()
        told.noteReady()
        told.noteAlive()
        told.noteAlive()
        told.noteStopping()
        #expect(manager.messages == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"])
    }

    @Test func `without a manager, or with one that is gone or has no name, nothing happens`() {
        let long = "/" + String(repeating: "x", count: 108)
        for name in [nil, "", "@", "relative", "/none/notify", "@kube-ipvs-none", long] {
            let told = ServiceManager { $0 == "NOTIFY_SOCKET" ? name : nil }
            told.noteReady()
            told.noteStopping()
            #expect(told.watchdogLimit == nil)
        }
    }

    @Test func `the watchdog counts for the process that it names, and with a number that is one`() throws {
        let manager = try Manager(abstract: true)
        func limit(_ more: [String: String]) -> Duration? {
            ServiceManager(manager.environment(more), process: 42).watchdogLimit
        }
        #expect(limit(["WATCHDOG_USEC": "60000000"]) == .seconds(60))
        #expect(limit(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "42"]) == .seconds(60))
        #expect(limit(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "43"]) == nil)
        for number in ["", "0", "-1", "1s", "99999999999999999999"] { #expect(limit(["WATCHDOG_USEC": number]) == nil) }
        #expect(limit([:]) == nil)
        #expect(ServiceManager { $0 == "WATCHDOG_USEC" ? "60000000" : nil }.watchdogLimit == nil)
    }

    @Test func `a watchdog is told at once, and then within half of its limit`() {
        let start = ContinuousClock().now
        var pace = WatchdogPace(limit: .seconds(10))
        let told = (0...21).filter { pace.isDue(at: start + .seconds($0)) }
        #expect(told == [0, 5, 10, 15, 20])
        #expect(pace.next(after: start + .seconds(21)) == start + .seconds(25))
    }

    @Test func `without a watchdog none is told, and nobody wakes up for it`() {
        let start = ContinuousClock().now
        var pace = WatchdogPace(limit: nil)
        #expect(!(0...100).contains { pace.isDue(at: start + .seconds($0)) })
        #expect(pace.next(after: start) == nil)
    }

    @Test func `a daemon is alive while it waits for its objects, and ready when the first pass is complete`()
        async throws
    {
        let manager = try Manager(abstract: true)
        let told = ServiceManager(manager.environment(["WATCHDOG_USEC": "20000"]))
        try await RunningProxy.run(families: [.v4, .v6], manager: told) { node in
            var messages: [Substring] = []
            try await eventually("the watchdog is told again and again") {
                messages += manager.messages
                return messages.count > 3
            }
            #expect(Set(messages) == ["WATCHDOG=1"])
            await node.begin([])
            try await eventually("it is ready") {
                messages += manager.messages
                return messages.contains("READY=1")
            }
            // And goes on on a quiet node.
            let count = messages.count
            try await eventually("the watchdog is told on") {
                messages += manager.messages
                return messages.count > count + 3
            }
            #expect(messages.filter { $0 == "READY=1" }.count == 1)
        }
    }

    @Test func `a daemon whose rules cannot be written is alive, and not ready`() async throws {
        let manager = try Manager(abstract: true)
        let told = ServiceManager(manager.environment(["WATCHDOG_USEC": "20000"]))
        try await RunningProxy.run(families: [.v4], brokenFamilies: [.v4], manager: told) { node in
            await node.begin([])
            try await eventually("a pass has failed") {
                node.value(#"kubeipvs_dataplane_failures_total{ip_family="IPv4",part="rules"}"#) ?? 0 > 0
            }
            _ = manager.messages
            var messages: [Substring] = []
            try await eventually("the watchdog is told on") {
                messages += manager.messages
                return messages.count > 3
            }
            #expect(Set(messages) == ["WATCHDOG=1"])
        }
    }

    /// A call of the kernel that hangs holds up the loop's thread: no watchdog may be deceived about it.
    @Test func `a loop that hangs is silent`() async throws {
        let manager = try Manager(abstract: true)
        let told = ServiceManager(manager.environment(["WATCHDOG_USEC": "20000"]))
        try await RunningProxy.run(manager: told) { node in
            await node.begin([])
            let hang = Hang()
            async let hanging: Void = node.proxy.hang(hang)
            try await eventually("it hangs") { hang.hasBegun }
            _ = manager.messages
            try await Task.sleep(for: .milliseconds(200))
            #expect(manager.messages.isEmpty)
            hang.end()
            await hanging
            try await eventually("it is alive again") { !manager.messages.isEmpty }
        }
    }
}

/// A call that does not come back until it is told to.
private final class Hang: Sendable {
    private let began = Atomic(false)
    private let semaphore = DispatchSemaphore(value: 0)

    var hasBegun: Bool { began.load(ordering: .acquiring) }

    func wait() {
        began.store(true, ordering: .releasing)
        semaphore.wait()
    }

    func end() { semaphore.signal() }
}

extension ServiceProxy {
    fileprivate func hang(_ hang: Hang) { hang.wait() }
}
