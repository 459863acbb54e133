// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

@testable import NodeStartup

struct KernelModulesTests {
    @Test func `a module that no list has is lacking, and without the lists nothing is sure`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "modules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let modules = KernelModules(directory: directory.path())
        #expect(!modules.lack("ip_vs_nosuch"))

        try Data("kernel/net/netfilter/ipvs/ip_vs_wrr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz\n".utf8)
            .write(to: directory.appending(path: "modules.dep"))
        #expect(!KernelModules(directory: directory.path()).lack("ip_vs_nosuch"), "half of the lists tells nothing")
        try Data("kernel/net/netfilter/ipvs/ip_vs_sed.ko\n".utf8)
            .write(to: directory.appending(path: "modules.builtin"))
        let listed = KernelModules(directory: directory.path())
        #expect(!listed.lack("ip_vs_wrr"))
        #expect(!listed.lack("ip_vs_sed"))
        // Where sysfs is not there, nothing is sure either.
        #expect(listed.lack("ip_vs_nosuch") == FileManager.default.fileExists(atPath: "/sys/module"))
    }
}
