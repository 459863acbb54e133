// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import HTTPSurfaces
import KubernetesHTTP
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import Synchronization
import Telemetry
import Testing

@testable import NodeDaemon
@testable import NodeStartup
@testable import ProxyTelemetry

/// The bodies of `/healthz` and `/livez` with clocks that stand still, byte for byte.
struct HealthBoardTests {
    private final class Clocks: Sendable {
        /// 2026-03-01T12:00:00Z
        static let calendarStart = UnixTime(microseconds: 1_772_366_400_000_000)
        let start = ContinuousClock.now
        private let elapsed = Mutex(Duration.zero)

        var now: ContinuousClock.Instant { elapsed.withLock { start.advanced(by: $0) } }
        var current: UnixTime { elapsed.withLock { Self.calendarStart.advanced(by: $0) } }

        func set(_ elapsed: Duration) {
            self.elapsed.withLock { $0 = elapsed }
        }
    }

    private let clocks = Clocks()
    private let metrics = ProxyMetrics(families: [.v4, .v6], build: BuildFacts(version: "0.1.0"))

    private func board(needsNode: Bool = false, _ families: [IPFamily] = [.v4, .v6]) -> HealthBoard {
        HealthBoard(
            families: families,
            timeout: .seconds(60),
            needsNode: needsNode,
            clock: { [clocks] in clocks.now },
            calendar: { [clocks] in clocks.current }
        )
    }

    private func pass(_ board: HealthBoard, _ family: IPFamily, succeeds: Bool = true) {
        board.notePassStarted(family, at: clocks.now)
        board.notePassEnded(family, succeeded: succeeds, at: clocks.now)
    }

    private func ask(_ board: HealthBoard, _ path: String) -> HTTPAnswer {
        HealthSurface(health: board, metrics: metrics.kubeProxy).answer(HTTPQuestion(path: path))
    }

    @Test func `rules that fail for long make a family unhealthy, and rules that are kept again end that at once`() {
        let board = board([.v4])
        var instruments = ProxyInstruments(metrics: metrics, health: board, families: [.v4], virtualServerLimit: 0)
        let node = NodeReconciler(
            ServiceTable(facts: NodeFacts(name: "here")), SyncSettings(families: [.v4]), clock: StillClock(at: .now)
        ) { _ in RuleConfiguration() }
        func rules(_ seconds: Int, fail: Bool) {
            clocks.set(.seconds(seconds))
            var report = PassReport(family: .v4, mode: .rules)
            if fail { report.failures = [DataplaneError(part: .rules, explanation: "no iptables")] }
            instruments.noteRules(report, at: clocks.now)
        }
        func verify(_ seconds: Int) {
            clocks.set(.seconds(seconds))
            let pass = EndedPass(
                report: PassReport(family: .v4, mode: .verify),
                contests: [],
                began: clocks.now,
                ended: clocks.now,
                took: .zero,
                isWhole: true
            )
            instruments.notePassEnded(pass, of: node.families[0])
        }
        verify(0)
        #expect(!board.isHealthy, "the rules have not been kept yet")
        rules(0, fail: false)
        #expect(board.isHealthy)
        rules(10, fail: true)
        verify(30)
        #expect(board.isHealthy)
        verify(60)
        rules(75, fail: true)
        #expect(!board.isHealthy)
        rules(80, fail: false)
        #expect(board.isHealthy)
        #expect(board.liveness.isHealthy)
    }

