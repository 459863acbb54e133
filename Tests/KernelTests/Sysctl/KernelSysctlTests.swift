// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct KernelSysctlTests {
        private let sysctls = KernelSysctls()
        private let key = "net/ipv4/vs/expire_nodest_conn"

        @Test func `values are those that sysctl shows`() async throws {
            try sysctls.write("1", to: key)
            #expect(try await command("sysctl", "-n", "net.ipv4.vs.expire_nodest_conn") == "1\n")
            try await command("sysctl", "-w", "net.ipv4.vs.expire_nodest_conn=0")
            #expect(try sysctls.read(key) == "0")
            #expect(try sysctls.read("net.ipv4.vs.expire_nodest_conn") == "0")
        }

        @Test func `a value is written only where it is another one`() throws {
            try sysctls.write("0", to: key)
            #expect(try sysctls.set(key, to: "1"))
            #expect(try sysctls.set(key, to: "1") == false)
            #expect(try sysctls.set("net/ipv4/ip_local_port_range", to: "32000 60000"))
            #expect(try sysctls.read("net/ipv4/ip_local_port_range") == "32000\t60000")
            #expect(try sysctls.set("net/ipv4/ip_local_port_range", to: "32000 60000") == false)
        }

        @Test func `a setting may be empty`() throws {
            #expect(try sysctls.read("net/ipv4/ip_local_reserved_ports") == "")
        }

        @Test func `interface names may have dots`() async throws {
            try KernelAddresses(linkName: "kube.100").removeLink()
            try await command("ip", "link", "add", "kube.100", "type", "dummy")
            try sysctls.write("2", to: "net/ipv4/conf/kube.100/rp_filter")
            #expect(try sysctls.read("net/ipv4/conf/kube.100/rp_filter") == "2")
            try KernelAddresses(linkName: "kube.100").removeLink()
        }

        @Test func `a failure names key, value and the kernel's words`() {
            #expect(
                throws: DataplaneError(
                    part: .sysctls, number: 2,
                    explanation: "cannot set net/ipv4/nosuch to 1: No such file or directory")
            ) { try sysctls.write("1", to: "net/ipv4/nosuch") }
            #expect(
                throws: DataplaneError(
                    part: .sysctls, number: 22, explanation: "cannot set \(key) to one: Invalid argument")
            ) { try sysctls.write("one", to: key) }
        }
    }
}
