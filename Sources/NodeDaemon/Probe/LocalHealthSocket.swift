// SPDX-License-Identifier: GPL-2.0-or-later
import BlockingExecution
import Glibc
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

    private let health: HealthBoard
    private let logger: Logger

    init(health: HealthBoard, logger: Logger) {
        self.health = health
        self.logger = logger
    }

    func run() async {
        await cancelWhenGracefulShutdown { [self] in
            var lastError: ProbeError?
            while !Task.isCancelled {
                do throws(ProbeError) {
                    let listener = try LocalListener(Self.name)
                    lastError = nil
                    logger.info(
                        "no health server; health is told on a local socket", metadata: ["socket": "@\(Self.name)"])
                    await answerAll(listener)
                } catch {
                    if error != lastError {
                        logger.error(
                            "the local health socket cannot be opened; trying again", metadata: ["error": "\(error)"])
                    }
                    lastError = error
                }
                // Cancellation ends the sleep early, and the loop with it.
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }

    private func answerAll(_ listener: LocalListener) async {
        await withTaskCancellationHandler {
            await Answering().run(listener) { [health] in Self.text(health) }
        } onCancel: {
            listener.shutDown()
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
private actor Answering {
    private let executor = BlockingExecutor(label: "health-socket")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    func run(_ listener: LocalListener, _ text: () -> String) {
        while listener.answerNext(text) {}
    }
}

/// A listening socket in the abstract namespace. Closed with its last reference.
private final class LocalListener: Sendable {
    private let descriptor: Int32

    init(_ name: String) throws(ProbeError) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ProbeError(number: errno) }
        let (address, length) = sockaddr_un.abstract(name)
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(length))
            }
        }
        guard result == 0, listen(descriptor, 16) == 0 else { throw ProbeError(number: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Ends `answerNext`, which then says `false`.
    func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Waits for a connection, answers it and closes it.
    ///
    /// - Returns: whether there can be another one.
    func answerNext(_ text: () -> String) -> Bool {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
            switch errno {
            case EINTR, ECONNABORTED: return true
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // The connection waits meanwhile; without a pause this would be tried again at once, and for ever.
                usleep(100_000)
                return true
            default: return false
            }
        }
        defer {
            // A program that is started at this moment may have got the descriptor too: closing alone would then end nothing.
            shutdown(connection, Int32(SHUT_RDWR))
            close(connection)
        }
        let bytes = Array(text().utf8)
        // It all goes into the empty buffer of the socket; a client that is gone misses nothing.
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        _ = unsafe bytes.withUnsafeBytes { buffer in
            unsafe send(connection, buffer.baseAddress, buffer.count, flags)
        }
        return true
    }
}
