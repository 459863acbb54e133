// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import SystemTesting
import Testing

extension KernelSuite {
    /// `kube-ipvs dump` against `ipvsadm`, byte for byte, on a table that ipvsadm has made.
    ///
    /// The dump is made in this process, and ipvsadm is asked no more often than a comparison needs: on an emulated
    /// machine each program costs a third of a second.
    @Suite(.serialized)
    struct DumpComparisonTests {
        private static let columns = [
            [], ["--stats"], ["--rate"], ["--stats", "--exact"], ["--rate", "--exact"], ["--thresholds"],
            ["--persistent-conn"], ["--tun-info"], ["--exact"], ["--stats", "--rate"],
            ["--thresholds", "--persistent-conn"], ["--persistent-conn", "--tun-info"],
            ["--rate", "--thresholds", "--exact"],
        ]

        /// Addresses with names, and no name server: names are then the same for both, and quick.
        private static let hosts = """
            127.0.0.1 localhost
            10.100.1.1 kubernetes.default.svc.cluster.local kubernetes
            10.100.2.3 dns
            10.96.0.20 web
            10.9.0.9 a-pod-with-a-name-that-is-longer-than-the-column-and-the-buffer-of-ipvsadm.default.pod.cluster.local
            fd00:1::1 dual.example
            fd00:9::9 a-pod-with-a-name-that-is-longer-than-the-column-and-the-buffer-of-ipvsadm.default.pod.cluster.local

            """

        private let table = MixedTable(seed: 1)

        init() async throws {
            try await command("ipvsadm", "-C")
            // While a daemon runs, no real server of another family than its virtual server's is taken.
            try await command("bash", "-c", "for role in master backup; do ipvsadm --stop-daemon $role; done; :")
            try await command(["ipvsadm", "-R"], input: table.restoreText)
            // ipvsadm goes on after a line that fails.
            let saved = try await command("ipvsadm", "-S", "-n").split(separator: "\n")
            try #require(saved.count == table.lines.count)
            try #require(table.selectors.count >= 200)
        }

        // MARK: Listings

        @Test func `the table is the same under every option, with connections and counters`() async throws {
            try await command(["ipvsadm", "-R"], input: DumpTraffic.rules)
            try await DumpTraffic.during {
                let listing = try await command("ipvsadm", "-L", "-n", "--stats")
                try #require(listing.contains("  120"), "no traffic was counted:\n\(listing)")
                let connections = try await command("ipvsadm", "-L", "-n", "-c")
                for part in ["ESTABLISHED", "[fd00::20]:80", "10.96.0.23:5060", "IP  "] {
                    try #require(connections.contains(part), "\(part) is missing:\n\(connections)")
                }
                try await expectSameConnections(["-L", "-n", "-c"])
                try await expectSameConnections(["-L", "-n", "-c", "--persistent-conn"])
                try await expectSameConnections(["-Lnc", "--exact", "--nosort", "--tun-info"])
                try await expectJSONHasEachConnection()

                for (index, columns) in Self.columns.enumerated() {
                    try await expectSame(["-L", "-n"] + columns)
                    // Order and names go with every column alike.
                    if index % 3 == 0 { try await expectSame(["-L", "-n", "--nosort"] + columns) }
                }
                try await expectSame(["-L", "-n", "--sort"])

                try await withNames {
                    try await expectSameConnections(["-L", "-c"])
                    try await expectSameConnections(["-L", "-c", "--persistent-conn"])
                    try await expectSame(["-L"])
                    try await expectSame(["-L", "--persistent-conn"])
                    try await expectSame(["-L", "--rate", "--thresholds", "--exact"])
                }
            }
        }

        @Test func `each virtual server alone is the same`() async throws {
            // ipvsadm's listings in one go, each ended by a line that no listing has.
            let end = "-- end"
            let options = stride(from: 0, to: table.selectors.count, by: 4).map { index in
                ["-L", "-n"] + table.selectors[index].split(separator: " ").map(String.init)
                    + Self.columns[index % Self.columns.count]
            }
            let script = options.map { "ipvsadm \($0.joined(separator: " ")); echo '\(end)'\n" }.joined()
            let listings = try await command(["bash", "-eu"], input: script).split(separator: "\(end)\n")
            try #require(listings.count == options.count)
            for (options, listing) in zip(options, listings) {
                let dumped = try dump(options)
                #expect(dumped == listing, "\(options)")
            }

            try await expectSame(["-Lnt", "10.104.0.1:80"])
            try await expectSame(["-L", "-n", "-u", "10.101.1.1"])
            try await withNames {
                try await expectSame(["-Lt", "kubernetes.default.svc.cluster.local:http"])
                try await expectSame(["-L", "-u", "[fd00:2::2]:https", "--stats"])
            }
        }

