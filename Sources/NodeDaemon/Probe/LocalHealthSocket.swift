// SPDX-License-Identifier: GPL-2.0-or-later
import BlockingExecution
import Logging
import ProxyTelemetry
import ServiceLifecycle

/// Tells the daemon's health on a socket of its network namespace, where the configuration switches the health server off: a probe has
/// nobody else to ask then.
///
/// It reads nothing: a client gets a line for each question, and the connection ends. So no client can hold it up. What it says, every user
/// of the node may know, as with the health server.
final class LocalHealthSocket: Service {
    /// In the abstract namespace (unix(7)): it needs no folder that can be written to, and goes with the process.
    static let name = "kube-ipvs/health"
    /// Of a dry run.
    static let dryRunName = "kube-ipvs/dry-run/health"

    private let name: String
    private let health: HealthBoard
    private let logger: Logger

    init(_ name: String = name, health: HealthBoard, logger: Logger) {
        self.name = name
        self.health = health
        self.logger = logger
    }

    func run() async {
        await LocalServer(name: name).run { [logger, name] _ in
            logger.info("no health server; health is told on a local socket", metadata: ["socket": "@\(name)"])
        } failed: { [logger] error in
            logger.error("the local health socket cannot be opened; trying again", metadata: ["error": "\(error)"])
        } serve: { [health] listener in
            await HealthAnswering().run(listener, health)
        }
    }

    static func text(_ health: HealthBoard) -> String {
        let (readiness, liveness) = (health.readiness, health.liveness)
        return [(HealthQuestion.ready, readiness), (.live, liveness), (.ping, liveness)].map { question, report in
            "\(question.rawValue) \(report.code) \(report.json)\n"
        }.joined()
    }
}

/// Waits for connections on a thread of its own.
private actor HealthAnswering {
    private let executor = BlockingExecutor(label: "health-socket")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// More than it takes to fill the empty buffer of the socket, which has room for the whole answer.
    private static var answerTime: Duration { .milliseconds(100) }

    func run(_ listener: LocalServerSocket, _ health: HealthBoard) {
        while let connection = listener.next() {
            connection.send(Array(LocalHealthSocket.text(health).utf8), until: .now + Self.answerTime)
        }
    }
}
