// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import InMemoryLogging
import Logging
import Reconcile
import Testing

@testable import ProxyTelemetry

struct PassLogTests {
    private let recorder = InMemoryLogHandler()

    private func log(_ families: [IPFamily] = [.v4], level: Logger.Level = .info) -> PassLog {
        var logger = Logger(label: "test", factory: { _ in recorder })
        logger.logLevel = level
        return PassLog(families: families, logger: logger)
    }

    private static func report(
        _ family: IPFamily = .v4,
        applied: [ObjectKind: Int] = [:],
        failures: [DataplaneError] = []
    ) -> PassReport {
        var report = PassReport(family: family, mode: .verify)
        report.applied = applied
        report.failures = failures
        return report
    }

    @Test func `a pass names the Services that it changed something for`() {
        var log = log(level: .debug)
        #expect(log.namesServices)
        log.note(Self.report(), took: .zero, services: ["shop/web:http virtual servers 2, real servers +1 -1"])
        #expect(recorder.lines.first?.contains(#"["shop/web:http virtual servers 2, real servers +1 -1"]"#) == true)
        #expect(!self.log().namesServices)
    }

    private static func rulesReport(_ family: IPFamily = .v4, failures: [DataplaneError] = []) -> PassReport {
        var report = PassReport(family: family, mode: .rules)
        report.failures = failures
        return report
    }

    /// The changes that the kernel refused in this pass, and of those before that it has not taken yet.
    private static func refusing(_ changes: [String], standing: [String] = [], number: Int32 = 22) -> PassReport {
        func refusal(_ change: String) -> Refusal {
            let error = DataplaneError(part: .ipvs, number: number, explanation: "Invalid argument")
            return Refusal(kind: .virtualServer, attempt: change, error: error)
        }
        var report = report()
        report.refusals = changes.map(refusal)
        let names = (changes + standing).enumerated().map { index, change in
            (KernelObjectName.address(IPAddress(v4: UInt32(index))), refusal(change))
        }
        report.standing = RefusedObjects(Dictionary(uniqueKeysWithValues: names), at: .now)
        return report
    }

    @Test func `the first pass is complete when it is in all families, rules included`() {
        var log = log([.v4, .v6])
        log.note(Self.report(.v4, applied: [.address: 2]), took: .zero)
        log.note(Self.rulesReport(.v4), took: .zero)
        log.note(Self.report(.v6, applied: [.link: 1]), took: .zero)
        #expect(recorder.lines.isEmpty)
        log.note(Self.rulesReport(.v6), took: .zero)
        log.note(Self.report(.v6, applied: [.rules: 1]), took: .zero)
        #expect(recorder.lines == ["first pass complete changes=3"])
    }

    @Test func `the first pass is complete with the refusals named`() {
        var log = log()
        log.note(Self.rulesReport(), took: .zero)
        log.note(Self.refusing(["add 10.0.0.2:80", "add 10.0.0.1:80"]), took: .zero)
        #expect(
            recorder.lines.last
                == #"first pass complete changes=0 refused=2 refused-changes=["add 10.0.0.1:80", "add 10.0.0.2:80"]"#)
    }

    @Test func `a failure is told once and once when it is over`() {
        var log = log()
        let failure = DataplaneError(part: .ipset, explanation: "no sets")
        for _ in 0..<5 {
            log.note(Self.report(failures: [failure]), took: .zero)
        }
        #expect(recorder.lines.count == 1)
        #expect(recorder.lines.first?.contains("no sets") == true)
        log.note(Self.report(), took: .zero)
        #expect(recorder.lines.contains("a part of the data plane works again family=IPv4 part=ipset"))
    }

    @Test func `a pass that did not touch a failed part does not say that it works again`() {
        var log = log()
        log.note(Self.report(failures: [DataplaneError(part: .ipset, explanation: "no sets")]), took: .zero)
        log.note(Self.rulesReport(failures: [DataplaneError(part: .rules, explanation: "no iptables")]), took: .zero)
        let told = recorder.lines
        #expect(told.count == 2)
        log.note(PassReport(family: .v4, mode: .changes), took: .zero)
        #expect(recorder.lines == told)
        log.note(Self.rulesReport(), took: .zero)
        #expect(recorder.lines.dropFirst(2) == ["a part of the data plane works again family=IPv4 part=rules"])
        log.note(Self.report(), took: .zero)
        #expect(recorder.lines[3] == "a part of the data plane works again family=IPv4 part=ipset")
    }

    @Test func `a refusal is told once however often it is tried again`() {
        var log = log()
        log.note(Self.refusing(["add 10.0.0.1:80"]), took: .zero)
        log.note(Self.refusing([], standing: ["add 10.0.0.1:80"]), took: .zero)
        log.note(Self.refusing(["add 10.0.0.1:80"]), took: .zero)
        #expect(recorder.lines.count == 1)
        #expect(recorder.lines.first?.contains("add 10.0.0.1:80") == true)
        log.note(Self.report(), took: .zero)
        #expect(recorder.lines.last == "the kernel took all changes it had refused family=IPv4")
    }

    @Test func `ten thousand refusals are not ten thousand lines`() {
        var log = log()
        log.note(Self.refusing((0..<10_000).map { "add \($0)" }, number: 12), took: .zero)
        #expect(recorder.lines.count == 21)
        #expect(recorder.lines.last == "the kernel refused more changes count=9980 family=IPv4")
    }
}