        @Test func `an empty table is the same`() async throws {
            try await command("ipvsadm", "-C")
            for columns in Self.columns { try await expectSame(["-L", "-n"] + columns) }
            try await expectSame(["-S", "-n"])
            try await expectSame(["-L", "-n", "--daemon"])
        }

        @Test func `a listing of short options run together is the same`() async throws {
            for options in [["-Ln"], ["-ln"], ["-LnX", "--stats"]] {
                try await expectSame(options)
            }
            for options in [["-Lnc"], ["-Lcn"]] { try await expectSameConnections(options) }
            // ipvsadm wants its command first.
            #expect(try dump(["-nL"]) == (try await command("ipvsadm", "-Ln")))
        }

        @Test func `marks from half of the numbers on are listed as ipvsadm lists them, and saved as they are`()
            async throws
        {
            try await command(["ipvsadm", "-R"], input: "-A -f 4294967295 -s rr\n-A -f 2147483648 -6 -s rr\n")
            try await expectSame(["-L", "-n"])
            let saved = try dump(["-S", "-n"])
            try await command("ipvsadm", "-C")
            try await command(["ipvsadm", "-R"], input: saved)
            #expect(Self.lines(try dump(["-S", "-n"])) == Self.lines(saved))
            #expect(saved.contains("-A -f 4294967295 -s rr\n"))
        }

        // MARK: Settings

        @Test func `timeouts are the same`() async throws {
            let before = try await command("ipvsadm", "-L", "--timeout").split(separator: " ").suffix(3)
            try await command("ipvsadm", "--set", "901", "121", "302")
            try await expectSame(["-L", "--timeout"])
            try await expectSame(["-L", "-n", "--timeout", "--exact", "--nosort"])
            try await command(["ipvsadm", "--set"] + before.map { $0.filter(\.isNumber) })
        }

        @Test func `sync daemons are the same`() async throws {
            // None starts while a real server's family is not its virtual server's.
            try await command("ipvsadm", "-C")
            try await command("ip", "link", "set", "lo", "up")
            try await command(
                "ipvsadm", "--start-daemon", "master", "--mcast-interface", "lo", "--syncid", "7", "--mcast-group",
                "224.0.1.99", "--mcast-port", "9999", "--mcast-ttl", "3")
            try await expectSame(["-L", "--daemon"])
            try await command("ipvsadm", "--start-daemon", "backup", "--mcast-interface", "lo", "--syncid", "8")
            try await expectSame(["-L", "--daemon"])
            try await command("ipvsadm", "--stop-daemon", "master")
            try await expectSame(["-L", "--daemon"])
            try await command("ipvsadm", "--stop-daemon", "backup")
            try await expectSame(["-L", "--daemon"])
        }

        // MARK: Saving

        @Test func `what is saved is what ipvsadm saves`() async throws {
            try await expectSame(["-S", "-n"])
            try await expectSame(["--save", "-n"])
            try await expectSame(["-Sn"])
            try await withNames { try await expectSame(["-S"]) }
            #expect(try dump(["--save", "--numeric"]) == (try await command("ipvsadm-save", "-n")))
        }

        @Test func `what is saved makes the same table again`() async throws {
            let before = try await command("ipvsadm", "-S", "-n")
            let saved = try dump(["--save", "-n"])
            try await command("ipvsadm", "-C")
            try await command(["ipvsadm", "-R"], input: saved)
            #expect(Self.lines(try await command("ipvsadm", "-S", "-n")) == Self.lines(before))
        }

        // MARK: JSON

