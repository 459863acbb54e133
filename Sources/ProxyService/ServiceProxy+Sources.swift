public import Addressing
public import DataplaneModel
import KubeProxyConfig
public import KubernetesObjects
import Reconcile
public import ServicePlan

/// What sources tell.
extension ServiceProxy {
    /// Takes changed objects over. No rule is written before `sourceCompleted()`.
    ///
    /// - Parameter triggers: when what the EndpointSlices among them tell of happened, where they say it.
    public func apply(_ updates: [ObjectUpdate], triggers: [ChangeTrigger] = []) {
        table.apply(updates)
        instruments.noteUpdates(updates, triggers)
        noteChange()
    }

    /// Takes the own Node over; `nil` when there is none.
    public func replaceNode(_ node: Node?) {
        if let node {
            instruments.health.noteNode(node)
        }
        guard self.node != node else { return }
        if settings.detectLocalMode == .nodeCIDR, self.node?.podCIDRs != node?.podCIDRs {
            rulesHaveChanged = true
        }
        self.node = node
        replaceFacts()
    }

    /// Takes over the addresses of the node's interfaces but the dummy link.
    public func replaceInterfaceAddresses(_ addresses: Set<IPAddress>) {
        guard interfaceAddresses != addresses else { return }
        let isFirst = interfaceAddresses == nil
        interfaceAddresses = addresses
        replaceFacts()
        if isFirst {
            // Without Services nothing is dirty, and yet the first pass has waited for just this.
            wakeup.signal()
        }
    }

    /// The external and load balancer IPs of all Services.
    var externalAddresses: Set<IPAddress> { table.externalAddresses }

    /// Takes over what has become of the addresses that the node speaks to.
    func changeSurroundings(_ change: @Sendable (inout NodeSurroundings) -> Void) {
        change(&surroundings)
        replaceFacts()
    }

    /// There is word of addresses of the dummy link. Most of it is of what was written here.
    public func noteDummyLink(_ events: AddressEvents) {
        dummyLinkEvents.merge(events)
        wakeup.signal()
    }

    /// All objects that there were at the start have been handed over.
    public func sourceCompleted() {
        if !sourceIsComplete {
            // The first pass is to be made, also where there is no Service.
            instruments.noteQueued(at: clock.now)
        }
        sourceIsComplete = true
        wakeup.signal()
    }

    private func replaceFacts() {
        table.replaceNodeFacts(
            NodeFacts(
                settings, node: node, interfaceAddresses: interfaceAddresses ?? [], surroundings: surroundings)
        )
        noteChange()
    }

    private func noteChange() {
        guard table.hasDirty || rulesHaveChanged else { return }
        let now = clock.now
        if sourceIsComplete {
            instruments.noteQueued(at: now)
        }
        for plane in planes {
            plane.schedule.noteChange(at: now)
        }
        wakeup.signal()
    }
}
