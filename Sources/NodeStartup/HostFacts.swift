// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneKernel
package import DataplaneModel
import Glibc
import Reconcile

/// What is read of the machine once, at the start.
public enum HostFacts {
    /// The host name, as `hostname` prints it.
    public static var hostname: String {
        var buffer = [CChar](repeating: 0, count: 256)
        // One byte less, so that a name that fills the buffer is terminated too.
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The environment of this process.
    public static var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let text = unsafe next.pointee {
            let pair = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            unsafe next += 1
        }
        return variables
    }

    /// The families that this kernel and network namespace serve. IPv6 may be compiled out, or switched off by
    /// `net.ipv6.conf.all.disable_ipv6`.
    public static var families: [IPFamily] {
        guard unsafe access("/proc/net/if_inet6", F_OK) == 0 else { return [.v4] }
        do throws(DataplaneError) {
            return try KernelSysctls().read("net/ipv6/conf/all/disable_ipv6") == "0" ? [.v4, .v6] : [.v4]
        } catch {
            return [.v4]
        }
    }

    /// `nil` when the kernel does not say.
    package static var kernelVersion: KernelVersion? {
        do throws(DataplaneError) {
            return KernelVersion(release: try KernelSysctls().read("kernel/osrelease"))
        } catch {
            return nil
        }
    }

    /// How many CPUs of the machine are on, also where a container may use fewer: conntrack is the machine's.
    package static var processors: Int {
        do throws(DataplaneError) {
            let text = try KernelSysctls(root: "/sys/devices/system/cpu").read("online")
            if let list = ProcessorList(text) { return list.count }
        } catch {
            // Without sysfs the C library's count has to do.
        }
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}
