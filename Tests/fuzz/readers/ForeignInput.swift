// SPDX-License-Identifier: GPL-2.0-or-later

/// Foreign input that this project reads: one case for each parser.
///
/// The name of a case is the name of its corpus, `Tests/fuzz/corpus/NAME`.
public enum ForeignInput: String, CaseIterable, Sendable {
    // Sent by the kernel.
    case netlinkAnswers = "netlink-answers"
    case ipvsMessages = "ipvs-messages"
    case ipsetMessages = "ipset-messages"
    case routeMessages = "route-messages"
    case conntrackMessages = "conntrack-messages"
    case nftablesMessages = "nftables-messages"

    // Sent by an API server.
    case listsInJSON = "lists-in-json"
    case listsInProtobuf = "lists-in-protobuf"
    case watchesInJSON = "watches-in-json"
    case watchesInProtobuf = "watches-in-protobuf"

    // Files.
    case json
    case yaml
    case configuration
    case kubeconfig
    case certificates
    case procFiles = "proc-files"

    // Written by programs.
    case execCredentials = "exec-credentials"
    case iptablesSave = "iptables-save"
    case iptablesWords = "iptables-words"

    // Written by people and objects.
    case addresses

    // Sent to the daemon's own ports.
    case httpRequests = "http-requests"

    /// Reads `bytes` as the daemon would. What is malformed is refused with an error and is no fault; a trap is one.
    public func read(_ bytes: [UInt8]) {
        switch self {
        case .netlinkAnswers: NetlinkInput.readAnswers(bytes)
        case .ipvsMessages: NetlinkInput.readIPVS(bytes)
        case .ipsetMessages: NetlinkInput.readSets(bytes)
        case .routeMessages: NetlinkInput.readRoutes(bytes)
        case .conntrackMessages: NetlinkInput.readFlows(bytes)
        case .nftablesMessages: NetlinkInput.readRules(bytes)
        case .listsInJSON: ServerInput.list(bytes, .json)
        case .listsInProtobuf: ServerInput.list(bytes, .protobuf)
        case .watchesInJSON: ServerInput.watch(bytes, .json)
        case .watchesInProtobuf: ServerInput.watch(bytes, .protobuf)
        case .json: FileInput.readJSON(bytes)
        case .yaml: FileInput.readYAML(bytes)
        case .configuration: FileInput.readConfiguration(bytes)
        case .kubeconfig: FileInput.readKubeconfig(bytes)
        case .certificates: FileInput.readCertificates(bytes)
        case .procFiles: FileInput.readProcFiles(bytes)
        case .execCredentials: ProgramInput.readCredentials(bytes)
        case .iptablesSave: ProgramInput.readSavedRules(bytes)
        case .iptablesWords: ProgramInput.readWords(bytes)
        case .addresses: ProgramInput.readAddresses(bytes)
        case .httpRequests: HTTPInput.shared.send(bytes)
        }
    }
}
