// SPDX-License-Identifier: GPL-2.0-or-later
public import ArgumentParser
import DataplaneKernel
import DataplaneModel
import Glibc
import IPVSListing
import KubernetesObjects
public import NodeStatus
import Reconcile

/// `kube-ipvs top`.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows connections, packets and bytes a second for each Service, the busiest first.",
        discussion: """
            On a terminal the screen is refreshed until you press Ctrl-C; elsewhere one table follows the other. The \
            rates are IPVS' own estimates. Where it makes none (net.ipv4.vs.run_estimation=0), its counters stand \
            still too, and there is nothing to show: the exit status is 1. Services without traffic are only \
            counted. Names are told as by "kube-ipvs dump --services".
            """
    )

    @Option(help: ArgumentHelp("What the busiest have most of.", valueName: "connections|packets|bytes|name"))
    var sort = TrafficTable.Order.connections
    @Option(help: ArgumentHelp("Seconds between two tables.", valueName: "seconds"))
    var interval = 2.0
    @Flag(help: "Show one table, and end.")
    var once = false
    @OptionGroup var filter: FilterFlags
    @OptionGroup var objects: ObjectSourceFlags
    @OptionGroup var form: OutputForm

    func validate() throws {
        guard (0.1...3600).contains(interval) else {
            throw ValidationError("--interval: want 0.1 to 3600 seconds")
        }
    }

    func run() async throws {
        let source = try await ServerNameSource.find(objects)
        let filter = filter.filter
        guard source.hasNames || !filter.needsNames else { throw NoNames() }
        let kernel = try KernelIPVS()
        guard !Self.estimationIsOff else { throw EstimationIsOff() }
        let isTerminal = form.output == .text && !once && isatty(STDOUT_FILENO) == 1
        var isFirst = true
        while true {
            let table = try Self.table(kernel, source, filter)
            try write(table, isTerminal: isTerminal, isFirst: isFirst)
            if once { return }
            isFirst = false
            try await Task.sleep(for: .seconds(interval))
        }
    }

    private static func table(
        _ kernel: borrowing KernelIPVS,
        _ source: ServerNameSource,
        _ filter: ServerFilter
    ) throws -> TrafficTable {
        let servers = try kernel.virtualServersAlone()
        var table = TrafficTable()
        // Only what has traffic needs a name, unless names choose. By their places: a copy of a long table is large.
        var busy: [Int] = []
        for index in servers.indices where filter.admits(servers[index].identity) {
            if filter.needsNames || !TrafficRates(servers[index].statistics).isZero {
                busy.append(index)
            } else {
                table.addIdle()
            }
        }
        for start in stride(from: 0, to: busy.count, by: ServerNameSource.askedTogether) {
            let part = busy[start..<min(start + ServerNameSource.askedTogether, busy.count)]
            let names = source.names(of: part.map { servers[$0].identity })
            for (index, names) in zip(part, names) where filter.admits(names) {
                let rates = TrafficRates(servers[index].statistics)
                if rates.isZero {
                    table.addIdle()
                } else {
                    table.add(servers[index].identity, names, rates)
                }
            }
        }
        return table
    }

    private func write(_ table: TrafficTable, isTerminal: Bool, isFirst: Bool) throws {
        let output = OutputDescriptor.standardOutput
        switch form.output {
        case .json: try output.write(table.json(by: sort).text + [UInt8(ascii: "\n")])
        case .text where isTerminal:
            // To the upper left corner, and nothing below it (ECMA-48).
            try output.write(Array("\u{1b}[H\u{1b}[J".utf8))
            // Title, rest, idle ones and the cursor have a line each.
            try output.write(lines: table.lines(by: sort, limit: max(1, Self.terminalHeight - 4)))
        case .text: try output.write(lines: (isFirst ? [] : [""]) + table.lines(by: sort))
        }
    }

    private static var terminalHeight: Int {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
        return Int(size.ws_row)
    }

    /// Kernels before 5.17 have no such setting, and estimate.
    private static var estimationIsOff: Bool {
        do throws(DataplaneError) {
            return try KernelSysctls().read("net/ipv4/vs/run_estimation") == "0"
        } catch {
            return false
        }
    }
}

/// IPVS counts nothing for a virtual server.
private struct EstimationIsOff: Error, CustomStringConvertible {
    var description: String {
        "IPVS estimates no rates, and its counters stand still: net.ipv4.vs.run_estimation is 0, and has to be 1"
    }
}

extension TrafficTable.Order: ExpressibleByArgument {}
