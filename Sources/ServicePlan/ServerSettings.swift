// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
public import KubernetesObjects

/// A setting that a Service has by an annotation, and that this node cannot carry out.
public struct SettingRefusal: Hashable, Sendable {
    public var annotation: String
    /// The slice that has the annotation; `nil` for the Service itself.
    public var slice: ObjectName?
    /// Why not, and what is done instead.
    public var reason: String

    public init(annotation: String, slice: ObjectName? = nil, reason: String) {
        self.annotation = annotation
        self.slice = slice
        self.reason = reason
    }
}

extension SettingRefusal: CustomStringConvertible {
    /// Such as `kube-ipvs.io/weights: the scheduler rr looks at no weight; …`.
    public var description: String {
        (slice.map { "EndpointSlice \($0): " } ?? "") + "\(annotation): \(reason)"
    }
}

/// How this node sets up the virtual servers of a Service: its settings as far as they can be carried out, and the defaults.
public struct ServerSettings: Hashable, Sendable {
    public private(set) var scheduler: Scheduler
    /// Those of the scheduler.
    public private(set) var flags: VirtualServerFlags
    /// What endpoints weigh; `nil` where all weigh the same.
    private(set) var weighing: EndpointWeighing?
    /// Over how many seconds the weight of a new endpoint rises; 0 for none.
    public private(set) var slowStart: UInt32 = 0
    public private(set) var refusals: [SettingRefusal] = []

    /// - Parameters:
    ///   - slices: of the Service; some may have weights of their own.
    ///   - feeds: whether the slice at a place among them feeds the port that this is for: what is refused of others is theirs.
    init(
        _ service: Service,
        _ slices: [EndpointSlice],
        _ basis: PlanBasis,
        feeds: (Int) -> Bool = { _ in false }
    ) {
        scheduler = basis.configuration.scheduler
        flags = scheduler.flagsOfKubeProxy
        let settings = service.settings
        let hasWeightedSlices = slices.haveWeights
        guard !settings.isEmpty || hasWeightedSlices else { return }
        chooseScheduler(settings, basis)
        chooseFlags(settings)
        weigh(settings, slices, hasWeightedSlices, feeds)
    }

    private mutating func chooseScheduler(_ settings: ServiceSettings, _ basis: PlanBasis) {
        guard let name = settings.scheduler, let wanted = Scheduler(name) else { return }
        if basis.missingSchedulers.contains(wanted) {
            refuse(
                .scheduler, settings,
                "the kernel has no scheduler \(wanted): is its module ip_vs_\(wanted) there? \(scheduler) is used")
        } else {
            scheduler = wanted
            flags = wanted.chosenFlags
        }
    }

    private mutating func chooseFlags(_ settings: ServiceSettings) {
        guard let wanted = settings.schedulerFlags else { return }
        let own: SchedulerFlagNames
        switch scheduler {
        case .maglevHashing: own = [.mhFallback, .mhPort, .flag1, .flag2]
        case .sourceHashing: own = [.shFallback, .shPort, .flag1, .flag2]
        default:
            if !wanted.isEmpty { refuse(.schedulerFlags, settings, "the scheduler \(scheduler) has no flags") }
            return
        }
        guard wanted.isSubset(of: own) else {
            return refuse(
                .schedulerFlags, settings,
                "\(wanted.subtracting(own)) is no flag of the scheduler \(scheduler); its usual flags are used")
        }
        flags = []
        if !wanted.isDisjoint(with: [.mhFallback, .shFallback, .flag1]) { flags.insert(.scheduler1) }
        if !wanted.isDisjoint(with: [.mhPort, .shPort, .flag2]) { flags.insert(.scheduler2) }
    }

