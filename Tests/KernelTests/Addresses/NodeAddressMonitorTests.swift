// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct NodeAddressMonitorTests {
        private let monitor: NodeAddressMonitor

        init() async throws {
            try KernelAddresses(linkName: "monitored").removeLink()
            try await command("ip", "link", "add", "monitored", "type", "dummy")
            monitor = try NodeAddressMonitor()
        }

        @Test func `every address comes with the name of its interface`() async throws {
            try await command("ip", "addr", "add", "192.0.2.1/24", "dev", "monitored")
            try await command("ip", "addr", "add", "2001:db8::1/64", "dev", "monitored", "nodad")
            try await command("ip", "addr", "add", "198.51.100.1", "peer", "198.51.100.2", "dev", "monitored")

            let shown = try await command("ip", "-oneline", "addr").split(separator: "\n").map { line in
                let words = line.split(separator: " ")
                let address = try #require(IPAddress(String(words[3].split(separator: "/")[0])))
                return InterfaceAddress(address: address, interface: String(words[1]))
            }
            let found = try monitor.interfaceAddresses()
            #expect(Set(found) == Set(shown))
            #expect(found.contains(InterfaceAddress(address: IPAddress(v4: 0xc633_6401), interface: "monitored")))
        }

        @Test(arguments: [
            ["addr", "add", "192.0.2.9/32", "dev", "monitored"], ["link", "set", "monitored", "up"],
            ["addr", "add", "2001:db8::9/128", "dev", "monitored", "nodad"], ["link", "delete", "monitored"],
        ])
        func `a change is noticed`(words: [String]) async throws {
            #expect(try monitor.waitForChange(timeout: .zero).isEmpty)
            try await command(["ip"] + words)
            #expect(try monitor.waitForChange(timeout: .seconds(5)).concernsNode)
            #expect(try monitor.waitForChange(timeout: .zero).isEmpty)
        }

        @Test func `lost events are a change, and afterwards it listens again`() throws {
            let addresses = try KernelAddresses(linkName: "monitored")
            let many = try (1...UInt16(20_000)).map { try address(.v4, 1, $0) }
            #expect(try addresses.apply(many.map(AddressChange.bind)) == [])
            #expect(try monitor.waitForChange(timeout: .zero).concernsNode)
            #expect(try monitor.waitForChange(timeout: .zero).isEmpty)

            #expect(try addresses.apply([.unbind(many[0])]) == [])
            #expect(try monitor.waitForChange(timeout: .zero).concernsNode)
            #expect(try monitor.interfaceAddresses().count { $0.interface == "monitored" } == many.count - 1)
        }
    }
}
