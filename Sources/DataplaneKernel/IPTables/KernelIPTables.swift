// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import Glibc
import Netlink
public import Reconcile

/// The iptables rules of the network namespace that this process is in, through the programs `iptables-save` and
/// `iptables-restore`.
///
/// The two families have programs of their own: where those of one are missing or broken, the other is not touched.
public final class KernelIPTables: RulesDataplane {
    /// Which of the kernel's packet filters the programs speak to; `nil` when they do not tell: those before 1.8 are all
    /// legacy.
    public let variant: IPTablesVariant?
    /// Why that variant: one sentence for the log.
    public let reason: String
    public let version: IPTablesVersion
    public private(set) var supportsRandomFully: Bool
    /// What of others' content could not be read when a family's rules were last listed: one sentence. It decides nothing.
    public internal(set) var unread: [IPFamily: String] = [:]
    /// Called with such a sentence, once for each table of a family, for the log.
    public var onUnread: (@Sendable (String) -> Void)?
    /// Called with who does not know `--random-fully`, once, when that shows by a rule that is refused.
    public var onNoRandomFully: (@Sendable (String) -> Void)?

    /// What the programs find in their environment beside this process's own.
    package var environment: [String: String?] = [:]

    /// What the names of the programs have after `iptables`.
    let infix: String
    /// Of what `onUnread` has been told.
    private var reported: Set<[String]> = []
    /// Opened when they are first asked for.
    private var legacyTables: [IPFamily: LegacyTables] = [:]

    /// Finds out which programs to use.
    ///
    /// - Parameter variant: the variant to use; `nil` for that which kubelet uses, as `IPTablesChoice` has it, if the kernel can
    ///   hold our rules in it.
    public static func open(variant: IPTablesVariant? = nil) async throws(DataplaneError) -> KernelIPTables {
        if let variant { return try await open(variant, reason: "it was asked for") }
        let nft = try await listing(of: .nft)
        let legacy = try await listing(of: .legacy)
        let choice = IPTablesChoice(nft: nft, legacy: legacy)
        let chosen = try await open(choice.variant, reason: choice.reason)
        guard let variant = chosen.variant else { return chosen }
        let isOtherInstalled = (variant == .nft ? legacy : nft) != nil
        let tried = await choice.tried(variant, otherIsInstalled: isOtherInstalled, VariantTrial.hindrance)
        return tried == choice ? chosen : try await open(tried.variant, reason: tried.reason)
    }

    private static func open(
        _ variant: IPTablesVariant?,
        reason: String
    ) async throws(DataplaneError) -> KernelIPTables {
        let infix = variant.map { "-\($0.rawValue)" } ?? ""
        let program = Program(name: "iptables\(infix)", arguments: ["--version"])
        let outcome = try await program.run()
        guard outcome.isSuccess, let version = IPTablesVersion(outcome.standardOutput) else {
            throw program.failure("--version tells no version: \(outcome.standardOutput)\(outcome.standardError)")
        }
        return KernelIPTables(variant: variant ?? version.variant, reason: reason, version: version, infix: infix)
    }

    private init(variant: IPTablesVariant?, reason: String, version: IPTablesVersion, infix: String) {
        self.variant = variant
        self.reason = reason
        self.version = version
        self.infix = infix
        supportsRandomFully = version.isAtLeast1_6_2
    }

