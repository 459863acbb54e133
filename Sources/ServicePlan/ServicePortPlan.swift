// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import KubernetesObjects

/// What one port of a Service becomes in one family.
public struct ServicePortPlan: Hashable, Sendable {
    public var contribution: Contribution
    public var observations: PlanObservations

    /// The plan of a Service port that does not exist, or has nothing in the family.
    public init() {
        self.init(Contribution(), PlanObservations())
    }

    private init(_ contribution: Contribution, _ observations: PlanObservations) {
        self.contribution = contribution
        self.observations = observations
    }

    /// Equal arguments make equal plans, down to the order of what is in them.
    ///
    /// - Parameters:
    ///   - endpoints: as `PortEndpoint.merged` returns them for the port and the family.
    ///   - settings: as this node carries them out; `nil` to have them worked out, where no slice has any.
    public init(
        _ port: ServicePort,
        of service: Service,
        endpoints: [PortEndpoint],
        in family: IPFamily,
        basis: PlanBasis,
        settings: ServerSettings? = nil
    ) {
        let concerns = service.addressConcerns(of: port, endpoints, in: family, basis)
        let virtualIPs = service.virtualIPs(of: port, in: family, basis, concerns)
        guard !virtualIPs.isEmpty else {
            self.init()
            return
        }
        let settings = settings ?? ServerSettings(service, [], basis)
        let selection = EndpointSelection(endpoints, for: service, port, family)
        let nodePortAddresses = basis.nodePortAddresses(of: family)
        let omitsNodePort = port.nodePort != 0 && nodePortAddresses.isEmpty

        var contribution = Contribution()
        contribution.virtualServers = Self.virtualServers(virtualIPs, selection, service, family, settings)
        contribution.creationTime = service.creationTime ?? .max
        contribution.addresses = Self.boundAddresses(virtualIPs)
        // Two for each virtual IP in most plans.
        contribution.setEntries.reserveCapacity(2 * virtualIPs.count)
        if port.transport == .udp {
            contribution.servingEndpoints = endpoints.filter(\.isServing).map(\.id)
        }

        contribution.addLoopBackEntries(endpoints, port)
        contribution.addAddressEntries(virtualIPs, service)
        contribution.addSourceRangeEntries(virtualIPs, service, family, basis)
        if port.nodePort != 0, !omitsNodePort {
            contribution.addNodePortEntries(port, nodePortAddresses, isLocal: service.isExternalPolicyLocal)
        }
        let healthCheckPort = service.effectiveHealthCheckNodePort
        if healthCheckPort != 0, !omitsNodePort {
            contribution.add(.healthCheckNodePort, .port(healthCheckPort))
        }
        for address in contribution.addresses {
            contribution.add(.ipvsIPs, .ip(address))
        }

        var observations = PlanObservations()
        observations.observe(virtualIPs, selection, service)
        if healthCheckPort != 0 { observations.healthCheck = Self.healthCheck(healthCheckPort, endpoints) }
        observations.concerns = concerns
        observations.ownAddresses = Self.ownAddresses(virtualIPs, basis)
        observations.settingRefusals = settings.refusals
        observations.omissions = Self.omissions(
            service, family, basis,
            vitalAddress: concerns.contains { !$0.isAttracted },
            setting: !settings.refusals.isEmpty,
            nodePort: omitsNodePort,
            healthCheck: omitsNodePort && healthCheckPort != 0
        )
        self.init(contribution, observations)
    }

    private static func healthCheck(_ port: UInt16, _ endpoints: [PortEndpoint]) -> HealthCheck {
        HealthCheck(
            port: port,
            localReadyAddresses: endpoints.filter { $0.isLocal && $0.isReady }.map(\.id.address).withoutRepetition()
        )
    }

