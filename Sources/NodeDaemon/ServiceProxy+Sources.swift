// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import KubeProxyConfig
public import KubernetesObjects
import NodeStartup
import NodeSync
public import ProxyTelemetry
import Reconcile
public import ServicePlan

/// What sources tell.
extension ServiceProxy {
    /// Takes changed objects over. Nothing that depends on objects is written or removed before `sourceCompleted()`.
    ///
    /// - Parameter triggers: when what the EndpointSlices among them tell of happened, where they say it.
    public func apply(_ updates: [ObjectUpdate], triggers: [ChangeTrigger] = []) {
        recorder.noteUpdates(updates, triggers)
        reconciler.apply(updates)
        noteChange()
    }

    /// Takes the own Node over; `nil` when there is none.
    public func replaceNode(_ node: Node?) {
        if let node { recorder.noteNode(node) }
        guard self.node != node else { return }
        let podNetworks = self.node?.podCIDRs ?? []
        self.node = node
        if settings.detectLocalMode == .nodeCIDR, podNetworks != node?.podCIDRs ?? [] {
            for family in reconciler.families.map(\.family) {
                let rules = settings.rules(for: family, podNetworks: node?.podCIDRs ?? [])
                reconciler.replaceRuleConfiguration(rules, of: family)
            }
        }
        replaceFacts()
    }

    /// Takes over the addresses of the node's interfaces but the dummy link.
    public func replaceInterfaceAddresses(_ addresses: Set<IPAddress>) {
        guard interfaceAddresses != addresses else { return }
        let isFirst = interfaceAddresses == nil
        interfaceAddresses = addresses
        replaceFacts()
        if isFirst {
            // Without Services nothing has changed, and yet the first pass has waited for just this.
            wakeup.signal()
        }
    }

    /// The external and load balancer IPs of all Services.
    var externalAddresses: Set<IPAddress> { reconciler.table.externalAddresses }

    /// Takes over what has become of the addresses that the node speaks to.
    func changeSurroundings(_ change: @Sendable (inout NodeSurroundings) -> Void) {
        change(&surroundings)
        replaceFacts()
    }

    /// Takes notifications about addresses of the dummy link and routes of virtual IPs. Most of them are echoes of what a pass wrote.
    public func noteVirtualIPs(_ events: AddressEvents) {
        reconciler.noteVirtualIPs(events)
        wakeup.signal()
    }

    /// All objects that there were at the start have been handed over.
    public func sourceCompleted() {
        if !sourceIsComplete {
            // The first pass is to be made, also where there is no Service.
            recorder.noteQueued(at: clock.now)
        }
        sourceIsComplete = true
        wakeup.signal()
    }

    private func replaceFacts() {
        reconciler.replaceNodeFacts(
            NodeFacts(
                settings, node: node, interfaceAddresses: interfaceAddresses ?? [], surroundings: surroundings)
        )
        noteChange()
    }

    private func noteChange() {
        guard reconciler.hasChanges else { return }
        if sourceIsComplete { recorder.noteQueued(at: clock.now) }
        wakeup.signal()
    }
}
