// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Who writes events.
public struct EventReporter: Hashable, Sendable {
    /// `reportingController`.
    public var controller: String
    /// `reportingInstance`: the controller and the host, as client-go has it.
    public var instance: String

    public init(controller: String = "kube-proxy", hostName: String) {
        self.controller = controller
        instance = "\(controller)-\(hostName)"
    }
}

extension ClusterEvent {
    /// Events of the same kind about the same object; together they are a series.
    struct Series: Hashable {
        var severity: Severity
        var reason: String
        var action: String
        var regarding: Regarding
    }

    var series: Series {
        Series(severity: severity, reason: reason, action: action, regarding: regarding)
    }
}

/// An event as it is stored in the cluster.
struct RecordedEvent: Hashable {
    var event: ClusterEvent
    var name: String
    var time: UnixTime
    /// How often it happened, and when last.
    var count = 1
    var lastTime: UnixTime

    init(_ event: ClusterEvent, time: UnixTime, number: Int) {
        self.event = event
        self.time = time
        lastTime = time
        // Unique among the events of the object, as client-go makes it; the number is for events of the same microsecond.
        name =
            "\(event.regarding.name).\(String(UInt64(max(0, time.microseconds)) * 1000 + UInt64(number % 1000), radix: 16))"
    }

    private var namespace: String { event.regarding.namespace.isEmpty ? "default" : event.regarding.namespace }

    /// Where events of its namespace are.
    var collection: String { "/apis/events.k8s.io/v1/namespaces/\(namespace)/events" }

    /// The whole event, as it is created.
    func body(_ reporter: EventReporter) -> JSONValue {
        let regarding: JSONValue = [
            "kind": .string(event.regarding.kind),
            "apiVersion": event.regarding.apiVersion.isEmpty ? .null : .string(event.regarding.apiVersion),
            "namespace": event.regarding.namespace.isEmpty ? .null : .string(event.regarding.namespace),
            "name": .string(event.regarding.name),
            "uid": .string(event.regarding.uid),
        ]
        let body: JSONValue = [
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "eventTime": .string(time.microTime),
            "reportingController": .string(reporter.controller),
            "reportingInstance": .string(reporter.instance.cut(to: 128)),
            "action": .string(event.action.cut(to: 128)),
            "reason": .string(event.reason.cut(to: 128)),
            "regarding": regarding.withoutNulls,
            "note": .string(event.note.cut(to: 1024)),
            "type": .string(event.severity.rawValue),
            "series": count > 1 ? seriesBody : .null,
        ]
        return body.withoutNulls
    }

    /// What changes with a repetition.
    var patch: JSONValue {
        ["series": seriesBody]
    }

    private var seriesBody: JSONValue {
        ["count": .integer(Int64(count)), "lastObservedTime": .string(lastTime.microTime)]
    }
}

extension String {
    /// The most whole characters that take at most `limit` bytes.
    fileprivate func cut(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var length = 0
        return String(
            prefix { character in
                length += character.utf8.count
                return length <= limit
            }
        )
    }
}
