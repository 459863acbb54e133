// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import KubernetesObjects

@testable import KubernetesHTTP

/// What programs print, and the small words of flags and objects.
enum ProgramInput {
    static func readCredentials(_ bytes: [UInt8]) {
        for version in ExecPlugin.Version.allCases {
            _ = try? ExecCredential(output: bytes, version: version)
        }
    }

    static func readSavedRules(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let saved = SavedTables(text)
        for table in ["nat", "filter", "mangle"] { _ = saved.isWhole(table) }
        _ = InstalledRules(text)
        _ = JumpOrder(text)
        let references = SetReferences(to: "KUBE-CLUSTER-IP", in: text)
        _ = references.restoreInput(referringTo: "KUBE-CLUSTER-IP-NEW")
    }

    /// The first line is what iptables-restore said, the rest is what it was given.
    static func readWords(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: "\n", maxSplits: 1).map(String.init)
        _ = RestoreFailure(standardError: parts.first ?? "", input: parts.last ?? "")
        _ = IPTablesVersion(text)
    }

    static func readAddresses(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let address = IPAddress(text) {
            precondition(IPAddress("\(address)") == address, "an address reads otherwise than it is written")
        }
        if let network = IPPrefix(text) {
            precondition(IPPrefix("\(network)") == network, "a network reads otherwise than it is written")
        }
        _ = GoDuration(text)
        _ = RFC3339Time(text)
        _ = BindAddress(text)
        _ = try? ServerAddress(text)
        _ = try? ProxyAddress(text)
    }
}
