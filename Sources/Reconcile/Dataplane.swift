/// The parts of one network namespace's data plane. Both families use the same.
public struct Dataplane {
    public var ipvs: any IPVSDataplane
    public var sets: any IPSetDataplane
    public var addresses: any AddressDataplane
    public var rules: any RulesDataplane
    /// `nil` leaves tracked flows alone.
    public var conntrack: (any ConntrackDataplane)?

    public init(
        ipvs: any IPVSDataplane,
        sets: any IPSetDataplane,
        addresses: any AddressDataplane,
        rules: any RulesDataplane,
        conntrack: (any ConntrackDataplane)? = nil
    ) {
        self.ipvs = ipvs
        self.sets = sets
        self.addresses = addresses
        self.rules = rules
        self.conntrack = conntrack
    }
}
