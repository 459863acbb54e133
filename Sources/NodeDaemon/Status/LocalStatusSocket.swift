// SPDX-License-Identifier: GPL-2.0-or-later
import BlockingExecution
import Logging
import ServiceLifecycle

/// Answers questions about the daemon on a socket of its network namespace: for `kube-ipvs status`, and for the names that other
/// commands show.
///
/// The node's root alone may ask: names of Services and Pods are no secret on the node, and other users need none. One connection
/// is answered after the other, on a thread of its own, and each has a bound on its size and time.
final class LocalStatusSocket: Service {
    /// In the abstract namespace.
    static let usualName = "kube-ipvs/status"
    /// Of a dry run, which may go beside a daemon.
    static let dryRunName = "kube-ipvs/dry-run/status"

    typealias Responder = @Sendable (LocalQuestion) async -> LocalAnswer

    private let name: String
    private let logger: Logger
    private let responder: Responder

    init(_ name: String = usualName, logger: Logger, responder: @escaping Responder) {
        self.name = name
        self.logger = logger
        self.responder = responder
    }

    func run() async {
        await LocalServer(name: name).run { [logger, name] afterFailure in
            guard afterFailure else { return }
            logger.info("the local status socket is open", metadata: ["socket": "@\(name)"])
        } failed: { [logger, name] error in
            logger.error(
                "the local status socket cannot be opened; trying again",
                metadata: ["socket": "@\(name)", "error": "\(error)"])
        } serve: { [responder] listener in
            await StatusAnswering().run(listener, responder)
        }
    }
}

/// Waits for connections on a thread of its own.
private actor StatusAnswering {
    private let executor = BlockingExecutor(label: "status-socket")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// For a question, which a local program writes in one go.
    private static var questionTime: Duration { .milliseconds(500) }
    /// For an answer to a program that reads slowly.
    private static var answerTime: Duration { .seconds(2) }

    func run(_ listener: LocalServerSocket, _ responder: LocalStatusSocket.Responder) async {
        while let connection = listener.next() {
            let answer = await answer(connection, responder)
            connection.send(answer.text, until: .now + Self.answerTime)
        }
    }

    private func answer(
        _ connection: LocalServerConnection,
        _ responder: LocalStatusSocket.Responder
    ) async -> LocalAnswer {
        guard LocalPeer.isTrusted(connection.user) else { return LocalAnswer(403, "only root of this node may ask") }
        guard let question = connection.readQuestion(until: .now + Self.questionTime) else {
            return LocalAnswer(400, "this is no question of HTTP/1, or it is too long or too slow")
        }
        return await responder(question)
    }
}
