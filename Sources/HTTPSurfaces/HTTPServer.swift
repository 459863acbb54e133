// SPDX-License-Identifier: GPL-2.0-or-later
public import Logging
public import ServiceLifecycle

/// A server at one address, for as long as the daemon runs.
public struct HTTPServer: Service {
    /// What happens when the address cannot be listened on.
    public enum BindFailure: Hashable, Sendable {
        /// `run()` throws the `ListenError`, when `onFailure` has returned.
        case fails
        /// It is tried again, and told once.
        case isRetried(every: Duration)
    }

    private let name: String
    private let address: ListenAddress
    private let limits: ConnectionLimits
    private let writablePaths: Set<String>
    private let bindFailure: BindFailure
    private let logger: Logger
    private let onOpen: @Sendable (UInt16) -> Void
    private let onFailure: @Sendable (ListenError) async -> Void
    private let responder: HTTPListener.Responder

    /// - Parameters:
    ///   - name: for the log, such as `metrics`.
    ///   - writablePaths: where `PUT` is answered.
    ///   - onOpen: called with the port each time when it has been opened.
    ///   - onFailure: called before `run()` throws.
    public init(
        _ name: String,
        on address: ListenAddress,
        limits: ConnectionLimits = ConnectionLimits(),
        writablePaths: Set<String> = [],
        bindFailure: BindFailure = .isRetried(every: .seconds(5)),
        logger: Logger,
        onOpen: @escaping @Sendable (UInt16) -> Void = { _ in },
        onFailure: @escaping @Sendable (ListenError) async -> Void = { _ in },
        responder: @escaping HTTPListener.Responder
    ) {
        self.name = name
        self.address = address
        self.limits = limits
        self.writablePaths = writablePaths
        self.bindFailure = bindFailure
        self.logger = logger
        self.onOpen = onOpen
        self.onFailure = onFailure
        self.responder = responder
    }

    /// Serves until the daemon shuts down; connections are closed well within a second then.
    ///
    /// - Throws: `ListenError`, with `BindFailure.fails`.
    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            var lastError: ListenError?
            while !Task.isCancelled {
                do throws(ListenError) {
                    let listener = try await HTTPListener.open(
                        on: address, limits: limits, writablePaths: writablePaths, responder: responder)
                    lastError = nil
                    logger.info("\(name) server listens", metadata: ["address": "\(address)"])
                    onOpen(listener.port)
                    await listener.serve()
                    guard !Task.isCancelled else { return }
                    logger.error("\(name) server lost its port", metadata: ["address": "\(address)"])
                } catch {
                    guard case .isRetried = bindFailure else {
                        await onFailure(error)
                        throw error
                    }
                    if error != lastError {
                        logger.error("\(name) server cannot listen; trying again", metadata: ["error": "\(error)"])
                    }
                    lastError = error
                }
                // Cancellation ends the sleep early, and the loop with it.
                try? await Task.sleep(for: retryDelay)
            }
        }
    }

    private var retryDelay: Duration {
        if case .isRetried(let delay) = bindFailure { delay } else { .seconds(1) }
    }
}
