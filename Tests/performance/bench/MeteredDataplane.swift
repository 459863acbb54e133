// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
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

    /// Adds the time that `body` takes to a part's.
    func timed<Value>(
        _ part: WritableKeyPath<Times, Double>,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        guard !isPaused.load(ordering: .relaxed) else { return try body() }
        let start = Meter.now
        defer { add(part, since: start) }
        return try body()
    }

    func timed<Value>(_ part: WritableKeyPath<Times, Double>, _ body: () -> Value) -> Value {
        let start = Meter.now
        defer { add(part, since: start) }
        return body()
    }

    func timed<Value>(
        _ part: WritableKeyPath<Times, Double>,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value {
        let start = Meter.now
        defer { add(part, since: start) }
        return try await body()
    }

    private func add(_ part: WritableKeyPath<Times, Double>, since start: Double) {
        let end = Meter.now
        times.withLock {
            $0[keyPath: part] += end - start
            $0.lastEnd = end
        }
    }

    func noteListing() {
        times.withLock { $0.listings += 1 }
    }

    /// Notes that the call that has just ended was to change something.
    func noteChange() {
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

extension Dataplane {
    /// The kernel's, with a clock at each part.
    static func metered(_ times: DataplaneTimes) async throws -> sending Dataplane {
        Dataplane(
            ipvs: MeteredIPVS(try KernelIPVS(), times),
            sets: MeteredSets(KernelIPSet(), times),
            addresses: MeteredAddresses(try KernelAddresses(), times),
            rules: MeteredRules(try await KernelIPTables.open(), times)
        )
    }
}

private final class MeteredIPVS: IPVSDataplane {
    private let kernel: KernelIPVS
    private let times: DataplaneTimes

    init(_ kernel: KernelIPVS, _ times: DataplaneTimes) {
        self.kernel = kernel
        self.times = times
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        if reading.isAtStart { times.noteListing() }
        return try times.timed(\.ipvs) { () throws(DataplaneError) in
            try kernel.listVirtualServers(&reading, body)
        }
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        return try times.timed(\.ipvs) { () throws(DataplaneError) in try kernel.virtualServer(id) }
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        return try times.timed(\.ipvs) { () throws(DataplaneError) in try kernel.realServers(of: id) }
    }

    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        defer { times.noteChange() }
        return try times.timed(\.ipvs) { () throws(DataplaneError) in try kernel.apply(changes) }
    }
}

private final class MeteredSets: IPSetDataplane {
    private let kernel: KernelIPSet
    private let times: DataplaneTimes

    init(_ kernel: KernelIPSet, _ times: DataplaneTimes) {
        self.kernel = kernel
        self.times = times
    }

    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        return try times.timed(\.sets) { () throws(DataplaneError) in try kernel.definition(ofSetNamed: name) }
    }

    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        return try times.timed(\.sets) { () throws(DataplaneError) in
            try kernel.readMembers(&reading, body)
        }
    }

    func create(_ set: IPSetDefinition) throws(DataplaneError) {
        try times.timed(\.sets) { () throws(DataplaneError) in try kernel.create(set) }
    }

    func swap(_ first: String, _ second: String) throws(DataplaneError) {
        try times.timed(\.sets) { () throws(DataplaneError) in try kernel.swap(first, second) }
    }

    func destroy(_ name: String) throws(DataplaneError) {
        try times.timed(\.sets) { () throws(DataplaneError) in try kernel.destroy(name) }
    }

    func destroyReleased(_ name: String) throws(DataplaneError) {
        try times.timed(\.sets) { () throws(DataplaneError) in try kernel.destroyReleased(name) }
    }

    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool {
        return try times.timed(\.sets) { () throws(DataplaneError) in try kernel.destroyIfPresent(name) }
    }

    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        return try times.timed(\.sets) { () throws(DataplaneError) in try kernel.apply(changes) }
    }
}

private final class MeteredAddresses: AddressDataplane {
    private let kernel: KernelAddresses
    private let times: DataplaneTimes

    init(_ kernel: KernelAddresses, _ times: DataplaneTimes) {
        self.kernel = kernel
        self.times = times
    }

    func linkExists() throws(DataplaneError) -> Bool {
        return try times.timed(\.addresses) { () throws(DataplaneError) in try kernel.linkExists() }
    }

    func createLink() throws(DataplaneError) {
        try times.timed(\.addresses) { () throws(DataplaneError) in try kernel.createLink() }
    }

    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        return try times.timed(\.addresses) { () throws(DataplaneError) in
            try kernel.listAddresses(&reading, body)
        }
    }

    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        return try times.timed(\.addresses) { () throws(DataplaneError) in
            try kernel.listRoutes(&reading, body)
        }
    }

    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        return try times.timed(\.addresses) { () throws(DataplaneError) in try kernel.apply(changes) }
    }
}

private final class MeteredRules: RulesDataplane {
    private let kernel: KernelIPTables
    private let times: DataplaneTimes

    init(_ kernel: KernelIPTables, _ times: DataplaneTimes) {
        self.kernel = kernel
        self.times = times
    }

    var supportsRandomFully: Bool { kernel.supportsRandomFully }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        return times.timed(\.rules) { kernel.fingerprint(family) }
    }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        return try await times.timed(\.rules) { () async throws(DataplaneError) in try await kernel.save(family) }
    }

    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        try await times.timed(\.rules) { () async throws(DataplaneError) in try await kernel.restore(input, family) }
    }
}
