// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// One line of results: what a scenario at a scale cost, on average over its repetitions.
struct Record {
    var scenario: String
    var services: Int
    var endpoints: Int
    var repetitions: Int
    /// Of one repetition.
    var cost: Cost
    /// MiB; 0 where it was not measured.
    var peakResident: Double

    init(_ scenario: String, _ scale: Scale, repetitions: Int = 1, _ total: Cost, peakResident: Double = 0) {
        self.scenario = scenario + scale.suffix
        services = scale.services
        endpoints = scale.endpoints
        self.repetitions = repetitions
        self.peakResident = peakResident
        let share = 1 / Double(repetitions)
        cost = Cost(
            wall: total.wall * share,
            cpu: total.cpu * share,
            messages: total.messages * share,
            calls: total.calls * share,
            faults: total.faults * share,
            forks: total.forks * share
        )
    }

    init(_ scenario: String, _ scale: Scale, seconds: Double) {
        self.init(scenario, scale, Cost(wall: seconds))
    }

    // MARK: As a line of text, for programs that each measure a part

    init?(line: Substring) {
        let fields = line.split(separator: "\t")
        guard fields.count == 11, let services = Int(fields[1]), let endpoints = Int(fields[2]),
            let repetitions = Int(fields[3])
        else { return nil }
        let numbers = fields[4...].compactMap { Double($0) }
        guard numbers.count == 7 else { return nil }
        scenario = String(fields[0])
        (self.services, self.endpoints, self.repetitions) = (services, endpoints, repetitions)
        cost = Cost(
            wall: numbers[0],
            cpu: numbers[1],
            messages: numbers[2],
            calls: numbers[3],
            faults: numbers[4],
            forks: numbers[5]
        )
        peakResident = numbers[6]
    }

    var line: String {
        let fields: [any CustomStringConvertible] = [
            scenario, services, endpoints, repetitions, cost.wall, cost.cpu, cost.messages, cost.calls, cost.faults,
            cost.forks, peakResident,
        ]
        return fields.map(\.description).joined(separator: "\t")
    }

    var json: String {
        """
        {"scenario": "\(scenario)", "services": \(services), "endpoints": \(endpoints), "repetitions": \(repetitions), \
        "wallSeconds": \(cost.wall), "cpuSeconds": \(cost.cpu), "netlinkMessages": \(cost.messages), \
        "netlinkCalls": \(cost.calls), "pageFaults": \(cost.faults), "forks": \(cost.forks), "peakResidentMiB": \(peakResident)}
        """
    }

    func print() {
        Swift.print(line)
        // Each line is on its way before the next scenario starts, whatever becomes of that.
        fflush(nil)
    }
}
