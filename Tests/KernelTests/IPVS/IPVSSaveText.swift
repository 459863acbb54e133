// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

extension ObservedVirtualServer {
    /// The lines that `ipvsadm -S -n` prints for it.
    var saveLines: [String] {
        [serverLine] + realServers.map { "-a \(selector) \($0.realServer.saveText)" }
    }

    /// The lines that make it when `ipvsadm -R` reads them: those of `-S`, and the thresholds that `-S` leaves out.
    var restoreLines: [String] {
        [serverLine]
            + realServers.map { server in
                let thresholds = "-x \(server.realServer.upperThreshold) -y \(server.realServer.lowerThreshold)"
                return "-a \(selector) \(server.realServer.saveText) \(thresholds)"
            }
    }

    private var selector: String {
        switch identity {
        case .address(let id): "\(id.transport.ipvsadmOption) \(id.address.joined(port: id.port))"
        case .firewallMark(let mark, .v4): "-f \(mark)"
        case .firewallMark(let mark, .v6): "-f \(mark) -6"
        }
    }

    private var serverLine: String {
        var server = "-A \(selector) -s \(configuration.scheduler)"
        if configuration.flags.contains(.persistent) {
            server += " -p \(configuration.persistenceTimeout)"
            if configuration.persistenceMask != VirtualServer.Configuration.singleClientMask(for: identity.family) {
                server += " -M \(maskText)"
            }
        }
        if let engine = configuration.persistenceEngine { server += " --pe \(engine)" }
        if configuration.flags.contains(.onePacket) { server += " -o" }
        let names = configuration.flags.schedulerNames(for: configuration.scheduler)
        if !names.isEmpty { server += " -b \(names.joined(separator: ","))" }
        return server
    }

    private var maskText: String {
        switch identity.family {
        case .v4: "\(IPAddress(v4: configuration.persistenceMask))"
        case .v6: "\(configuration.persistenceMask)"
        }
    }
}

extension RealServer {
    fileprivate var saveText: String {
        let method =
            switch forwarding {
            case .masquerade: "-m"
            case .tunnel: "-i"
            default: "-g"
            }
        var text = "-r \(id) \(method) -w \(weight)"
        if forwarding == .tunnel { text += " --tun-type ipip" }
        return text
    }
}

extension TransportProtocol {
    fileprivate var ipvsadmOption: String {
        switch self {
        case .tcp: "-t"
        case .udp: "-u"
        case .sctp: "--sctp-service"
        }
    }
}

extension VirtualServerFlags {
    fileprivate func schedulerNames(for scheduler: Scheduler) -> [String] {
        switch scheduler.name {
        case "sh", "mh":
            zip([.scheduler1, .scheduler2], ["\(scheduler)-fallback", "\(scheduler)-port"])
                .filter { contains($0.0) }.map(\.1)
        default:
            zip([.scheduler1, .scheduler2, .scheduler3], ["flag-1", "flag-2", "flag-3"])
                .filter { contains($0.0) }.map(\.1)
        }
    }
}
