// SPDX-License-Identifier: GPL-2.0-or-later
import ServiceLifecycle

/// Keeps a socket of the abstract namespace open until the daemon shuts down. One that cannot be opened is tried again every five
/// seconds.
struct LocalServer: Sendable {
    /// Of the socket.
    var name: String

    /// - Parameters:
    ///   - opened: called when the socket is open, with whether it could not be opened before.
    ///   - failed: called with the reason, once until it is another one.
    ///   - serve: takes the connections, on a thread of its own, until the socket has none any more.
    func run(
        opened: @escaping @Sendable (_ afterFailure: Bool) -> Void,
        failed: @escaping @Sendable (ProbeError) -> Void,
        serve: @escaping @Sendable (LocalServerSocket) async -> Void
    ) async {
        await cancelWhenGracefulShutdown {
            var lastError: ProbeError?
            while !Task.isCancelled {
                do throws(ProbeError) {
                    let listener = try LocalServerSocket(name)
                    opened(lastError != nil)
                    lastError = nil
                    await withTaskCancellationHandler {
                        await serve(listener)
                    } onCancel: {
                        listener.shutDown()
                    }
                } catch {
                    if error != lastError { failed(error) }
                    lastError = error
                }
                // Cancellation ends the sleep early, and the loop with it.
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }
}
