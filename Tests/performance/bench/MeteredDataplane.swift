// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import Reconcile
import Synchronization

/// How long each part of the data plane has been at work, and how often it has been asked to change something.
final class DataplaneTimes: Sendable {
    struct Times {
        var ipvs = 0.0
        var sets = 0.0
        var addresses = 0.0
        var rules = 0.0
        /// When the last call of any part ended.
        var lastEnd = 0.0
        /// Calls that changed virtual or real servers, and when the last of them was done.
        var changes = 0
        var lastChange = 0.0
        /// Listings of all virtual servers that have begun: each verifying pass begins with one.
        var listings = 0
    }

    private let times = Mutex(Times())
    /// A look at the clock is a system call in User Mode Linux, twice for each virtual server.
    private let isPaused = Atomic(false)
    /// Who waits for the next change.
    private let waiter = Mutex<CheckedContinuation<Void, Never>?>(nil)

    var current: Times { times.withLock { $0 } }

    /// Whether nothing is timed, for a while.
    func pause(_ isPaused: Bool) {
        self.isPaused.store(isPaused, ordering: .relaxed)
    }

    func reset() {
        times.withLock { $0 = Times() }
    }

    /// Adds the time since then to a part's.
    private func add(_ part: DataplaneError.Part, since start: Double) {
        let end = Meter.now
        times.withLock {
            switch part {
            case .ipvs: $0.ipvs += end - start
            case .ipset: $0.sets += end - start
            case .addresses: $0.addresses += end - start
            case .rules: $0.rules += end - start
            case .routes, .sysctls, .conntrack: break
            }
            $0.lastEnd = end
        }
    }

    private func noteListing() {
        times.withLock { $0.listings += 1 }
    }

    /// Notes that the call that has just ended was to change something.
    private func noteChange() {
        times.withLock {
            $0.changes += 1
            $0.lastChange = $0.lastEnd
        }
        wake()
    }

    private func wake() {
        let waiting = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiting?.resume()
    }

    /// Waits until there have been more changes than that. It costs nothing meanwhile: on one CPU whoever asks again and again
    /// would delay what it measures. For one caller at a time.
    func waitForChange(after count: Int) async {
        while current.changes <= count {
            await withCheckedContinuation { continuation in
                waiter.withLock { $0 = continuation }
                // It may have happened before there was somebody to tell.
                if current.changes > count { wake() }
            }
        }
    }
}

extension DataplaneTimes: DataplaneInterceptor {
    func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        if call == DataplaneCall(.ipvs, .beginReading) { noteListing() }
        defer { if call == DataplaneCall(.ipvs, .write) { noteChange() } }
        guard !isPaused.load(ordering: .relaxed) else { return try body() }
        let start = Meter.now
        defer { add(call.part, since: start) }
        return try body()
    }

    func interceptProgram<Value>(
        _ call: DataplaneCall,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value {
        let start = Meter.now
        defer { add(call.part, since: start) }
        return try await body()
    }
}

extension Dataplane {
    /// The kernel's, with a clock at each part.
    static func metered(_ times: DataplaneTimes) async throws -> sending Dataplane {
        Dataplane(
            ipvs: try KernelIPVS(),
            sets: KernelIPSet(),
            addresses: try KernelAddresses(),
            rules: try await KernelIPTables.open()
        ).intercepted(by: times)
    }
}
