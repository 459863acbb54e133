// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesHTTP
package import KubernetesObjects

/// Makes events of objects of which a part cannot be used: of the Service that it is about, and of a slice where that is unknown.
package enum RejectionEvents {
    /// Events of one delivery of objects.
    private static let limit = 20
    /// What is wrong with one object, as far as an event says it.
    private static let mostNamed = 3

    /// - Parameter serviceOfSlice: the Service that a slice is of, where it is known.
    package static func events(
        for rejections: [Rejection],
        serviceOfSlice: (ObjectName) -> ObjectName?
    ) -> [ClusterEvent] {
        var subjects: [ClusterEvent.Regarding] = []
        var parts: [ClusterEvent.Regarding: [Rejection]] = [:]
        for rejection in rejections {
            guard let subject = subject(of: rejection, serviceOfSlice) else { continue }
            if parts[subject] == nil { subjects.append(subject) }
            parts[subject, default: []].append(rejection)
        }
        return subjects.prefix(limit).map { subject in
            let rejections = parts[subject] ?? []
            var words = rejections.prefix(mostNamed).map { rejection in
                let isOfSubject = rejection.kind == subject.kind
                let slice = isOfSubject ? "" : "\(rejection.kind) \(rejection.object): "
                return slice + (rejection.field.isEmpty ? "" : "\(rejection.field): ") + rejection.explanation
            }
            if rejections.count > mostNamed { words.append("\(rejections.count - mostNamed) more") }
            let isOfAnnotations = rejections.allSatisfy { $0.reason == .invalidAnnotation }
            return ClusterEvent(
                .warning,
                reason: isOfAnnotations ? "InvalidAnnotation" : "InvalidField",
                action: "ReadObject",
                regarding: subject,
                note: words.joined(separator: "; ")
            )
        }
    }

    private static func subject(
        of rejection: Rejection,
        _ serviceOfSlice: (ObjectName) -> ObjectName?
    ) -> ClusterEvent.Regarding? {
        let name = rejection.object
        switch rejection.kind {
        case "Service": return .service(namespace: name.namespace, name: name.name)
        case "EndpointSlice":
            // One whose name could not be read is nobody's.
            guard !name.namespace.isEmpty else { return nil }
            if let service = serviceOfSlice(name) {
                return .service(namespace: service.namespace, name: service.name)
            }
            return ClusterEvent.Regarding(
                apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace: name.namespace, name: name.name,
                uid: "\(name)")
        default: return nil
        }
    }
}