    /// The nf_tables have one generation for both families and all their tables, so a change to others' rules is a new
    /// fingerprint too.
    public func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        guard variant == .nft else { return legacyTables(family)?.hash().map { RulesFingerprint($0) } }
        do throws(NetlinkError) {
            return RulesFingerprint(UInt64(try NFTablesGeneration.read()))
        } catch {
            // Whatever is wrong with the kernel's nf_tables, the program that lists the rules finds better words for it.
            return nil
        }
    }

    private func legacyTables(_ family: IPFamily) -> LegacyTables? {
        if let tables = legacyTables[family] { return tables }
        legacyTables[family] = LegacyTables(family)
        return legacyTables[family]
    }

    /// Where the save program cannot show a table, because somebody has put something in it that iptables has no words for, the
    /// table is read chain by chain: ours, and the chains that our jumps are in.
    public func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        let program = Program(name: "\(family.iptables)\(infix)-save", environment: environment)
        let outcome = try await program.run()
        let saved = SavedTables(outcome.standardOutput)
        let missing = RuleTable.allCases.filter { table in
            saved.leftOut.contains(table.rawValue) || !outcome.isSuccess && !saved.isWhole(table.rawValue)
        }
        guard !missing.isEmpty else {
            unread[family] = nil
            return outcome.standardOutput
        }
        let failure = failure(of: program, outcome)
        guard !failure.meansNoRules else { throw failure }
        var listing = saved.text
        for table in missing {
            do throws(DataplaneError) {
                listing += try await readApart(table, family, after: saved)
            } catch {
                throw outcome.isSuccess ? error : failure
            }
        }
        // A program that ended in one table has printed nothing of those behind it.
        let known = saved.unprinted.sorted()
        report(
            known.isEmpty ? missing.map(\.rawValue) : known, family, outcome.isSuccess ? nil : failure.explanation)
        return listing
    }

    private func report(_ tables: [String], _ family: IPFamily, _ words: String?) {
        let names = tables.joined(separator: " and ")
        let hint =
            variant == .nft
            ? "; see `nft list table \(family == .v4 ? "ip" : "ip6") \(tables[0])`" : ""
        let sentence =
            "iptables has no words for something of others in \(names) (\(family)), which is left alone: rules of ours are read "
            + "chain by chain" + (words.map { "; \($0)" } ?? "") + hint
        unread[family] = sentence
        if reported.insert([family.description] + tables).inserted { onUnread?(sentence) }
    }

    public func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        let removal = NFTablesRemoval(input)
        if removal.comesFirst { try remove(removal.rules, family) }
        if let rest = removal.input { try await restoreByProgram(rest, family) }
        if !removal.comesFirst { try remove(removal.rules, family) }
    }

    private func remove(_ rules: [NFTablesRemoval.Rule], _ family: IPFamily) throws(DataplaneError) {
        for rule in rules { try NFTablesTable.remove(rule, family) }
    }

    private func restoreByProgram(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        let program = Program(
            name: "\(family.iptables)\(infix)-restore", arguments: ["--noflush"] + waiting, input: input,
            environment: environment)
        let outcome = try await program.run()
        guard outcome.isSuccess else {
            if outcome.standardError.contains("random-fully") {
                // The program knows it and the kernel does not: masquerading without it beats none.
                if supportsRandomFully { onNoRandomFully?("\(program.name) \(version)") }
                supportsRandomFully = false
            }
            throw failure(of: program, outcome)
        }
    }

    /// Several programs may change the legacy tables only one after the other; nf_tables needs no lock and takes the option
    /// without effect. Programs before 1.6.2 know neither lock nor option here.
    var waiting: [String] { version.isAtLeast1_6_2 ? ["--wait", "5"] : [] }

    private func failure(of program: Program, _ outcome: Program.Outcome) -> DataplaneError {
        let failure = RestoreFailure(standardError: outcome.standardError, input: program.input)
        var words = outcome.exitCode.map { "failed with exit code \($0)" } ?? "was ended by a signal"
        if !failure.words.isEmpty { words += ": \(failure.words)" }
        if variant == .nft, failure.words.contains("Failed to initialize nft: Protocol not supported") {
            // `nft_init` in iptables: the kernel has no nf_tables, so there are no rules either.
            var error = program.failure(words)
            error.number = EPROTONOSUPPORT
            return error
        }
        if let line = failure.line { words += " (the line is: \(line))" }
        var error = program.failure(words)
        if failure.words.contains("xtables lock") { error.number = DataplaneError.rulesLockHeld }
        return error
    }
}

extension IPFamily {
    var iptables: String {
        switch self {
        case .v4: "iptables"
        case .v6: "ip6tables"
        }
    }
}
