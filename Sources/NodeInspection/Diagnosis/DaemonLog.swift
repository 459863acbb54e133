// SPDX-License-Identifier: GPL-2.0-or-later

/// The last lines that a daemon in a Pod has written, where kubelet keeps them (`/var/log/containers`).
enum DaemonLog {
    private static let mostLines = 2000
    private static let directory = "/var/log/containers"

    /// - Parameter file: where the log is, if that is known.
    static func text(_ file: String?) throws(DiagnosisFailure) -> [UInt8] {
        if let file { return lastLines(of: try SystemFiles.readEnd(file, limit: Diagnosis.partLimit)) }
        // NAME_NAMESPACE_CONTAINER-ID.log
        let files = SystemFiles.names(in: directory).filter { $0.contains("_kube-ipvs-") && $0.hasSuffix(".log") }
        guard !files.isEmpty else {
            throw DiagnosisFailure(
                "no log of a container kube-ipvs in \(directory): `kubectl logs` or `journalctl` have it; --daemon-log names one"
            )
        }
        var text: [UInt8] = []
        for name in files {
            text += Array("# \(name)\n".utf8)
            text += lastLines(of: try SystemFiles.readEnd("\(directory)/\(name)", limit: 2 << 20))
        }
        return text
    }

    private static func lastLines(of text: [UInt8]) -> [UInt8] {
        var lines = 0
        let start = text.lastIndex { byte in
            if byte == UInt8(ascii: "\n") { lines += 1 }
            return lines > mostLines
        }
        return start.map { Array(text[($0 + 1)...]) } ?? text
    }
}
