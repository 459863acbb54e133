// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import SmallFiles

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Prints the records of measurements as a table, the best of each scenario's repetitions."
    )

    @Option(help: "Also write them to this file, as JSON.") var json: String?
    @Flag(help: "Fail where one costs more than it may, in proportion to another of them.") var checks = false
    @Argument(help: "A file of records.") var records: String

    func run() throws {
        let measured = String(decoding: try SmallFile.read(records), as: UTF8.self).split(separator: "\n").compactMap {
            Record(line: $0)
        }
        guard !measured.isEmpty else { throw BenchError("\(records) has no records") }
        let best = Record.best(of: measured)
        print(Self.table(of: best))
        if checks {
            let results = RatioCheck.all.map { $0.result(in: measured) }
            let forks = ForkCheck.failures(in: best)
            print((["", "## Checks"] + results.map(\.line) + forks).joined(separator: "\n"))
            guard results.allSatisfy(\.isWithin), forks.isEmpty else { throw ExitCode.failure }
        }
        if let json {
            try SmallFile.write("[\n  \(best.map(\.json).joined(separator: ",\n  "))\n]\n", to: json)
        }
    }

    private static func table(of records: [Record]) -> String {
        let title = ["services", "scenario", "wall", "CPU", "messages", "calls", "faults", "forks", "peak RSS"]
        let rows = records.map { record in
            [
                "\(record.services) × \(record.endpoints)", record.scenario, duration(record.cost.wall),
                record.cost.cpu > 0 ? duration(record.cost.cpu) : "", count(record.cost.messages),
                count(record.cost.calls), count(record.cost.faults),
                record.cost.cpu > 0 ? count(record.cost.forks) : "",
                record.peakResident > 0 ? "\(Int(record.peakResident.rounded())) MiB" : "",
            ]
        }
        let widths = title.indices.map { column in ([title] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return "| \(padded.joined(separator: " | ")) |"
        }
        let rule = widths.map { String(repeating: "-", count: $0) }
        return ([line(title), line(rule)] + rows.map(line)).joined(separator: "\n")
    }

    private static func count(_ number: Double) -> String {
        number == 0 ? "0" : number < 10 ? rounded(number, to: 10) : "\(Int(number.rounded()))"
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.001: "\(rounded(seconds * 1e6, to: 1)) µs"
        case ..<1: "\(rounded(seconds * 1e3, to: 10)) ms"
        default: "\(rounded(seconds, to: 100)) s"
        }
    }

    private static func rounded(_ number: Double, to steps: Double) -> String {
        let value = (number * steps).rounded() / steps
        return value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}

extension Record {
    /// The repetition of each scenario at each scale that took the least time, in the order of first appearance. CPU time
    /// and memory are the least of all its repetitions too: what else the machine does only adds to them.
    static func best(of records: [Record]) -> [Record] {
        var order: [String] = []
        var best: [String: Record] = [:]
        for record in records {
            let key = "\(record.services)x\(record.endpoints) \(record.scenario)"
            guard let former = best[key] else {
                order.append(key)
                best[key] = record
                continue
            }
            var chosen = record.cost.wall < former.cost.wall ? record : former
            chosen.cost.cpu = min(record.cost.cpu, former.cost.cpu)
            chosen.peakResident = min(record.peakResident, former.peakResident)
            best[key] = chosen
        }
        return order.compactMap { best[$0] }
    }
}
