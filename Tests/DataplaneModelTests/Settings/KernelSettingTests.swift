// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Testing

struct KernelSettingTests {
    @Test(
        arguments: [
            ("1", KernelSetting.Demand.exactly(1), nil), ("0", .exactly(1), "1"), ("", .exactly(1), "1"),
            ("2\t3", .exactly(2), "2"), ("65536", .atLeast(32768), nil), ("32768", .atLeast(32768), nil),
            ("32767", .atLeast(32768), "32768"), ("none", .atLeast(1), "1"),
        ] as [(String, KernelSetting.Demand, String?)])
    func `a value is written only over one that will not do`(
        current: String, demand: KernelSetting.Demand, written: String?
    ) {
        #expect(KernelSetting("key", demand, purpose: "test").value(over: current) == written)
    }

    @Test(
        arguments: [
            ("6.1.0-31-amd64", KernelVersion(6, 1)), ("5.4-rc2", KernelVersion(5, 4)),
            ("4.19.0+", KernelVersion(4, 19)),
            ("7.2.13", KernelVersion(7, 2)), ("5", nil), ("", nil), ("linux", nil), ("-6.1", nil),
        ] as [(String, KernelVersion?)])
    func `a kernel's version is the first two numbers of its release`(release: String, version: KernelVersion?) {
        #expect(KernelVersion(release: release) == version)
    }

    @Test func `versions are ordered by number`() {
        #expect(KernelVersion(4, 9) < KernelVersion(4, 19))
        #expect(KernelVersion(4, 19) < KernelVersion(5, 0))
        #expect(!(KernelVersion(5, 9) < KernelVersion(5, 9)))
    }

    @Test(
        arguments: [
            ("0", 1), ("0-3", 4), ("0-3,8,10-11", 7), ("", nil), ("3-0", nil), ("a", nil), ("0,", nil), ("0-1-2", nil),
        ] as [(String, Int?)])
    func `the CPUs of a list are counted`(text: String, count: Int?) {
        #expect(ProcessorList(text)?.count == count)
    }
}
