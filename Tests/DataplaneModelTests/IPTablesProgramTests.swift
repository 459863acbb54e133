// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Testing

@Suite struct IPTablesProgramTests {
    @Test func `kubelet's chain decides the variant, nf_tables first`() {
        let hint = "*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n"
        let canary = "*mangle\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n"
        let rules = "*nat\n-A OUTPUT -j ACCEPT\n-A OUTPUT -j DROP\nCOMMIT\n"
        #expect(IPTablesChoice(nft: hint, legacy: rules + canary).variant == .nft)
        #expect(IPTablesChoice(nft: rules, legacy: canary).variant == .legacy)
        #expect(IPTablesChoice(nft: canary, legacy: "").reason == "kubelet's chain KUBE-KUBELET-CANARY is in nf_tables")
    }

    @Test func `without kubelet's chain the variant with more rules is taken`() {
        let one = "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j ACCEPT\nCOMMIT\n"
        let two = one + one
        #expect(IPTablesChoice(nft: one, legacy: two).variant == .legacy)
        #expect(IPTablesChoice(nft: two, legacy: one).variant == .nft)
        #expect(IPTablesChoice(nft: one, legacy: one).variant == nil)
        #expect(IPTablesChoice(nft: "", legacy: "").variant == nil)
    }

    @Test func `a variant that is not installed is not taken`() {
        let hint = ":KUBE-IPTABLES-HINT - [0:0]\n"
        #expect(IPTablesChoice(nft: "", legacy: nil).variant == .nft)
        #expect(IPTablesChoice(nft: nil, legacy: hint).variant == .legacy)
        #expect(IPTablesChoice(nft: nil, legacy: nil).variant == nil)
    }

    @Test func `a variant that the kernel cannot serve gives way to the other one, whatever speaks for it`() async {
        let hint = "*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n"
        for choice in [IPTablesChoice(nft: "", legacy: ""), IPTablesChoice(nft: hint, legacy: "")] {
            let tried = await choice.tried(.nft, otherIsInstalled: true) { $0 == .nft ? "no chain of type nat" : nil }
            #expect(tried.variant == .legacy)
            #expect(tried.reason.hasPrefix(choice.reason))
            #expect(tried.reason.contains("no chain of type nat"))
        }
        let legacy = IPTablesChoice(nft: "", legacy: hint)
        let tried = await legacy.tried(.legacy, otherIsInstalled: true) {
            $0 == .legacy ? "there is no table nat" : nil
        }
        #expect(tried.variant == .nft)
    }

    @Test func `the choice stays where the kernel serves it, or neither one, or the other is not installed`()
        async
    {
        let choice = IPTablesChoice(nft: "", legacy: "")
        let served = await choice.tried(.nft, otherIsInstalled: true) { $0 == .legacy ? "no table nat" : nil }
        let neither = await choice.tried(.nft, otherIsInstalled: true) { _ in "the kernel has no netfilter" }
        let alone = await choice.tried(.nft, otherIsInstalled: false) { $0 == .nft ? "no chain of type nat" : nil }
        #expect([served, neither, alone] == [choice, choice, choice])
    }

    @Test(arguments: [
        ("iptables v1.8.9 (nf_tables)\n", "1.8.9", IPTablesVariant.nft, true),
        ("ip6tables v1.8.10 (legacy)\n", "1.8.10", .legacy, true), ("iptables v1.6.2\n", "1.6.2", nil, true),
        ("iptables v1.6.1\n", "1.6.1", nil, false), ("iptables v1.4.21\n", "1.4.21", nil, false),
    ]) func `a version tells what the programs know`(
        text: String, numbers: String, variant: IPTablesVariant?, isNew: Bool
    ) throws {
        let version = try #require(IPTablesVersion(text))
        #expect(version.description == numbers)
        #expect(version.variant == variant)
        #expect(version.isAtLeast1_6_2 == isNew)
    }

    @Test func `no version is read from other words`() {
        #expect(IPTablesVersion("iptables: command not found") == nil)
        #expect(IPTablesVersion("") == nil)
    }

    @Test(arguments: [
        "iptables-restore: line 2 failed\n",
        "iptables-restore v1.8.9 (nf_tables): \nline 2: CHAIN_ADD failed (No such file or directory): chain X\n",
        "iptables-restore v1.8.9 (legacy): Set KUBE-X doesn't exist.\n\nError occurred at line: 2\n"
            + "Try `iptables-restore -h' or 'iptables-restore --help' for more information.\n",
    ]) func `the line that the program names is quoted`(standardError: String) {
        let failure = RestoreFailure(standardError: standardError, input: "*nat\n-A X -j Y\nCOMMIT\n")
        #expect(failure.line == "-A X -j Y")
        #expect(!failure.words.contains("\n"))
        #expect(!failure.words.contains("--help"))
    }

    @Test func `words without a line, or with one that is not there, are kept`() {
        let failure = RestoreFailure(
            standardError: "Another app is currently holding the xtables lock.\n", input: "*nat\n")
        #expect(
            failure == RestoreFailure(standardError: "Another app is currently holding the xtables lock.", input: ""))
        #expect(failure.line == nil)
        #expect(RestoreFailure(standardError: "line 99 failed", input: "*nat\n").line == nil)
    }
}
