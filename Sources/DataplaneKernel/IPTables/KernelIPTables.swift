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

    /// What the names of the programs have after `iptables`.
    private let infix: String
    /// Opened when they are first asked for.
    private var legacyTables: [IPFamily: LegacyTables] = [:]

    /// Finds out which programs to use.
    ///
    /// - Parameter variant: the variant to use; `nil` for that which kubelet uses, as `IPTablesChoice` has it.
    public static func open(variant: IPTablesVariant? = nil) async throws(DataplaneError) -> KernelIPTables {
        let chosen: IPTablesVariant?
        let reason: String
        if let variant {
            (chosen, reason) = (variant, "it was asked for")
        } else {
            let nft = try await listing(of: .nft)
            let legacy = try await listing(of: .legacy)
            let choice = IPTablesChoice(nft: nft, legacy: legacy)
            (chosen, reason) = (choice.variant, choice.reason)
        }
        let infix = chosen.map { "-\($0.rawValue)" } ?? ""

        let program = Program(name: "iptables\(infix)", arguments: ["--version"])
        let outcome = try await program.run()
        guard outcome.isSuccess, let version = IPTablesVersion(outcome.standardOutput) else {
            throw program.failure("--version tells no version: \(outcome.standardOutput)\(outcome.standardError)")
        }
        return KernelIPTables(variant: chosen ?? version.variant, reason: reason, version: version, infix: infix)
    }

    private init(variant: IPTablesVariant?, reason: String, version: IPTablesVersion, infix: String) {
        self.variant = variant
        self.reason = reason
        self.version = version
        self.infix = infix
        supportsRandomFully = version.isAtLeast1_6_2
    }

    /// What both families' save programs of a variant print; `nil` when neither is installed.
    ///
    /// All tables are listed: naming one would make `iptables-legacy-save` load it.
    private static func listing(of variant: IPTablesVariant) async throws(DataplaneError) -> String? {
        var listing: String?
        for family in IPFamily.allCases {
            do {
                let outcome = try await Program(name: "\(family.iptables)-\(variant.rawValue)-save").run()
                listing = (listing ?? "") + outcome.standardOutput
            } catch {
                guard error.number == ENOENT else { throw error }
            }
        }
        return listing
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

    public func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        let program = Program(name: "\(family.iptables)\(infix)-save")
        let outcome = try await program.run()
        guard outcome.isSuccess else { throw failure(of: program, outcome) }
        if let table = InstalledRules.tableLeftOut(of: outcome.standardOutput) {
            // Without this, rules that are there would be taken for missing, and jumps be inserted again and again.
            throw program.failure(
                "cannot show the table \(table.rawValue): `nft` was used to put something in it that iptables does not "
                    + "know; see `nft list table \(family == .v4 ? "ip" : "ip6") \(table.rawValue)`"
            )
        }
        return outcome.standardOutput
    }

    public func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        // Several programs may change the legacy tables only one after the other; nf_tables needs no lock and takes the
        // option without effect. Programs before 1.6.2 know neither lock nor option here.
        let waits = version.isAtLeast1_6_2 ? ["--wait", "5"] : []
        let program = Program(
            name: "\(family.iptables)\(infix)-restore", arguments: ["--noflush"] + waits, input: input)
        let outcome = try await program.run()
        guard outcome.isSuccess else {
            if outcome.standardError.contains("random-fully") {
                // The program knows it and the kernel does not: masquerading without it beats none.
                supportsRandomFully = false
            }
            throw failure(of: program, outcome)
        }
    }

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
        return program.failure(words)
    }
}

extension IPFamily {
    fileprivate var iptables: String {
        switch self {
        case .v4: "iptables"
        case .v6: "ip6tables"
        }
    }
}
