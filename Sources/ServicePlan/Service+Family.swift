// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects

/// A Service as the proxy of one family sees it: whatever is of the other family is not there.
extension Service {
    /// The cluster IP through which the family is served; `nil` when the Service has nothing to program there.
    func programmedClusterIP(of family: IPFamily) -> IPAddress? {
        guard kind != .externalName else { return nil }
        return clusterIPs.first { $0.family == family }
    }

    /// In ascending order, each once.
    func externalIPs(of family: IPFamily) -> [IPAddress] {
        externalIPs.sortedUniquely { $0.family == family }
    }

    /// In ascending order, each once.
    func loadBalancerVIPs(of family: IPFamily) -> [IPAddress] {
        loadBalancerVIPs.sortedUniquely { $0.family == family }
    }

    /// The client networks that may reach the load balancer VIPs, in ascending order; empty for all.
    func sourceRanges(of family: IPFamily) -> [IPPrefix] {
        let ranges = loadBalancerSourceRanges.sortedUniquely { $0.family == family }
        return ranges.contains(where: \.isZero) ? [] : ranges
    }

    /// `internalTrafficPolicy: Local`.
    var isInternalPolicyLocal: Bool { internalTrafficPolicy == .local }

    /// `externalTrafficPolicy: Local` of a Service that can have one. The API server keeps the field from the others;
    /// a file does not.
    var isExternalPolicyLocal: Bool {
        guard externalTrafficPolicy == .local else { return false }
        switch kind {
        case .loadBalancer, .nodePort: return true
        case .clusterIP: return !externalIPs.isEmpty
        case .externalName: return false
        }
    }

    /// Whether anything but the cluster IP leads to the port. External IPs count even where they are not programmed
    /// because the feature gate `AllowServiceExternalIPs` is off: kube-proxy asks the Service and not the gate.
    func isExternallyAccessible(_ port: ServicePort, in family: IPFamily) -> Bool {
        port.nodePort != 0
            || loadBalancerVIPs.contains { $0.family == family }
            || externalIPs.contains { $0.family == family }
    }

    /// The port at which a load balancer asks whether this node has endpoints; 0 when there is none.
    var effectiveHealthCheckNodePort: UInt16 {
        kind == .loadBalancer && isExternalPolicyLocal ? healthCheckNodePort : 0
    }
}

extension Array where Element: Comparable {
    fileprivate func sortedUniquely(where isIncluded: (Element) -> Bool) -> [Element] {
        let found = filter(isIncluded)
        return found.count < 2 ? found : found.sorted().withoutRepetition()
    }
}

extension Array where Element: Equatable {
    /// The elements without those that equal the one before them.
    func withoutRepetition() -> [Element] {
        withoutRepetition(by: ==)
    }
}

extension Array {
    /// The elements without those that are the same as the one before them.
    func withoutRepetition(by areSame: (Element, Element) -> Bool) -> [Element] {
        guard let first else { return [] }
        var kept = [first]
        kept.reserveCapacity(count)
        for element in dropFirst() where !areSame(element, kept[kept.count - 1]) {
            kept.append(element)
        }
        return kept
    }
}
