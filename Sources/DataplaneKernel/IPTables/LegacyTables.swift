// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import Glibc

/// The rules of the legacy iptables of a family, as a number made of all that is in them but their counters.
///
/// It asks the kernel as `iptables-legacy-save` does, by `IPT_SO_GET_INFO` and `IPT_SO_GET_ENTRIES`, whose structures are in
/// `linux/netfilter_ipv4/ip_tables.h` (and `linux/netfilter_ipv6/ip6_tables.h`); those headers do not import.
final class LegacyTables {
    private let descriptor: Int32
    private let family: IPFamily

    /// The tables that have rules of ours.
    private static let names = ["nat", "filter"]

    /// Those of the network namespace that the calling thread is in; `nil` where there is no socket to ask with.
    init?(_ family: IPFamily) {
        let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family == .v4 ? AF_INET : AF_INET6, type, Int32(IPPROTO_RAW))
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.family = family
    }

    deinit {
        close(descriptor)
    }

    /// The tables of a family that have been loaded, which any use of them does.
    static func loaded(_ family: IPFamily) -> Set<String> {
        let file = family == .v4 ? "ip_tables_names" : "ip6_tables_names"
        let names = (try? KernelSysctls(root: "/proc/thread-self/net").read(file)) ?? ""
        return Set(names.split(separator: "\n").map(String.init))
    }

    /// - Returns: `nil` when the kernel has no legacy iptables, or does not answer.
    func hash() -> UInt64? {
        var hasher = Hasher()
        for name in Self.names {
            guard combine(name, into: &hasher) else { return nil }
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// `IPT_BASE_CTL`; `IP6T_SO_*` have the same numbers.
    private static let infoOption: Int32 = 64
    private static let entriesOption: Int32 = 65
    /// `XT_TABLE_MAXNAMELEN`.
    private static let nameLength = 32
    /// `struct ipt_getinfo`: the name, then 1 + 5 + 5 numbers, the number of entries and their size in bytes.
    private static let infoLength = nameLength + 13 * 4
    /// `struct ipt_get_entries`: the name, the size, padding, and the entries.
    private static let entriesOffset = nameLength + 8

    private func combine(_ name: String, into hasher: inout Hasher) -> Bool {
        var info = [UInt8](repeating: 0, count: Self.infoLength)
        info.replaceSubrange(0..<name.utf8.count, with: name.utf8)
        guard get(Self.infoOption, &info) else { return false }
        let size = unsafe Self.load(UInt32.self, of: info.span.bytes, at: Self.infoLength - 4)

        var table = [UInt8](repeating: 0, count: Self.entriesOffset + Int(size))
        table.replaceSubrange(0..<name.utf8.count, with: name.utf8)
        unsafe table.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: size, toByteOffset: Self.nameLength, as: UInt32.self)
        }
        // It is refused when the size has changed meanwhile; the next call sees the new one.
        guard get(Self.entriesOption, &table) else { return false }

        unsafe info.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return unsafe combine(entries: table.span.bytes.extracting(Self.entriesOffset..<table.count), into: &hasher)
    }

    /// Everything but the counters, 16 bytes of each entry.
    private func combine(entries: RawSpan, into hasher: inout Hasher) -> Bool {
        // `struct ipt_entry` and `struct ip6t_entry`: where the counters are, and the offset of the next entry.
        let counters = family == .v4 ? 96 : 152
        let nextOffset = family == .v4 ? 90 : 142
        var position = 0
        while position < entries.byteCount {
            guard position + counters + 16 <= entries.byteCount else { return false }
            let length = Int(Self.load(UInt16.self, of: entries, at: position + nextOffset))
            guard length >= counters + 16, position + length <= entries.byteCount else { return false }
            unsafe entries.extracting(position..<position + counters).withUnsafeBytes {
                unsafe hasher.combine(bytes: $0)
            }
            unsafe entries.extracting(position + counters + 16..<position + length)
                .withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
            position += length
        }
        return true
    }

    private func get(_ option: Int32, _ buffer: inout [UInt8]) -> Bool {
        var length = socklen_t(buffer.count)
        let level = family == .v4 ? Int32(IPPROTO_IP) : Int32(IPPROTO_IPV6)
        return unsafe getsockopt(descriptor, level, option, &buffer, &length) == 0
    }

    private static func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type,
        of bytes: RawSpan,
        at offset: Int
    ) -> Number {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    }
}
