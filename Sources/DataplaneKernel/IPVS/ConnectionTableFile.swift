// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
public import Reconcile

/// `/proc/net/ip_vs_conn`: the connection table, which netlink does not offer. Of the caller's network namespace.
///
/// The kernel makes the text while it is read. An entry that comes or goes meanwhile may be there or not.
public struct ConnectionTableFile: ~Copyable {
    private let descriptor: Int32
    /// What was read after the last whole line.
    private var rest: [UInt8] = []
    private var isAtTitle = true

    public init() throws(DataplaneError) {
        // The thread's and not the process's: they differ for a thread that has entered another namespace.
        descriptor = unsafe open("/proc/thread-self/net/ip_vs_conn", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Some more lines, one for each connection, without their line ends. Empty at the end of the table.
    public mutating func nextLines() throws(DataplaneError) -> [ArraySlice<UInt8>] {
        while true {
            let text = rest + (try read())
            guard text.count > rest.count else {
                rest = []
                return text.isEmpty ? [] : [text[...]]
            }
            guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else {
                rest = text
                continue
            }
            rest = Array(text[(end + 1)...])
            var lines = text[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            if isAtTitle {
                isAtTitle = false
                lines.removeFirst()
            }
            if !lines.isEmpty { return lines }
        }
    }

    /// What one call gives; empty at the end.
    private func read() throws(DataplaneError) -> [UInt8] {
        let capacity = 64 << 10
        while true {
            var number: Int32 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                let length = unsafe Glibc.read(descriptor, buffer.baseAddress, capacity)
                number = length < 0 ? errno : 0
                count = max(0, length)
            }
            switch number {
            case 0: return bytes
            case EINTR: continue
            default: throw Self.failure("read", number)
            }
        }
    }

    private static func failure(_ attempt: String, _ number: Int32) -> DataplaneError {
        let words = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error"
        return DataplaneError(
            part: .ipvs,
            number: number,
            explanation: "cannot \(attempt) the connection table /proc/net/ip_vs_conn: \(words)"
        )
    }
}
