import KubernetesObjects
public import Logging

/// Writes what another handler writes, each event on one line of text: what others have chosen, such as the name of a file,
/// cannot make up a line of its own.
public struct VisibleLogHandler<Base: LogHandler>: LogHandler {
    private var base: Base

    public init(_ base: Base) {
        self.base = base
    }

    public var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    public var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue.mapValues(\.visible) }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue?.visible }
    }

    public func log(event: LogEvent) {
        var event = event
        event.message = Logger.Message(stringLiteral: event.message.description.visible)
        event.metadata = event.metadata?.mapValues(\.visible)
        base.log(event: event)
    }
}

extension Logger.MetadataValue {
    fileprivate var visible: Logger.MetadataValue {
        switch self {
        case .string(let text): .string(text.visible)
        case .stringConvertible(let value): .string(value.description.visible)
        case .array(let values): .array(values.map(\.visible))
        case .dictionary(let values): .dictionary(values.mapValues(\.visible))
        }
    }
}
