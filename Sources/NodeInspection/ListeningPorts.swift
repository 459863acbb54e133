// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The TCP ports at which programs of this node listen.
enum ListeningPorts {
    /// - Returns: `nil` where the kernel does not tell.
    static func read() -> Set<UInt16>? {
        var ports: Set<UInt16>?
        for name in ["tcp", "tcp6"] {
            guard let file = unsafe fopen("/proc/thread-self/net/\(name)", "re") else { continue }
            defer { unsafe fclose(file) }
            var line: UnsafeMutablePointer<CChar>?
            var capacity = 0
            defer { unsafe free(line) }
            while unsafe getline(&line, &capacity, file) >= 0, let text = unsafe line {
                guard let found = unsafe Self.port(listeningIn: String(cString: text)) else { continue }
                ports = (ports ?? []).union([found])
            }
            ports = ports ?? []
        }
        return ports
    }

    /// - Parameter line: such as `0: 00000000:7CFF 00000000:0000 0A …`; 0A is `TCP_LISTEN` (proc(5)).
    static func port(listeningIn line: String) -> UInt16? {
        let fields = line.split(separator: " ", maxSplits: 4)
        guard fields.count > 3, fields[3] == "0A" else { return nil }
        return fields[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
    }
}
