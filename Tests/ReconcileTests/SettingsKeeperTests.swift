// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

struct SettingsKeeperTests {
    private let keeper = SettingsKeeper([
        KernelSetting("a", .exactly(1), purpose: "first thing"),
        KernelSetting("b", .exactly(2), purpose: "second thing"),
        KernelSetting("c", .atLeast(30), purpose: "third thing"),
    ])

    @Test func `only what differs is written, and only once`() {
        let fake = FakeSettings(["a": "1", "b": "0", "c": "40"])
        #expect(keeper.keep(on: fake).written.map(\.key) == ["b"])
        #expect(fake.values == ["a": "1", "b": "2", "c": "40"])
        #expect(keeper.keep(on: fake) == SettingsReport())
        #expect(fake.writes == ["b=2"])
    }

    @Test func `one that fails is told with what suffers, and the others are written`() {
        let fake = FakeSettings(["b": "0", "c": "10"])
        fake.readOnly = ["b"]
        let report = keeper.keep(on: fake)
        #expect(report.written.map(\.key) == ["c"])
        #expect(report.failures.map(\.number) == [2, 30])
        #expect(report.failures.map(\.part) == [.sysctls, .sysctls])
        #expect(report.failures[0].explanation == "cannot read a; without a = 1 there is no first thing")
        #expect(report.failures[1].explanation.hasSuffix("without b = 2 there is no second thing"))
    }

    @Test func `one that is right may be read-only`() {
        let fake = FakeSettings(["a": "1", "b": "2", "c": "30"])
        fake.readOnly = ["a", "b", "c"]
        #expect(keeper.keep(on: fake) == SettingsReport())
    }

    @Test func `what somebody changed counts as drift of a pass, and what cannot be written does not fail it`() {
        let fake = FakeSettings(["a": "1", "b": "0", "c": "10"])
        fake.readOnly = ["c"]
        var report = PassReport(family: .v4, mode: .verify)
        report.add(keeper.keep(on: fake))
        #expect(report.drift == [.sysctl: 1])
        #expect(report.applied == [.sysctl: 1])
        #expect(report.degradedSettings?.count == 1)
        #expect(report.isComplete)
    }
}
