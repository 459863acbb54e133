// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// The options of a dump as they were given, and what they come to.
public struct DumpRequest: Hashable, Sendable {
    /// The virtual servers selected one by one: `-t`, `-u`, `--sctp-service`, `-f`.
    public var virtualServers: [ObservedVirtualServer.Identity] = []
    public var connections = false
    public var timeouts = false
    public var syncDaemons = false
    public var statistics = false
    public var rates = false
    public var thresholds = false
    public var persistentConnections = false
    public var tunnels = false
    public var exact = false
    public var unsorted = false
    public var save = false
    /// With the names of Services and Pods, in a form of its own.
    public var services = false
    public var filter = ServerFilter()
    public var json = false

    public init() {}

    /// What is dumped.
    public enum Subject: Hashable, Sendable {
        /// All virtual servers.
        case table
        case virtualServer(ObservedVirtualServer.Identity)
        case connections
        case timeouts
        case syncDaemons
    }

    /// The one subject that the options name.
    ///
    /// - Throws: where `ipvsadm --list` and `--save` refuse the options together, too.
    public func subject() throws(DumpConflict) -> Subject {
        if virtualServers.count > 1 {
            throw DumpConflict("only one virtual server can be selected")
        }
        var subjects: [(option: String, Subject)] = []
        if connections { subjects.append(("--connection", .connections)) }
        if let identity = virtualServers.first {
            subjects.append(("the selection of a virtual server", .virtualServer(identity)))
        }
        if timeouts { subjects.append(("--timeout", .timeouts)) }
        if syncDaemons { subjects.append(("--daemon", .syncDaemons)) }
        if subjects.count > 1 {
            throw DumpConflict("\(subjects[0].option) and \(subjects[1].option) exclude each other")
        }
        let subject = subjects.first ?? ("", .table)

        try checkNames(subjects.map(\.option))
        let columns = [
            (statistics, "--stats"), (rates, "--rate"), (thresholds, "--thresholds"),
            (persistentConnections, "--persistent-conn"),
        ].filter(\.0).map(\.1)
        switch subject.1 {
        case .table, .virtualServer: break
        case .connections:
            // Connections have a form of their own with --persistent-conn.
            if let column = columns.first(where: { $0 != "--persistent-conn" }) {
                throw DumpConflict("\(column) does not go with \(subject.option)")
            }
        case .timeouts, .syncDaemons:
            if let column = columns.first {
                throw DumpConflict("\(column) does not go with \(subject.option)")
            }
        }

        if save {
            let others = [
                (json, "--output json"), (tunnels, "--tun-info"), (exact, "--exact"), (unsorted, "--nosort"),
            ].filter(\.0).map(\.1)
            if let other = subjects.first?.option ?? columns.first ?? others.first {
                throw DumpConflict("\(other) does not go with --save")
            }
        }
        return subject.1
    }

    /// - Parameter subjects: the options that choose another subject than the table.
    private func checkNames(_ subjects: [String]) throws(DumpConflict) {
        if !filter.isEmpty {
            guard services || json else { throw DumpConflict("a filter goes only with --services or --output json") }
            if let subject = subjects.first { throw DumpConflict("a filter does not go with \(subject)") }
        }
        guard services else { return }
        let others = [
            (save, "--save"), (statistics, "--stats"), (rates, "--rate"), (thresholds, "--thresholds"),
            (persistentConnections, "--persistent-conn"), (tunnels, "--tun-info"), (connections, "--connection"),
            (timeouts, "--timeout"), (syncDaemons, "--daemon"),
        ]
        if let other = others.first(where: \.0) { throw DumpConflict("--services does not go with \(other.1)") }
    }

    /// How virtual servers are listed. Of several options for columns ipvsadm takes the first in this order.
    public var table: TableListing {
        let columns: TableListing.Columns =
            if statistics {
                .statistics
            } else if rates {
                .rates
            } else if thresholds {
                .thresholds
            } else if persistentConnections {
                .persistentConnections
            } else if tunnels {
                .tunnels
            } else {
                .weights
            }
        return TableListing(columns: columns, exact: exact, sorted: !unsorted)
    }
}

/// Options that do not go together.
public struct DumpConflict: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
