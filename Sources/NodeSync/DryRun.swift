// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
public import Reconcile

/// Has the passes of a daemon go over a data plane that is only read, and keeps what they would have changed in it.
///
/// Each verifying pass finds all differences anew, since nothing is written. A difference counts from the second time in a
/// row: another proxy learns of a change a moment sooner or later than this one. Passes of mode `changes` do not count, for
/// the other proxy writes the same at that moment.
public final class DryRun {
    /// What passes are to be made over. It is another one after `renew()`.
    public private(set) var dataplane: Dataplane
    /// Those that count.
    public private(set) var differences = KernelDifferences()
    /// Whether a difference has been found for the first time, so that another look is due.
    public private(set) var wantsLook = false

    /// How long a difference may be one of time, unless the sync period is shorter.
    public static let patience = Duration.seconds(5)

    private let original: Dataplane
    private let notes = Notes()
    private let rules: ListedRules
    private var found: [Source: KernelDifferences] = [:]
    private var counted: [Source: KernelDifferences] = [:]
    private var emptySets: [IPFamily: Set<String>] = [:]

    private struct Source: Hashable {
        var family: IPFamily
        var isRules: Bool
    }

    private final class Notes {
        var ofStep: [RehearsedChange] = []
        var ofVerifying: [RehearsedChange] = []
    }

    /// - Parameter original: is read alone.
    public init(of original: Dataplane) {
        self.original = original
        rules = ListedRules(original.rules)
        dataplane = Self.rehearsal(of: original, rules, notes)
    }

    private static func rehearsal(of original: Dataplane, _ rules: ListedRules, _ notes: Notes) -> Dataplane {
        var dataplane = Rehearsal(of: original) { notes.ofStep.append($0) }.dataplane
        dataplane.rules = rules
        return dataplane
    }

    /// Forgets what was made in the rehearsal, so that the next verifying pass reads the kernel alone. To be called when none is under way.
    public func renew() {
        dataplane = Self.rehearsal(of: original, rules, notes)
    }

    /// To be called after each step.
    public func stepEnded() {
        notes.ofVerifying += notes.ofStep
        notes.ofStep = []
    }

    /// To be called when a pass of mode `changes` has ended or was left out, or a verifying one has ended.
    ///
    /// - Returns: the report of a pass that has written nothing.
    func take(_ report: PassReport, _ sizes: FamilySizes) -> PassReport {
        let family = report.family
        guard report.mode == .verify else {
            notes.ofStep.removeAll { $0.family == family }
            return report.ofRehearsal
        }
        stepEnded()
        let changes = notes.ofVerifying.filter { $0.family == nil || $0.family == family }
        notes.ofVerifying.removeAll { $0.family == nil || $0.family == family }
        let held = Set(sizes.sets.filter { $0.members > 0 }.map(\.name))
        emptySets[family] = Set(ServiceSet.allCases.map { $0.name(for: family) }).subtracting(held)
        if report.failures.isEmpty {
            let bound = boundAddresses(among: changes, family)
            take(
                KernelDifferences(
                    of: changes.filter { change in
                        !endsDrain(change) && !makesEmptySet(change) && !bindsAgain(change, bound)
                    }),
                of: Source(family: family, isRules: false))
        }
        return report.ofRehearsal
    }

    /// To be called when rules have been looked at.
    public func take(rules report: PassReport) -> PassReport {
        let family = report.family
        let look = rules.takeLook(family)
        if report.failures.isEmpty {
            var differences: [KernelDifferences.Object: String] = [:]
            if let look {
                let lines = RuleDifferences(
                    of: look.input, over: look.listing, family, emptySets: emptySets[family] ?? []
                ).lines
                for line in lines { differences[KernelDifferences.Object(rule: line, family)] = "\(family) \(line)" }
            }
            take(KernelDifferences(differences), of: Source(family: family, isRules: true))
        }
        return report.ofRehearsal
    }

    private func take(_ new: KernelDifferences, of source: Source) {
        let before = found[source] ?? KernelDifferences()
        found[source] = new
        counted[source] = new.confirmed(by: before)
        if new.hasNews(since: before) { wantsLook = true }
        differences = KernelDifferences()
        for part in counted.values { differences.add(part) }
    }

    /// Whether there is to be another look before the next sync period. Says so once.
    public func takeWish() -> Bool {
        defer { wantsLook = false }
        return wantsLook
    }

    /// Whether it binds an address that is bound already: kube-proxy lets the node choose those of IPv6 as a source, which
    /// binding them again ends.
    private func bindsAgain(_ change: RehearsedChange, _ bound: Set<IPAddress>) -> Bool {
        guard change.kind == .address, change.effect == .add, case .address(let address)? = change.subject else {
            return false
        }
        return bound.contains(address)
    }

    /// What is bound as it should be, but for that.
    private func boundAddresses(among changes: [RehearsedChange], _ family: IPFamily) -> Set<IPAddress> {
        var bound: Set<IPAddress> = []
        guard family == .v6, changes.contains(where: { $0.kind == .address && $0.effect == .add }) else { return bound }
        do throws(DataplaneError) {
            var reading = KernelReading(of: family)
            var progress = ReadingProgress.more
            while progress == .more {
                progress = try original.addresses.listAddresses(&reading) { address in
                    if !address.isStray { bound.insert(address.address) }
                }
            }
        } catch {
            // The next pass tells of it, as it reads the same.
            return []
        }
        return bound
    }

    /// Whether it makes a set that nothing matches on.
    private func makesEmptySet(_ change: RehearsedChange) -> Bool {
        guard change.kind == .set, let family = change.family, let name = change.setName else { return false }
        return emptySets[family]?.contains(name) ?? false
    }

    /// Whether it is the end of a real server that drains already. Each proxy ends that at its own time.
    private func endsDrain(_ change: RehearsedChange) -> Bool {
        guard change.effect == .remove, let server = change.realServer, case .virtualServer(let id)? = change.subject
        else { return false }
        do throws(DataplaneError) {
            return try original.ipvs.realServers(of: id)?.first { $0.realServer.id == server }?.realServer.weight == 0
        } catch {
            // The next pass tells of it, as it reads the same.
            return false
        }
    }
}

extension DryRun {
    public func passEnded(_ pass: EndedPass, of family: FamilyPasses) -> EndedPass {
        var pass = pass
        pass.report = take(pass.report, family.reconciler.sizes)
        return pass
    }
}

/// Rules that are listed each time, and never written.
private final class ListedRules: RulesDataplane {
    private let original: any RulesDataplane
    private var listings: [IPFamily: String] = [:]
    private var inputs: [IPFamily: (input: String, listing: String)] = [:]
    /// Whether the next listing is the one after a restore.
    private var isRestored: Set<IPFamily> = []

    init(_ original: any RulesDataplane) {
        self.original = original
    }

    var supportsRandomFully: Bool { original.supportsRandomFully }

    /// It would be that of rules that were not written.
    func fingerprint(_ family: IPFamily) -> RulesFingerprint? { nil }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        let listing = try await original.save(family)
        listings[family] = listing
        if isRestored.remove(family) == nil { inputs[family] = nil }
        return listing
    }

    func restore(_ input: String, _ family: IPFamily) {
        inputs[family] = (input, listings[family] ?? "")
        isRestored.insert(family)
    }

    /// The last look at a family's rules, where it would have led to a restore.
    func takeLook(_ family: IPFamily) -> (input: String, listing: String)? {
        listings[family] = nil
        return inputs.removeValue(forKey: family)
    }
}
