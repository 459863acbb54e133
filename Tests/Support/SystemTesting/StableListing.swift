// SPDX-License-Identifier: GPL-2.0-or-later
/// What a program prints of the kernel's state (`ipvsadm -S`, `ipset save`, `iptables-save`, `ip -oneline address`), as lines that are
/// the same as long as the state is.
public func stableLines(of listing: String) -> [String] {
    listing.split(separator: "\n")
        .filter { !$0.hasPrefix("#") }
        // Not what counts, ages, or is made up: packets, lifetimes, the seeds of hashes.
        .map { String($0.replacing(#/\[\d+:\d+\]|valid_lft.*| initval 0x[0-9a-f]+/#, with: "")) }
        .sorted()
}
