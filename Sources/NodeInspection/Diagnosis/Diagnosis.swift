// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import NodeStartup
import Reconcile

/// The parts of a bug report that are read of the node as it is. Nothing is changed, and no module is loaded.
public enum Diagnosis {
    /// One file of the report.
    public struct Part: Sendable {
        public var name: String
        public var collect: @Sendable () async throws -> [UInt8]

        public init(_ name: String, _ collect: @escaping @Sendable () async throws -> [UInt8]) {
            self.name = name
            self.collect = collect
        }
    }

    /// In bytes, of one part. What is longer is cut, and says so.
    public static let partLimit = 8 << 20

    /// - Parameter logFile: where the daemon's log is, if that is known.
    public static func parts(logFile: String?) -> [Part] {
        [
            Part("sets.txt") { try sets() },
            Part("addresses.txt") { try addresses() },
            Part("routes.txt") {
                files(["/proc/net/route", "/proc/net/ipv6_route", "/proc/net/fib_trie", "/proc/net/arp"])
            },
            Part("sysctls.txt") { sysctls() },
            Part("modules.txt") { try SystemFiles.read("/proc/modules", limit: partLimit) },
            Part("kernel.txt") {
                files(["/proc/version", "/proc/cmdline", "/proc/loadavg", "/proc/meminfo", "/proc/net/ip_vs_stats"])
            },
            Part("kernel-log.txt") { Array(try KernelLog.lines().map { "\($0)\n" }.joined().utf8) },
            Part("daemon-log.txt") { try DaemonLog.text(logFile) },
        ] + HostFacts.families.map { family in Part("rules-\(family).txt") { try await rules(family) } }
    }

    private static func files(_ paths: [String]) -> [UInt8] {
        var text: [UInt8] = []
        for path in paths {
            text += Array("# \(path)\n".utf8)
            do throws(DiagnosisFailure) {
                text += try SystemFiles.read(path, limit: partLimit / paths.count)
            } catch {
                text += Array("could not be read: \(error)\n".utf8)
            }
        }
        return text
    }

    private static func rules(_ family: IPFamily) async throws -> [UInt8] {
        var text = ""
        for variant in IPTablesVariant.allCases {
            text += "# iptables-\(variant.rawValue), \(family)\n"
            do throws(DataplaneError) {
                text += try await KernelIPTables.open(variant: variant).save(family)
            } catch {
                text += "could not be read: \(error)\n"
            }
        }
        return Array(text.utf8)
    }

    private static func sets() throws -> [UInt8] {
        guard !KernelModule.isAbsent("ip_set") else { throw DiagnosisFailure("ip_set is not loaded") }
        let kernel = KernelIPSet()
        var text = ""
        for family in HostFacts.families {
            for set in ServiceSet.allCases {
                var entries: [String] = []
                var count = 0
                var reading = KernelReading(of: NamedSet(set.name(for: family)))
                let note = { (entry: IPSetEntry) in
                    count += 1
                    if entries.count < mostEntries { entries.append("\(entry)") }
                }
                while try kernel.readMembers(&reading, note) == .more {}
                guard let found = reading.subject.found else { continue }
                let room = found.maximumElements.map { " of \($0)" } ?? ""
                text += "\(found.name) \(found.typeName): \(count)\(room) entries, \(found.references) references\n"
                text += entries.sorted().map { "  \($0)\n" }.joined()
                if count > entries.count { text += "  and \(count - entries.count) more\n" }
            }
        }
        return Array((text.isEmpty ? "none of the sets of Services is there\n" : text).utf8)
    }

    /// Of one set.
    private static let mostEntries = 10_000

    private static func addresses() throws -> [UInt8] {
        var text = "# of interfaces but the dummy link\n"
        text += try NodeAddressMonitor().nodeAddresses().sorted().map { "\($0)\n" }.joined()
        let kernel = try KernelAddresses()
        text += "# of the dummy link\n"
        if try kernel.linkExists() {
            for family in HostFacts.families {
                text += try kernel.boundAddresses(of: family).sorted().map { "\($0)\n" }.joined()
            }
        } else {
            text += "it is not there\n"
        }
        return Array(text.utf8) + files(["/proc/net/dev", "/proc/net/if_inet6"])
    }

    private static func sysctls() -> [UInt8] {
        let kernel = KernelSysctls()
        var text = ""
        func show(_ directory: String, _ isShown: (String) -> Bool = { _ in true }) {
            for name in SystemFiles.names(in: "/proc/sys/\(directory)") where isShown(name) {
                let key = "\(directory)/\(name)"
                do throws(DataplaneError) {
                    text += "\(key) = \(try kernel.read(key))\n"
                } catch {
                    // Directories, and those that can only be written.
                }
            }
        }
        show("net/ipv4/vs")
        show("net/netfilter") { $0.hasPrefix("nf_conntrack") }
        show("net/bridge")
        show("net/ipv4") { $0.hasPrefix("ip_") || $0.hasPrefix("tcp_keepalive") }
        for interface in SystemFiles.names(in: "/proc/sys/net/ipv4/conf") {
            show("net/ipv4/conf/\(interface)") {
                ["arp_announce", "arp_ignore", "forwarding", "route_localnet", "rp_filter", "src_valid_mark"].contains(
                    $0)
            }
        }
        for interface in SystemFiles.names(in: "/proc/sys/net/ipv6/conf") {
            show("net/ipv6/conf/\(interface)") { ["disable_ipv6", "forwarding"].contains($0) }
        }
        return Array(text.utf8)
    }
}
