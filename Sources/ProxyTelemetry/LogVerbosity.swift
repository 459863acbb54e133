// SPDX-License-Identifier: GPL-2.0-or-later
public import Logging
import Synchronization

/// How much is logged, as Kubernetes counts it: from 0, which is what an operator wants once, up. May change at any time, for
/// all loggers at once.
public final class LogVerbosity: Sendable {
    private let verbosity: Atomic<Int>

    public init(_ verbosity: Int) {
        self.verbosity = Atomic(verbosity)
    }

    public var value: Int {
        get { verbosity.load(ordering: .relaxed) }
        set { verbosity.store(newValue, ordering: .relaxed) }
    }

    var level: Logger.Level {
        switch value {
        case ..<2: .info
        case 2...3: .debug
        default: .trace
        }
    }
}

/// Writes what another handler writes, as much as the verbosity of the moment says.
public struct AdjustableLogHandler<Base: LogHandler>: LogHandler {
    private var base: Base
    private let verbosity: LogVerbosity

    public init(_ base: Base, _ verbosity: LogVerbosity) {
        self.base = base
        self.base.logLevel = .trace
        self.verbosity = verbosity
    }

    /// Of all loggers with this verbosity. One logger alone cannot be set.
    public var logLevel: Logger.Level {
        get { verbosity.level }
        set {}
    }

    public var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        base.log(event: event)
    }
}
