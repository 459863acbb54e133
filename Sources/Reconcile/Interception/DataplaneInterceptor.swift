// SPDX-License-Identifier: GPL-2.0-or-later
/// What stands between a data plane and its caller, and may look at each call, stop it or hide objects. Without methods of
/// its own it does nothing.
public protocol DataplaneInterceptor {
    /// Which of the objects that Services want the caller is shown; `nil` shows all of them, at no cost for each.
    var isShown: ((RehearsedChange.Subject) -> Bool)? { get }

    /// Makes a call by `body`, or throws in its place.
    func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value

    /// Makes a call that runs a program.
    func interceptProgram<Value>(
        _ call: DataplaneCall,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value

    /// Hands changes to `body`: all, or some before it throws.
    ///
    /// - Returns: the changes that the kernel refused.
    func intercept<Change: Hashable & Sendable>(
        _ changes: [Change],
        of part: DataplaneError.Part,
        _ body: ([Change]) throws(DataplaneError) -> [RefusedChange<Change>]
    ) throws(DataplaneError) -> [RefusedChange<Change>]
}

/// One call of a data plane.
public struct DataplaneCall: Hashable, Sendable {
    public enum Purpose: Hashable, Sendable {
        /// Asks for the first part of something that is read in parts.
        case beginReading
        case read
        case write
    }

    /// The data plane that is called. Routes belong to that of addresses.
    public var part: DataplaneError.Part
    public var purpose: Purpose

    public init(_ part: DataplaneError.Part, _ purpose: Purpose) {
        self.part = part
        self.purpose = purpose
    }

    init<Subject>(_ part: DataplaneError.Part, _ reading: KernelReading<Subject>) {
        self.init(part, reading.isAtStart ? .beginReading : .read)
    }
}

extension DataplaneInterceptor {
    public var isShown: ((RehearsedChange.Subject) -> Bool)? { nil }

    public func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        try body()
    }

    public func interceptProgram<Value>(
        _ call: DataplaneCall,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value {
        try await body()
    }

    public func intercept<Change: Hashable & Sendable>(
        _ changes: [Change],
        of part: DataplaneError.Part,
        _ body: ([Change]) throws(DataplaneError) -> [RefusedChange<Change>]
    ) throws(DataplaneError) -> [RefusedChange<Change>] {
        try intercept(DataplaneCall(part, .write)) { () throws(DataplaneError) in try body(changes) }
    }

    func shows(_ subject: RehearsedChange.Subject) -> Bool {
        isShown.map { $0(subject) } ?? true
    }
}

extension Dataplane {
    /// The same data plane with an interceptor at its virtual servers, sets, addresses and rules. Tracked flows and settings
    /// are left as they are.
    public func intercepted(by interceptor: some DataplaneInterceptor) -> Dataplane {
        var intercepted = self
        intercepted.ipvs = InterceptedIPVS(ipvs, interceptor)
        intercepted.sets = InterceptedSets(sets, interceptor)
        intercepted.addresses = InterceptedAddresses(addresses, interceptor)
        intercepted.rules = InterceptedRules(rules, interceptor)
        return intercepted
    }

    /// The same data plane with some of its virtual servers, set entries and addresses out of sight.
    ///
    /// A pass over it remembers nothing of what it is not shown, so a look at a few objects takes little memory however many the
    /// kernel has.
    public func showing(_ isShown: @escaping (RehearsedChange.Subject) -> Bool) -> Dataplane {
        intercepted(by: ShownObjects(isShown: isShown))
    }
}

private struct ShownObjects: DataplaneInterceptor {
    let isShown: ((RehearsedChange.Subject) -> Bool)?
}
