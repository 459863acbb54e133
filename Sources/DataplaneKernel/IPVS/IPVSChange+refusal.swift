import DataplaneModel
import Netlink
import Reconcile

extension IPVSChange {
    /// The kernel's refusal of this change, in words that say what its number means for IPVS.
    func refusal(_ error: NetlinkError) -> DataplaneError {
        let words = error.explanation ?? meaning(of: error.errno) ?? "\(error.errno)"
        return DataplaneError(part: .ipvs, number: error.errno.rawValue, explanation: "cannot \(attempt): \(words)")
    }

    private var attempt: String {
        switch self {
        case .addVirtualServer(let id, let configuration):
            "add virtual server \(id) with scheduler \(configuration.scheduler)"
        case .editVirtualServer(let id, let configuration):
            "edit virtual server \(id) with scheduler \(configuration.scheduler)"
        case .removeVirtualServer(let id): "remove virtual server \(id)"
        case .addRealServer(let realServer, to: let id): "add real server \(realServer.id) to \(id)"
        case .editRealServer(let realServer, of: let id): "edit real server \(realServer.id) of \(id)"
        case .removeRealServer(let realServer, from: let id): "remove real server \(realServer) from \(id)"
        }
    }

    /// IPVS itself sends numbers without words: `net/netfilter/ipvs/ip_vs_ctl.c`.
    private var meaningOfMissingEntry: String {
        switch self {
        case .addVirtualServer, .editVirtualServer: "the kernel has no such scheduler or persistence engine"
        case .removeVirtualServer: "no such entry"
        case .addRealServer, .editRealServer, .removeRealServer: "no such real server"
        }
    }

    private func meaning(of errno: Errno) -> String? {
        switch errno {
        case .exists: "it exists already"
        case .noProcess: "no such virtual server"
        case .noEntry: meaningOfMissingEntry
        default: nil
        }
    }
}