    private static func virtualServers(
        _ virtualIPs: [VirtualIP],
        _ selection: EndpointSelection,
        _ service: Service,
        _ family: IPFamily,
        _ settings: ServerSettings
    ) -> [VirtualServer] {
        let configuration = VirtualServer.Configuration(service, family, settings)
        var servers: [VirtualServer] = []
        servers.reserveCapacity(virtualIPs.count)
        for virtualIP in virtualIPs {
            servers.append(
                VirtualServer(
                    id: virtualIP.id,
                    claim: virtualIP.kind.claim,
                    configuration: configuration,
                    realServers: selection.realServers(under: virtualIP.policy),
                    slowStart: settings.slowStart
                )
            )
        }
        guard servers.count > 1 else { return servers }
        servers.sort { $0.id == $1.id ? $0.claim < $1.claim : $0.id < $1.id }
        // Virtual IPs with one identity have one policy, so those that fall together differ in their claims alone.
        return servers.withoutRepetition { $0.id == $1.id }
    }

    /// In ascending order, each once.
    private static func boundAddresses(_ virtualIPs: [VirtualIP]) -> [IPAddress] {
        var addresses: [IPAddress] = []
        addresses.reserveCapacity(virtualIPs.count)
        for virtualIP in virtualIPs where virtualIP.binding == .bound {
            addresses.append(virtualIP.id.address)
        }
        return addresses.count < 2 ? addresses : addresses.sorted().withoutRepetition()
    }

    /// Node ports are there to have the node's addresses.
    private static func ownAddresses(_ virtualIPs: [VirtualIP], _ basis: PlanBasis) -> [OwnAddress] {
        var own: [OwnAddress] = []
        for virtualIP in virtualIPs where virtualIP.kind != .nodePort {
            let address = virtualIP.id.address
            guard basis.facts.interfaceAddresses.contains(address) else { continue }
            own.append(OwnAddress(kind: virtualIP.kind, address: address))
        }
        return own
    }

    private static func omissions(
        _ service: Service,
        _ family: IPFamily,
        _ basis: PlanBasis,
        vitalAddress: Bool,
        setting: Bool,
        nodePort: Bool,
        healthCheck: Bool
    ) -> [PlanOmission] {
        var omissions: [PlanOmission] = []
        if nodePort { omissions.append(.nodePort) }
        if healthCheck { omissions.append(.healthCheckNodePort) }
        if !basis.configuration.allowsExternalIPs, service.externalIPs.contains(where: { $0.family == family }) {
            omissions.append(.externalIPs)
        }
        if vitalAddress { omissions.append(.vitalAddress) }
        if setting { omissions.append(.setting) }
        return omissions
    }
}

extension PlanObservations {
    /// The ports that the gauge `sync_proxy_rules_no_local_endpoints_total` counts. One virtual IP under policy Local
    /// is enough for both policies to be looked at, as in kube-proxy.
    fileprivate mutating func observe(
        _ virtualIPs: [VirtualIP],
        _ selection: EndpointSelection,
        _ service: Service
    ) {
        guard selection.hasAny, selection.localList.isEmpty, virtualIPs.contains(where: { $0.policy == .local }) else {
            return
        }
        lacksLocalEndpointsForInternalTraffic = service.isInternalPolicyLocal
        lacksLocalEndpointsForExternalTraffic = service.isExternalPolicyLocal
    }
}

extension EndpointSelection {
    /// The selection among the endpoints of a Service's port, by the Service's traffic policies.
    public init(_ endpoints: [PortEndpoint], for service: Service, _ port: ServicePort, _ family: IPFamily) {
        self.init(
            endpoints,
            lists: Self.lists(
                internalPolicyLocal: service.isInternalPolicyLocal,
                externalPolicyLocal: service.isExternalPolicyLocal,
                externallyAccessible: service.isExternallyAccessible(port, in: family)
            )
        )
    }
}

extension VirtualServer.Configuration {
    /// All virtual servers of a Service are alike but for their real servers.
    fileprivate init(_ service: Service, _ family: IPFamily, _ settings: ServerSettings) {
        var flags = settings.flags
        if service.clientAffinityTimeout != nil { flags.insert(.persistent) }
        self.init(
            scheduler: settings.scheduler,
            flags: flags,
            persistenceTimeout: service.clientAffinityTimeout ?? 0,
            persistenceMask: Self.singleClientMask(for: family)
        )
    }
}
