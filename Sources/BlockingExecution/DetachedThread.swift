// SPDX-License-Identifier: GPL-2.0-or-later
import CGNUSource
import Glibc

/// A thread that nobody waits for.
package enum DetachedThread {
    private final class Start {
        let label: String
        let body: @Sendable () -> Void

        init(_ label: String, _ body: @escaping @Sendable () -> Void) {
            self.label = label
            self.body = body
        }
    }

    /// Runs `body` on a new thread. The process ends where it can have no more threads: whatever was to run there could not
    /// even be refused.
    package static func start(label: String, _ body: @escaping @Sendable () -> Void) {
        let start = unsafe Unmanaged.passRetained(Start(label, body))
        var thread = pthread_t()
        let error = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                unsafe name_thread(start.label)
                start.body()
                return nil
            }, start.toOpaque())
        guard error == 0 else {
            fatalError("no thread for \(label): error \(error)")
        }
        pthread_detach(thread)
    }
}
