// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SystemTesting
import Testing

extension KernelSuite {
    /// The kernel's settings as the daemon's container finds them: `/proc/sys` and `/sys` are read-only, and of all capabilities
    /// it has those of the network.
    @Suite(.serialized)
    struct UnprivilegedSettingsTests {
        /// What the container runtime and the DaemonSet make of the file system: a root directory of its own, in which the daemon's
        /// mounts are.
        ///
        /// - Parameter mount: a further mount, in `$root`.
        private static func container(_ mount: String) -> String {
            """
            set -e
            root=/mnt
            mount -t tmpfs none $root
            for entry in /*; do
                if [ -L $entry ]; then
                    cp --no-dereference $entry $root/
                elif [ -d $entry ] && [ $entry != $root ]; then
                    mkdir $root$entry
                    mount --rbind $entry $root$entry
                fi
            done
            \(mount)
            for folder in $root/proc/sys $root/sys; do
                mount --bind $folder $folder
                mount -o remount,bind,ro $folder
            done
            exec chroot $root setpriv --bounding-set=-all,+net_admin,+net_raw --inh-caps=-all --no-new-privs "$@"
            """
        }

        /// The DaemonSet's volume.
        private static let netMount = """
            mkdir -p $root/host/proc/sys/net
            mount --bind /proc/sys/net $root/host/proc/sys/net
            """

        private func start(_ mount: String, _ options: [String]) throws -> [String] {
            let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            return [
                "unshare", "--mount", "bash", "-c", Self.container(mount), "bash",
                folder.appending(path: "kube-ipvs").path, "--init-only", "--hostname-override=here",
            ] + options
        }

        private static let options = [
            "--ipvs-strict-arp", "--conntrack-max-per-core=1", "--conntrack-min=300000", "--conntrack-udp-timeout=40s",
        ]

        private func value(_ key: String) async throws -> String {
            String(try await command("sysctl", "-n", key).dropLast())
        }

        @Test func `a changed configuration takes effect without a privileged container`() async throws {
            try await command(
                "sysctl", "-q", "-w", "net.ipv4.ip_forward=0", "net.ipv4.conf.all.arp_ignore=0",
                "net.netfilter.nf_conntrack_max=100000", "net.netfilter.nf_conntrack_buckets=4096")
            try await command(start(Self.netMount, Self.options))
            #expect(try await value("net.ipv4.ip_forward") == "1")
            #expect(try await value("net.ipv4.vs.conntrack") == "1")
            #expect(try await value("net.ipv4.conf.all.arp_ignore") == "1")
            #expect(try await value("net.netfilter.nf_conntrack_max") == "300000")
            #expect(try await value("net.netfilter.nf_conntrack_udp_timeout") == "40")
            #expect(Int(try await value("net.netfilter.nf_conntrack_buckets")) ?? 0 >= 75000)

            // The ConfigMap is edited, and the container is started again.
            try await command(start(Self.netMount, ["--conntrack-max-per-core=1", "--conntrack-min=400000"]))
            #expect(try await value("net.netfilter.nf_conntrack_max") == "400000")
        }

        @Test func `without the mount each setting that differs is named`() async throws {
            try await command("sysctl", "-q", "-w", "net.ipv4.ip_forward=0", "net.ipv4.conf.all.arp_ignore=0")
            let refused = try await failure(of: start("", Self.options))
            #expect(refused.status == "exited(1)")
            #expect(refused.standardError.contains("net/ipv4/ip_forward"))
            #expect(refused.standardError.contains("net/ipv4/conf/all/arp_ignore"))
            #expect(refused.standardError.contains("Read-only file system"))
            try await command("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        }
    }
}
