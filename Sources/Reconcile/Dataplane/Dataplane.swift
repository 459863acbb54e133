// SPDX-License-Identifier: GPL-2.0-or-later
/// The parts of one network namespace's data plane. Both families use the same.
public struct Dataplane {
    public var ipvs: any IPVSDataplane
    public var sets: any IPSetDataplane
    public var addresses: any AddressDataplane
    public var rules: any RulesDataplane
    /// `nil` leaves tracked flows alone.
    public var conntrack: (any ConntrackDataplane)?
    /// `nil` leaves the kernel's settings alone.
    public var settings: (any SettingsDataplane)?

    public init(
        ipvs: any IPVSDataplane,
        sets: any IPSetDataplane,
        addresses: any AddressDataplane,
        rules: any RulesDataplane,
        conntrack: (any ConntrackDataplane)? = nil,
        settings: (any SettingsDataplane)? = nil
    ) {
        self.ipvs = ipvs
        self.sets = sets
        self.addresses = addresses
        self.rules = rules
        self.conntrack = conntrack
        self.settings = settings
    }
}
