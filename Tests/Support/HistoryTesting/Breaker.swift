// SPDX-License-Identifier: GPL-2.0-or-later
import Reconcile

/// Makes what is written to a data plane break off in the middle, as a netlink socket does whose answers were lost, or a
/// daemon that is killed.
final class Breaker {
    enum Fault {
        /// The exchange that it meets fails; later ones work.
        case lostAnswer
        /// Nothing is written any more.
        case death
    }

    private(set) var hasBroken = false
    private var fault: Fault?
    private var changesLeft = 0

    /// Lets that many changes through, and no more.
    func arm(_ fault: Fault, after changes: Int) {
        self.fault = fault
        changesLeft = changes
        hasBroken = false
    }

    func disarm() {
        fault = nil
    }

    /// How many of the changes take effect before it breaks; `nil` for all of them, without a fault.
    private func limit(of count: Int) -> Int? {
        guard let fault else { return nil }
        if count <= changesLeft, !hasBroken {
            changesLeft -= count
            return nil
        }
        defer { changesLeft = 0 }
        hasBroken = true
        if case .lostAnswer = fault { self.fault = nil }
        return changesLeft
    }

    private func failure(_ part: DataplaneError.Part) -> DataplaneError {
        // ENOBUFS: the kernel dropped an answer.
        DataplaneError(part: part, number: 105, explanation: "the exchange broke off")
    }
}

extension Breaker: DataplaneInterceptor {
    func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        try checkWrite(call)
        return try body()
    }

    func interceptProgram<Value>(
        _ call: DataplaneCall,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value {
        try checkWrite(call)
        return try await body()
    }

    func intercept<Change: Hashable & Sendable>(
        _ changes: [Change],
        of part: DataplaneError.Part,
        _ body: ([Change]) throws(DataplaneError) -> [RefusedChange<Change>]
    ) throws(DataplaneError) -> [RefusedChange<Change>] {
        guard let limit = limit(of: changes.count) else { return try body(changes) }
        _ = try body(Array(changes.prefix(limit)))
        throw failure(part)
    }

    private func checkWrite(_ call: DataplaneCall) throws(DataplaneError) {
        guard call.purpose == .write, limit(of: 1) != nil else { return }
        throw failure(call.part)
    }
}

extension Dataplane {
    /// The same data plane, but for what `breaker` does to changes.
    func breaking(by breaker: Breaker) -> Dataplane { intercepted(by: breaker) }
}
