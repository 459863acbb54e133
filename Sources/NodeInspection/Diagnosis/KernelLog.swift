// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The kernel's own log (`/dev/kmsg`, Documentation/ABI/testing/dev-kmsg), as far as it is about what Services need.
enum KernelLog {
    /// In a line, in small letters.
    private static let subjects = [
        "ipvs", "ip_vs", "ip_set", "conntrack", "nf_tables", "xt_", "ip6_tables", "ip_tables",
    ]
    private static let mostLines = 2000

    /// - Throws: the system's words.
    static func lines() throws(DiagnosisFailure) -> [String] {
        // Not waiting, for at its end the log waits for more.
        let descriptor = unsafe open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiagnosisFailure(number: errno, "open /dev/kmsg") }
        defer { close(descriptor) }
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        // The kernel's ring is bounded; this is for one that is written to all the time.
        for _ in 0..<200_000 {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                let line = String(decoding: buffer.prefix(count), as: UTF8.self)
                let small = line.lowercased()
                guard subjects.contains(where: small.contains) else { continue }
                lines.append(line.split(separator: "\n").first.map(String.init) ?? "")
                if lines.count > mostLines { lines.removeFirst() }
            } else if count < 0, errno == EAGAIN {
                return lines
            } else if count < 0, errno == EPIPE || errno == EINTR {
                // What was to be read has been overwritten: the next read is of the oldest that is left.
                continue
            } else if count < 0 {
                throw DiagnosisFailure(number: errno, "read /dev/kmsg")
            } else {
                return lines
            }
        }
        return lines
    }
}

/// Why a part of a diagnosis could not be had.
public struct DiagnosisFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }

    init(number: Int32, _ attempt: String) {
        description = "\(attempt): \(unsafe String(cString: strerror(number)))"
    }
}
