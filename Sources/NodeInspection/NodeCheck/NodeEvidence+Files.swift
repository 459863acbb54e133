// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import Glibc
import NodeStartup
import Reconcile

extension NodeEvidence {
    /// Takes over what files of the system tell.
    mutating func readProcessFiles() {
        release = Self.text("/proc/sys/kernel", "osrelease")
        capabilities = Capability.effective(status: Self.text("/proc/self", "status")) ?? capabilities
        for interface in Self.names(in: "/proc/sys/net/ipv4/conf") {
            if !["all", "default"].contains(interface) { interfaces.insert(interface) }
            reversePathFilters[interface] = Int(Self.text("/proc/sys/net/ipv4/conf", "\(interface)/rp_filter"))
        }
        linkRoutes = Self.linkRoutes(Self.text("/proc/net", "route"))
        readNetworkFiles()
        for process in Self.names(in: "/proc") where process.allSatisfy(\.isNumber) {
            // At most 15 bytes of the name (`TASK_COMM_LEN`).
            programs.insert(Self.text("/proc", "\(process)/comm"))
        }
        lockIsFile = Self.isFile("/run/xtables.lock")
    }

    private mutating func readNetworkFiles() {
        localPortRange = Self.range(Self.text("/proc/sys/net/ipv4", "ip_local_port_range"), "\t")
        reservedPorts = Self.text("/proc/sys/net/ipv4", "ip_local_reserved_ports").split(separator: ",")
            .compactMap { Self.range($0, "-") }
        bridgeCallsRules = Int(Self.text("/proc/sys/net/bridge", "bridge-nf-call-iptables")).map { $0 != 0 }
        flowCount = Int(Self.text("/proc/sys/net/netfilter", "nf_conntrack_count"))
        flowLimit = Int(Self.text("/proc/sys/net/netfilter", "nf_conntrack_max"))
        keepaliveTime = Int(Self.text("/proc/sys/net/ipv4", "tcp_keepalive_time"))
        runsEstimation = Int(Self.text("/proc/sys/net/ipv4/vs", "run_estimation")).map { $0 != 0 }
        for name in ["drop_entry", "drop_packet", "secure_tcp"] {
            defenceModes[name] = Int(Self.text("/proc/sys/net/ipv4/vs", name))
        }
    }

    /// Two ports with a separator between them, or one port.
    static func range(_ text: some StringProtocol, _ separator: Character) -> ClosedRange<UInt16>? {
        let bounds = text.split(separator: separator).map { UInt16($0) }
        guard let first = bounds.first, let lower = first, let last = bounds.last, let upper = last, lower <= upper,
            bounds.count <= 2
        else { return nil }
        return lower...upper
    }

    /// Empty where there is no such file: a process may have ended meanwhile.
    private static func text(_ folder: String, _ name: String) -> String {
        do throws(DataplaneError) {
            return try KernelSysctls(root: folder).read(name)
        } catch {
            return ""
        }
    }

    private static func isFile(_ path: String) -> Bool? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT == S_IFREG
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