    private mutating func weigh(
        _ settings: ServiceSettings,
        _ slices: [EndpointSlice],
        _ hasWeightedSlices: Bool,
        _ feeds: (Int) -> Bool
    ) {
        guard !scheduler.ignoresWeights else {
            let reason = "the scheduler \(scheduler) looks at no weight; all endpoints weigh the same"
            if settings.weights != nil { refuse(.weights, settings, reason) }
            if settings.slowStart != nil { refuse(.slowStart, settings, reason) }
            guard hasWeightedSlices else { return }
            let weighted = slices.indices.filter { slices[$0].weights != nil && feeds($0) }.map { slices[$0].name }
            refusals += weighted.sorted().map {
                SettingRefusal(annotation: ServiceSettings.Name.weights.rawValue, slice: $0, reason: reason)
            }
            return
        }
        if let seconds = settings.slowStart {
            if scheduler.spreadsByWeight {
                slowStart = seconds
            } else {
                refuse(
                    .slowStart, settings,
                    "the scheduler \(scheduler) does not spread connections by weight alone: want wrr, wlc, sed, nq or twos"
                )
            }
        }
        guard settings.weights != nil || hasWeightedSlices || slowStart > 0 else { return }
        weighing = EndpointWeighing(weights: settings.weights, factor: slowStart > 0 ? SlowStart.scale : 1)
    }

    private mutating func refuse(_ name: ServiceSettings.Name, _ settings: ServiceSettings, _ reason: String) {
        refusals.append(SettingRefusal(annotation: settings.annotation(of: name), reason: reason))
    }
}

/// What endpoints weigh, where they do not all weigh the same.
struct EndpointWeighing: Hashable, Sendable {
    /// The Service's; those of a slice count before them.
    var weights: EndpointWeights?
    /// What every weight is multiplied by.
    var factor: UInt32

    /// - Parameter slice: the weights of the endpoint's slice.
    func weight(of endpoint: Endpoint, in zone: String?, _ slice: EndpointWeights?, on facts: NodeFacts) -> UInt32 {
        guard let weights = slice ?? weights else { return UInt32(EndpointWeights.usual) * factor }
        let weight = weights.weight(
            ofEndpointOn: endpoint.nodeName, in: zone, ownNode: facts.name, ownZone: facts.zone)
        return UInt32(weight) * factor
    }

    /// The weights of a slice's endpoints, in their order.
    func weights(of slice: EndpointSlice, on facts: NodeFacts) -> [UInt32] {
        let zones = slice.names.elements.map(\.zone)
        return slice.endpoints.indices.map { index in
            weight(
                of: slice.endpoints[index], in: index < zones.count ? zones[index] : nil, slice.weights, on: facts)
        }
    }
}

extension Scheduler {
    /// The flags of virtual servers with the configured scheduler: those of kube-proxy, so that a node may be handed over in either
    /// direction without an edit. It sets the port flag of `mh`, and none of `sh`.
    fileprivate var flagsOfKubeProxy: VirtualServerFlags { self == .maglevHashing ? .scheduler2 : [] }

    /// The flags of a scheduler that a Service has chosen, unless it says otherwise.
    ///
    /// Both hashing schedulers keep a real server of weight 0 in their tables: one that drains, for as long as it does
    /// (`ip_vs_mh_permutate` goes by `last_weight`, `ip_vs_sh_reassign` by the list). Without the fallback flag, a client that
    /// is hashed to it is refused (kubernetes/kubernetes#138688).
    fileprivate var chosenFlags: VirtualServerFlags {
        switch self {
        case .maglevHashing: [.scheduler1, .scheduler2]
        case .sourceHashing: .scheduler1
        default: []
        }
    }

    /// Whether it only asks whether the weight is 0 (`ip_vs_rr.c`, `ip_vs_lc.c`, `ip_vs_dh.c`).
    var ignoresWeights: Bool { [.roundRobin, .leastConnections, .destinationHashing].contains(self) }

    /// Whether each new connection goes by the weights, so that one with a small weight gets few. Of the others that look at
    /// them, `fo` has the heaviest alone, `ovf` takes them for numbers of connections, `lblc` and `lblcr` for limits of load;
    /// `mh` and `sh` would send other clients elsewhere with each change of a weight.
    var spreadsByWeight: Bool { [.weightedRoundRobin, .weightedLeastConnections, .sed, .nq, .twos].contains(self) }
}

extension [EndpointSlice] {
    /// Whether any of them has weights of its own; in place, for a copy of a slice has references to count.
    fileprivate var haveWeights: Bool {
        let slices = span
        for index in slices.indices where slices[index].weights != nil { return true }
        return false
    }
}