        @Test func `JSON has each virtual server and real server`() async throws {
            let document = try json(["-o", "json"])
            #expect(document["schemaVersion"] as? Int == 1)
            let servers = try #require(document["virtualServers"] as? [[String: Any]])
            #expect(servers.count == table.lines.count { $0.hasPrefix("-A") })
            let realServers = try servers.flatMap { try #require($0["realServers"] as? [[String: Any]]) }
            #expect(realServers.count == table.lines.count { $0.hasPrefix("-a") })
            #expect(Set(servers.compactMap { $0["scheduler"] as? String }) == Set(MixedTable.schedulers))
            #expect(realServers.count { $0["upperThreshold"] as? Int == 70000 } > 0)
            #expect(document["timeouts"] is [String: Any])

            let one = try json(["-o", "json", "-f", "1", "-6"])
            #expect((one["virtualServers"] as? [[String: Any]])?.count == 1)
            #expect(try json(["-o", "json", "--timeout"])["timeouts"] is [String: Any])
            #expect(try json(["-o", "json", "--daemon"])["syncDaemons"] is [Any])
        }

        // MARK: Comparing

        /// Compares the two programs under the same options. A difference counts when ipvsadm prints the same before and after.
        private func expectSame(
            _ options: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            for _ in 0..<20 {
                let before = try await command(["ipvsadm"] + options)
                let dumped = try dump(options)
                if dumped == before { return }
                guard try await command(["ipvsadm"] + options) == before else { continue }
                Issue.record("\(options)\n\(Self.difference(dumped, before))", sourceLocation: sourceLocation)
                return
            }
            Issue.record("ipvsadm \(options) never printed the same twice", sourceLocation: sourceLocation)
        }

        /// Compares listings of connections. Their timers run: each must be between what ipvsadm prints before and after.
        /// A listing passes over connections when one ends meanwhile (`ip_vs_conn_array`), so a difference counts that is
        /// there three times.
        private func expectSameConnections(
            _ options: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            var differences: [String] = []
            for _ in 0..<20 where differences.count < 3 {
                let before = try await command(["ipvsadm"] + options)
                let dumped = try dump(options)
                let after = try await command(["ipvsadm"] + options)
                let timeless = [before, dumped, after].map(Self.withoutTimers)
                // A connection has come or gone.
                guard timeless[0] == timeless[2] else { continue }
                guard timeless[1] == timeless[0] else {
                    differences.append("\(options)\n\(dumped)\nipvsadm:\n\(after)")
                    continue
                }
                let timers = try [before, dumped, after].map(Self.timers)
                for (index, timer) in timers[1].enumerated() {
                    let isBetween = timers[2][index] <= timer && timer <= timers[0][index]
                    #expect(isBetween, "\(options)", sourceLocation: sourceLocation)
                }
                return
            }
            Issue.record("\(differences.last ?? "never the same twice: \(options)")", sourceLocation: sourceLocation)
        }

        /// The seconds of the second column of each connection.
        private static func timers(_ listing: String) throws -> [Int] {
            try listing.split(separator: "\n").dropFirst(2).map { line in
                let timer = try #require(line.wholeMatch(of: /.{4}(\d\d+):(\d\d) .*/), "\(line)")
                return try #require(Int(timer.1)) * 60 + (try #require(Int(timer.2)))
            }
        }

        private static func withoutTimers(_ listing: String) -> String {
            listing.replacing(/\d\d+:\d\d(?= +[A-Z])/, with: "")
        }

        /// Lets names come from a file of hosts of our own, and asks no server.
        private func withNames(_ body: () async throws -> Void) async throws {
            let mount = """
                cat >/run/dump-hosts; echo 'hosts: files' >/run/dump-nsswitch; echo 'services: files' >>/run/dump-nsswitch
                mount --bind /run/dump-hosts /etc/hosts; mount --bind /run/dump-nsswitch /etc/nsswitch.conf
                """
            try await command(["bash", "-ec", mount], input: Self.hosts)
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            try await command("umount", "/etc/hosts", "/etc/nsswitch.conf")
            try outcome.get()
        }

        /// The lines in an order of their own: that of ipvsadm depends on the kernel's, which is another in each table.
        private static func lines(_ text: String) -> [Substring] {
            text.split(separator: "\n").sorted()
        }

        /// The first lines that are not the same.
        private static func difference(_ ours: String, _ theirs: String) -> String {
            let ours = ours.split(separator: "\n", omittingEmptySubsequences: false)
            let theirs = theirs.split(separator: "\n", omittingEmptySubsequences: false)
            let differing = zip(ours, theirs).enumerated().filter { $0.element.0 != $0.element.1 }.prefix(5)
            let shown = differing.map { "line \($0.offset + 1)\n  dump: \($0.element.0)\n  ipvsadm: \($0.element.1)" }
            return (["\(ours.count) lines, \(theirs.count) of ipvsadm"] + shown).joined(separator: "\n")
        }

        private func json(_ options: [String]) throws -> [String: Any] {
            let text = try dump(options)
            return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        private func expectJSONHasEachConnection() async throws {
            for _ in 0..<20 {
                let before = try await command("ipvsadm", "-L", "-n", "-c").split(separator: "\n").count
                let document = try json(["-c", "-o", "json"])
                let after = try await command("ipvsadm", "-L", "-n", "-c").split(separator: "\n").count
                guard before == after else { continue }
                let connections = try #require(document["connections"] as? [[String: Any]])
                #expect(connections.count == before - 2)
                let remembered = connections.compactMap { ($0["persistence"] as? [String: Any])?["data"] as? String }
                #expect(
                    remembered == (KernelFeature.present.contains(.persistenceEngines) ? ["12345@example.com"] : []))
                return
            }
            Issue.record("the number of connections was never the same twice")
        }
    }
}
