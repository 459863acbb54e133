// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Something that happened, for people who look at the events of a Node or Service (`events.k8s.io/v1`).
public struct ClusterEvent: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// The object that an event is about.
    public struct Regarding: Hashable, Sendable {
        public var apiVersion: String
        public var kind: String
        /// Empty for an object without a namespace, whose events are in `default`.
        public var namespace: String
        public var name: String
        public var uid: String

        public init(apiVersion: String = "v1", kind: String, namespace: String = "", name: String, uid: String) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.namespace = namespace
            self.name = name
            self.uid = uid
        }

        /// A Node. Its UID is the name here, as the kubelet and kube-proxy have it: `kubectl describe node` asks for that.
        public static func node(named name: String) -> Regarding {
            Regarding(apiVersion: "", kind: "Node", name: name, uid: name)
        }

        /// A Service, whose UID kube-proxy writes as `namespace/name`.
        public static func service(namespace: String, name: String) -> Regarding {
            Regarding(apiVersion: "", kind: "Service", namespace: namespace, name: name, uid: "\(namespace)/\(name)")
        }
    }

    public var severity: Severity
    /// A word, such as `FailedToStartServiceHealthcheck`.
    public var reason: String
    /// What was being done, as a word, such as `Listen`.
    public var action: String
    public var regarding: Regarding
    /// A sentence for a person. The API takes 1,024 bytes; what is longer is cut.
    public var note: String

    public init(_ severity: Severity, reason: String, action: String, regarding: Regarding, note: String) {
        self.severity = severity
        self.reason = reason
        self.action = action
        self.regarding = regarding
        // kubectl shows it as it is (CVE-2021-25743).
        self.note = note.visible
    }
}
