import Addressing
import DataplaneModel
import ServicePlan

/// Turns text into settings, and collects what cannot be.
struct FlagReader {
    private(set) var errors: [ConfigurationError] = []

    private mutating func refuse(_ setting: String, _ value: String, wanted: String) {
        errors.append(ConfigurationError(setting: setting, value: value, wanted: wanted))
    }

    mutating func nodeName(_ override: String?, _ hostname: String) -> String {
        let name = (override ?? hostname).trimmingSpaces().lowercased()
        if name.isEmpty {
            refuse("--hostname-override", override ?? "", wanted: "the name of a node")
        }
        return name
    }

    mutating func bindAddress(_ text: String?) -> IPAddress? {
        guard let text else { return nil }
        guard let address = IPAddress(text) else {
            refuse("--bind-address", text, wanted: "an IP address")
            return nil
        }
        return address.isUnspecified ? nil : address
    }

    mutating func duration(_ flag: String, _ text: String?) -> Duration? {
        guard let text else { return nil }
        guard let duration = GoDuration(text)?.duration, duration >= .zero else {
            refuse(flag, text, wanted: "a duration of zero or more, such as 30s, 1m30s or 500ms")
            return nil
        }
        return duration
    }

    mutating func seconds(_ flag: String, _ text: String?) -> UInt32 {
        guard let duration = duration(flag, text) else { return 0 }
        // The kernel counts jiffies in 32 bits: IP_VS_… timeouts past this are refused with EINVAL.
        let limit: Duration = .seconds(Int32.max / 1000)
        guard duration <= limit else {
            refuse(flag, text ?? "", wanted: "at most \(Int32.max / 1000)s")
            return 0
        }
        return UInt32(duration.components.seconds)
    }

    mutating func checkPeriods(_ configuration: ProxyConfiguration) {
        if configuration.syncPeriod <= .zero {
            refuse("--ipvs-sync-period", "\(configuration.syncPeriod)", wanted: "greater than 0")
        } else if configuration.minSyncPeriod > configuration.syncPeriod {
            refuse(
                "--ipvs-min-sync-period",
                "\(configuration.minSyncPeriod)",
                wanted: "at most --ipvs-sync-period (\(configuration.syncPeriod))"
            )
        }
    }

    mutating func scheduler(_ text: String?) -> Scheduler? {
        guard let text, !text.isEmpty else { return nil }
        guard let scheduler = Scheduler(text) else {
            refuse("--ipvs-scheduler", text, wanted: "the name of an IPVS scheduler, such as rr, wlc or mh")
            return nil
        }
        return scheduler
    }

    mutating func networks(_ flag: String, _ texts: [String]) -> [IPPrefix] {
        texts.compactMap { text in
            let network = IPPrefix(text.trimmingSpaces())
            if network == nil {
                refuse(flag, text, wanted: "a network such as 10.0.0.0/8 or fd00::/64")
            }
            return network
        }
    }

    mutating func clusterNetworks(_ text: String?) -> [IPPrefix] {
        guard let text, !text.isEmpty else { return [] }
        let networks = networks("--cluster-cidr", text.split(separator: ",").map(String.init))
        if networks.count > 2 || Set(networks.map(\.family)).count != networks.count {
            refuse("--cluster-cidr", text, wanted: "at most one network of each family")
        }
        return networks
    }

    mutating func nodePortAddresses(_ texts: [String]) -> PlanConfiguration.NodePortAddresses {
        guard !texts.isEmpty else { return .all }
        if texts.contains("primary") {
            if texts.count > 1 {
                refuse("--nodeport-addresses", texts.joined(separator: ","), wanted: "\"primary\" alone")
            }
            return .primary
        }
        return .inside(networks("--nodeport-addresses", texts))
    }

    mutating func masqueradeBit(_ bit: Int?) -> UInt8? {
        guard let bit else { return nil }
        guard (0...31).contains(bit) else {
            refuse("--iptables-masquerade-bit", "\(bit)", wanted: "between 0 and 31")
            return nil
        }
        return UInt8(bit)
    }

    mutating func detectLocalMode(_ flags: ProxyFlags) -> ProxyConfiguration.DetectLocalMode? {
        switch flags.detectLocalMode {
        case nil, "", "ClusterCIDR": return .clusterCIDR
        case "NodeCIDR": return .nodeCIDR
        case "BridgeInterface":
            guard let name = flags.podBridgeInterface, !name.isEmpty else {
                refuse("--pod-bridge-interface", "", wanted: "the name of an interface, which BridgeInterface needs")
                return nil
            }
            return .bridgeInterface(name)
        case "InterfaceNamePrefix":
            guard let prefix = flags.podInterfaceNamePrefix, !prefix.isEmpty else {
                refuse(
                    "--pod-interface-name-prefix", "", wanted: "a prefix of names, which InterfaceNamePrefix needs")
                return nil
            }
            return .interfaceNamePrefix(prefix)
        case let mode?:
            refuse(
                "--detect-local-mode", mode,
                wanted: "one of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix"
            )
            return nil
        }
    }
}

extension String {
    func trimmingSpaces() -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