    @Test func `before the first pass the node is not ready and the daemon lives`() {
        let board = board()
        let ready = ask(board, "/healthz")
        #expect(ready.code == 503)
        #expect(
            ready.body
                == #"{"lastUpdated":"0001-01-01T00:00:00Z","currentTime":"2026-03-01T12:00:00.000000Z","nodeEligible":true,"#
                + #""healthy":false,"status":{"IPv4":{"lastUpdated":"0001-01-01T00:00:00Z","healthy":false},"#
                + #""IPv6":{"lastUpdated":"0001-01-01T00:00:00Z","healthy":false}}}"#
        )
        #expect(ask(board, "/livez").code == 200)
    }

    @Test func `healthy with all families applied`() {
        let board = board()
        pass(board, .v4)
        clocks.set(.milliseconds(1500))
        pass(board, .v6)
        clocks.set(.seconds(10))
        let answer = ask(board, "/healthz")
        #expect(answer.code == 200)
        #expect(answer.contentType == "application/json")
        #expect(answer.headers == [.init("X-Content-Type-Options", "nosniff"), .init("Server", "kube-ipvs")])
        #expect(
            answer.body
                == #"{"lastUpdated":"2026-03-01T12:00:10.000000Z","currentTime":"2026-03-01T12:00:10.000000Z","#
                + #""nodeEligible":true,"healthy":true,"status":{"#
                + #""IPv4":{"lastUpdated":"2026-03-01T12:00:00.000000Z","healthy":true},"#
                + #""IPv6":{"lastUpdated":"2026-03-01T12:00:01.500000Z","healthy":true}}}"#
        )
        #expect(
            ask(board, "/livez").body
                == #"{"lastUpdated":"2026-03-01T12:00:10.000000Z","currentTime":"2026-03-01T12:00:10.000000Z","#
                + #""healthy":true,"status":{"#
                + #""IPv4":{"lastUpdated":"2026-03-01T12:00:00.000000Z","healthy":true},"#
                + #""IPv6":{"lastUpdated":"2026-03-01T12:00:01.500000Z","healthy":true}}}"#
        )
    }

    @Test func `one broken family shows, and makes all of it unhealthy`() {
        let board = board()
        pass(board, .v4)
        pass(board, .v6)
        clocks.set(.seconds(30))
        pass(board, .v6, succeeds: false)
        clocks.set(.seconds(89))
        #expect(ask(board, "/healthz").code == 200)
        clocks.set(.seconds(90))
        for path in ["/healthz", "/livez"] {
            let answer = ask(board, path)
            #expect(answer.code == 503)
            #expect(answer.body.contains(#""IPv4":{"lastUpdated":"2026-03-01T12:00:00.000000Z","healthy":true}"#))
            #expect(answer.body.contains(#""IPv6":{"lastUpdated":"2026-03-01T12:00:00.000000Z","healthy":false}"#))
            #expect(answer.body.hasPrefix(#"{"lastUpdated":"2026-03-01T12:00:00.000000Z","#))
        }
    }

    @Test func `without a change the API server may be away for as long as it likes`() {
        let board = board(needsNode: true)
        board.noteNode(Node(name: "node"))
        pass(board, .v4)
        pass(board, .v6)
        clocks.set(.seconds(86_400))
        #expect(ask(board, "/healthz").code == 200)
        #expect(ask(board, "/livez").code == 200)
    }

    @Test func `a node that is unknown or about to go is not eligible, and the daemon lives`() {
        let board = board(needsNode: true)
        pass(board, .v4)
        pass(board, .v6)
        let unknown = ask(board, "/healthz")
        #expect(unknown.code == 503)
        #expect(unknown.body.contains(#""nodeEligible":false,"healthy":true,"#))
        #expect(ask(board, "/livez").code == 200)
        #expect(!ask(board, "/livez").body.contains("nodeEligible"))

        board.noteNode(Node(name: "node"))
        #expect(ask(board, "/healthz").code == 200)
        board.noteNode(Node(name: "node", isBeingDeleted: true))
        #expect(ask(board, "/healthz").code == 503)
        #expect(board.isHealthy)
        board.noteNode(Node(name: "node"))
        #expect(ask(board, "/healthz").code == 200)
    }

    @Test func `other paths are not there`() {
        for path in ["/", "/healthz/", "/metrics", "/readyz"] {
            #expect(ask(board(), path).code == 404)
        }
    }

    @Test func `answers are counted by their code`() {
        let board = board([.v4])
        _ = ask(board, "/healthz")
        _ = ask(board, "/livez")
        pass(board, .v4)
        _ = ask(board, "/healthz")
        _ = ask(board, "/healthz")
        let text = metrics.registry.text
        #expect(text.contains("\nkubeproxy_proxy_healthz_total{code=\"200\"} 2\n"))
        #expect(text.contains("\nkubeproxy_proxy_healthz_total{code=\"503\"} 1\n"))
        #expect(text.contains("\nkubeproxy_proxy_livez_total{code=\"200\"} 1\n"))
    }
}
