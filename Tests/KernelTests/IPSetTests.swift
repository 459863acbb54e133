// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Glibc
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized) final class IPSetTests {
        private let kernel = KernelIPSet()

        /// A set of each type and family, none of them one that the rules name.
        private static let sets = IPFamily.allCases.flatMap { family in
            IPSetType.allCases.map { IPSetDefinition(name: "TEST-\(family)-\($0.rawValue)", type: $0, family: family) }
        }

        private func members(of set: IPSetDefinition) throws -> Set<IPSetEntry> {
            try #require(try kernel.contents(ofSetNamed: set.name)).1
        }

        private func remove(_ names: String...) async {
            for name in names {
                // It may not be there.
                _ = try? await command("ipset", "destroy", name)
            }
        }

        // MARK: Whole sets

        @Test(arguments: IPFamily.allCases)
        func `each set is made as kube-proxy makes it`(family: IPFamily) async throws {
            let definitions = ServiceSet.allCases.map { IPSetDefinition($0, family) }
            try await command(
                "bash", "-c", "ipset save | sed -n 's/^create \\([^ ]*\\) .*/destroy \\1/p' | ipset restore")
            for definition in definitions {
                try kernel.create(definition)
                #expect(try kernel.definition(ofSetNamed: definition.name) == definition)
                #expect(try members(of: definition) == [])
            }

            // A reference beside each, in kube-proxy's own words.
            let references = definitions.enumerated().map { index, definition in
                definition.type == .bitmapPort
                    ? "create REFERENCE-\(index) bitmap:port range 0-65535\n"
                    : "create REFERENCE-\(index) \(definition.type.rawValue) family "
                        + "\(family == .v4 ? "inet" : "inet6") hashsize 1024 maxelem 65536\n"
            }
            try await command(["ipset", "restore"], input: references.joined())
            let headers = try await headers()
            for (index, definition) in definitions.enumerated() {
                let header = try #require(headers[definition.name])
                #expect(header == headers["REFERENCE-\(index)"])
            }
            #expect(headers.count == 2 * definitions.count)
            try await command(
                ["ipset", "restore"], input: headers.keys.map { "destroy \($0)\n" }.joined())
        }

        /// Each set's header but for the seed of the hash, which is random.
        private func headers() async throws -> [String: [Substring]] {
            var headers: [String: [Substring]] = [:]
            var name = ""
            for line in try await command("ipset", "list", "-terse").split(separator: "\n") {
                if line.hasPrefix("Name: ") {
                    name = String(line.dropFirst("Name: ".count))
                } else {
                    headers[name, default: []].append(
                        line.prefix(upTo: line.firstRange(of: " initval")?.lowerBound ?? line.endIndex))
                }
            }
            return headers
        }

        @Test func `a set that is not there has no definition`() throws {
            #expect(try kernel.definition(ofSetNamed: "TEST-NONE") == nil)
            // And the session goes on working.
            #expect(try kernel.definition(ofSetNamed: "TEST-NONE") == nil)
        }

        @Test func `a foreign set is told from one of ours`() async throws {
            let foreign: [(options: [String], reason: String)] = [
                (["list:set"], "it has the type list:set"),
                (["hash:ip", "timeout", "30"], "it has the option timeout"),
                (["hash:ip", "netmask", "24"], "it has the option netmask"),
                (["hash:ip", "forceadd"], "it has the option forceadd"),
                (["hash:ip", "counters"], "it has the option counters"),
                (["hash:ip", "comment"], "it has the option comment"),
                (["hash:ip", "skbinfo"], "it has the option skbinfo"),
                (["bitmap:port", "range", "1024-2048"], "it does not take all ports but 1024 to 2048"),
            ]
            for (options, reason) in foreign {
                await remove("TEST-FOREIGN")
                try await command(["ipset", "create", "TEST-FOREIGN"] + options)
                let error = #expect(throws: DataplaneError.self) {
                    try kernel.definition(ofSetNamed: "TEST-FOREIGN")
                }
                #expect(error?.explanation.contains("TEST-FOREIGN: \(reason)") == true)
                let (observed, members) = try #require(try kernel.contents(ofSetNamed: "TEST-FOREIGN"))
                let unusable = #expect(throws: IPSetDefinition.Unusable.self) { try IPSetDefinition(observed) }
                #expect(unusable?.reason == reason)
                #expect(members.isEmpty)
                await remove("TEST-FOREIGN")
                #expect(try kernel.definition(ofSetNamed: "TEST-FOREIGN") == nil)
            }
        }

        @Test func `a name that is taken is refused, and so is destroying what is not there`() async throws {
            let set = IPSetDefinition(name: "TEST-TAKEN", type: .hashIP, family: .v4)
            await remove(set.name)
            try kernel.create(set)
            let taken = #expect(throws: DataplaneError.self) { try kernel.create(set) }
            #expect(taken?.number == EEXIST)
            try kernel.destroy(set.name)
            let missing = #expect(throws: DataplaneError.self) { try kernel.destroy(set.name) }
            #expect(missing?.number == ENOENT)
            #expect(missing?.explanation.contains(set.name) == true)
            let long = IPSetDefinition(name: String(repeating: "x", count: 32), type: .hashIP, family: .v4)
            #expect(throws: DataplaneError.self) { try kernel.create(long) }
            #expect(try await command("ipset", "list", "-name").contains("xxx") == false)
        }

        @Test func `a larger set takes the place of a full one`() async throws {
            var small = IPSetDefinition(name: "TEST-GROWS", type: .hashIP, family: .v4, maximumElements: 4)
            await remove("TEST-GROWS", "TEST-GROWS-NEW")
            try kernel.create(small)
            let entries = (1...10).map { IPSetEntry.ip(IPAddress(v4: 0x0a00_0000 + $0)) }
            #expect(try kernel.apply(entries.map { .add($0, to: small) }).count == 6)

            let large = IPSetDefinition(name: "TEST-GROWS-NEW", type: .hashIP, family: .v4, maximumElements: 16)
            try kernel.create(large)
            #expect(try kernel.apply(entries.map { .add($0, to: large) }) == [])
            try kernel.swap(large.name, small.name)
            try kernel.destroy(large.name)

            small.maximumElements = 16
            #expect(try kernel.definition(ofSetNamed: small.name) == small)
            #expect(try members(of: small) == Set(entries))
            await remove(small.name)
        }

        // MARK: Members

        @Test(arguments: sets) func `entries written are those that ipset shows, and those read`(
            set: IPSetDefinition
        ) async throws {
            await remove(set.name)
            try kernel.create(set)
            let entries = Self.entries(of: set, count: 500)

            #expect(try kernel.apply(entries.map { .add($0, to: set) }) == [])
            #expect(try await saved(set) == Set(entries))
            #expect(try members(of: set) == Set(entries))

            // Again: no failure, no change.
            #expect(try kernel.apply(entries.map { .add($0, to: set) }) == [])
            #expect(try members(of: set) == Set(entries))

            let gone = entries.prefix(200)
            #expect(try kernel.apply(gone.map { .remove($0, from: set) }) == [])
            #expect(try kernel.apply(gone.map { .remove($0, from: set) }) == [])
            #expect(try await saved(set) == Set(entries.dropFirst(200)))
            #expect(try members(of: set) == Set(entries.dropFirst(200)))
            await remove(set.name)
        }

        @Test func `changes are carried out in order across sets`() throws {
            let first = IPSetDefinition(name: "TEST-ORDER-1", type: .hashIPPort, family: .v4)
            let second = IPSetDefinition(name: "TEST-ORDER-2", type: .hashIPPort, family: .v6)
            try kernel.create(first)
            try kernel.create(second)
            defer {
                #expect(throws: Never.self) { try kernel.destroy(first.name) }
                #expect(throws: Never.self) { try kernel.destroy(second.name) }
            }
            let (a, b) = (Self.entries(of: first, count: 2), Self.entries(of: second, count: 2))
            let refused = try kernel.apply([
                .add(a[0], to: first), .add(b[0], to: second), .remove(a[0], from: first), .add(a[1], to: first),
                .add(a[0], to: first), .remove(b[0], from: second), .add(b[1], to: second), .remove(a[1], from: first),
            ])
            #expect(refused == [])
            #expect(try members(of: first) == [a[0]])
            #expect(try members(of: second) == [b[1]])
        }

        @Test(arguments: [[0], [299], [0, 57, 58, 150, 299], Array(100..<200), Array(0..<300)])
        func `a refused entry is named, and its neighbours are written`(positions: [Int]) async throws {
            let set = IPSetDefinition(name: "TEST-REFUSES", type: .hashIP, family: .v4)
            await remove(set.name)
            try kernel.create(set)
            // The kernel stores no 0.0.0.0 in a hash.
            var entries = (0..<300).map { IPSetEntry.ip(IPAddress(v4: 0x0a00_0001 + $0)) }
            for position in positions { entries[position] = .ip(IPAddress(v4: 0)) }
            let changes = entries.map { IPSetChange.add($0, to: set) }

            let refused = try kernel.apply(changes)
            #expect(refused.map(\.change) == positions.map { changes[$0] })
            #expect(refused.allSatisfy { $0.error.number != 0 && $0.error.explanation.contains(set.name) })
            let kept = entries.indices.filter { !positions.contains($0) }.map { entries[$0] }
            #expect(try await saved(set) == Set(kept))
            await remove(set.name)
        }

        @Test func `an entry that its set cannot hold is refused, and not sent in another form`() async throws {
            let set = IPSetDefinition(name: "TEST-FAMILY", type: .hashIPPort, family: .v6)
            await remove(set.name)
            try kernel.create(set)
            let fits = try #require(IPSetEntry("fd00::1,tcp:80", type: .hashIPPort))
            let foreign = [
                try #require(IPSetEntry("10.0.0.1,tcp:80", type: .hashIPPort)),
                try #require(IPSetEntry("fd00::1", type: .hashIP)),
                .port(80),
            ]
            let changes = [foreign[0], fits, foreign[1], foreign[2]].map { IPSetChange.add($0, to: set) }
            #expect(try kernel.apply(changes).map(\.change) == foreign.map { .add($0, to: set) })
            #expect(try await saved(set) == [fits])
            await remove(set.name)
        }

        @Test func `a full set is told as such, and takes what it has`() async throws {
            let set = IPSetDefinition(name: "TEST-FULL", type: .hashIPPort, family: .v4, maximumElements: 64)
            await remove(set.name)
            try kernel.create(set)
            let entries = Self.entries(of: set, count: 2_000)

            let refused = try kernel.apply(entries.map { .add($0, to: set) })
            #expect(refused.map(\.change) == entries.dropFirst(64).map { .add($0, to: set) })
            for refusal in refused.prefix(3) {
                #expect(refusal.error.explanation.contains("TEST-FULL is full: it takes 64 members"))
            }
            #expect(try await saved(set) == Set(entries.prefix(64)))
            #expect(try kernel.apply([.add(entries[0], to: set)]) == [])
            await remove(set.name)
        }

        @Test func `changes to a set that is gone are refused one and all`() async throws {
            let gone = IPSetDefinition(name: "TEST-GONE", type: .hashIPPort, family: .v4)
            let there = IPSetDefinition(name: "TEST-THERE", type: .hashIPPort, family: .v4)
            await remove(gone.name, there.name)
            try kernel.create(there)
            let entries = Self.entries(of: gone, count: 300)
            let lost = entries.map { IPSetChange.add($0, to: gone) }
            let refused = try kernel.apply(lost + [.add(entries[0], to: there)])
            #expect(refused.map(\.change) == lost)
            #expect(refused.allSatisfy { $0.error.number == ENOENT })
            #expect(try members(of: there) == [entries[0]])
            #expect(try kernel.contents(ofSetNamed: gone.name) == nil)
            await remove(there.name)
        }

        @Test(arguments: sets.filter { $0.type == .hashIPPort || $0.type == .hashIPPortIP })
        func `ten thousand entries are written, read and removed`(set: IPSetDefinition) async throws {
            await remove(set.name)
            try kernel.create(set)
            let entries = Self.entries(of: set, count: 10_000)

            let clock = ContinuousClock()
            let start = clock.now
            #expect(try kernel.apply(entries.map { .add($0, to: set) }) == [])
            let written = clock.now
            #expect(try members(of: set) == Set(entries))
            let read = clock.now
            #expect(try kernel.definition(ofSetNamed: set.name) == set)
            let defined = clock.now
            print("\(set.name): written in \(written - start), read in \(read - written), header in \(defined - read)")
            #expect(try await saved(set) == Set(entries))
            #expect(try kernel.apply(entries.map { .remove($0, from: set) }) == [])
            #expect(try members(of: set) == [])
            await remove(set.name)
        }

        @Test func `a reading goes on after other calls, and a swap of its set ends it`() async throws {
            let set = IPSetDefinition(name: "TEST-PARTS", type: .hashIPPort, family: .v4)
            var other = set
            other.name = "TEST-PARTS-OTHER"
            await remove(set.name, other.name)
            try kernel.create(set)
            let entries = Self.entries(of: set, count: 20_100)
            let (early, late) = (entries.prefix(20_000), entries.suffix(100))
            #expect(try kernel.apply(early.map { .add($0, to: set) }) == [])
            var listed: Set<IPSetEntry> = []
            func read(_ reading: inout KernelReading<NamedSet>) throws -> ReadingProgress {
                let progress = try kernel.readMembers(&reading) { listed.insert($0) }
                #expect(reading.subject.found?.isOfKind(set) == true)
                return progress
            }

            var reading = KernelReading(of: NamedSet(set.name))
            var progress = try read(&reading)
            #expect(progress == .more)
            #expect(listed.count < 10_000)
            // All that a pass may do in between, but to this set.
            try kernel.create(other)
            #expect(try kernel.apply(late.map { .add($0, to: other) }) == [])
            #expect(try kernel.definition(ofSetNamed: other.name) == other)
            try kernel.destroy(other.name)
            #expect(try kernel.apply(late.map { .add($0, to: set) }) == [])
            #expect(try kernel.apply(early.prefix(50).map { .remove($0, from: set) }) == [])
            while progress == .more { progress = try read(&reading) }
            #expect(progress == .complete)
            #expect(listed.isSuperset(of: early.dropFirst(50)))
            #expect(try read(&reading) == .lapsed)

            // The kernel would refuse these while it holds on to the set for a reading.
            reading = KernelReading(of: NamedSet(set.name))
            #expect(try read(&reading) == .more)
            try kernel.create(other)
            try kernel.swap(set.name, other.name)
            #expect(try read(&reading) == .lapsed)
            reading = KernelReading(of: NamedSet(other.name))
            #expect(try read(&reading) == .more)
            try kernel.destroy(other.name)
            #expect(try read(&reading) == .lapsed)
            #expect(try members(of: set) == [])
            await remove(set.name)
        }

        @Test func `options of members are passed over, and exceptions are no members`()
            async throws
        {
            let set = IPSetDefinition(name: "TEST-OPTIONS", type: .hashIPPortNet, family: .v4)
            await remove(set.name)
            try await command(
                "ipset", "create", set.name, set.type.rawValue, "counters", "comment", "skbinfo")
            try await command("ipset", "add", set.name, "10.0.0.1,tcp:80,10.1.0.0/16", "comment", "of somebody else")
            try await command("ipset", "add", set.name, "10.0.0.1,tcp:80,10.1.2.0/24", "nomatch")
            try await command("ipset", "add", set.name, "10.0.0.1,tcp:81,10.1.2.3", "packets", "7")
            let (observed, found) = try #require(try kernel.contents(ofSetNamed: set.name))
            #expect(observed.foreignOptions.sorted() == ["comment", "counters", "skbinfo"])
            #expect(observed.hasForeignMembers)
            let expected = try ["10.0.0.1,tcp:80,10.1.0.0/16", "10.0.0.1,tcp:81,10.1.2.3/32"].map {
                try #require(IPSetEntry($0, type: set.type))
            }
            #expect(found == Set(expected))
            await remove(set.name)
        }

        @Test func `a member that no Service port can have is left out`() async throws {
            let set = IPSetDefinition(name: "TEST-ICMP", type: .hashIPPort, family: .v4)
            await remove(set.name)
            try kernel.create(set)
            _ = try await command("ipset", "add", set.name, "10.0.0.1,icmp:ping")
            _ = try await command("ipset", "add", set.name, "10.0.0.1,sctp:9")
            #expect(try members(of: set) == [try #require(IPSetEntry("10.0.0.1,sctp:9", type: .hashIPPort))])
            #expect(try kernel.contents(ofSetNamed: set.name)?.0.hasForeignMembers == true)
            await remove(set.name)
        }

        @Test func `memory does not grow with use`() async throws {
            let set = IPSetDefinition(name: "TEST-MEMORY", type: .hashIPPort, family: .v4, maximumElements: 1_000)
            await remove(set.name)
            try kernel.create(set)
            let entries = Self.entries(of: set, count: 1_010)
            func use(_ times: Int) throws {
                for _ in 0..<times {
                    #expect(try kernel.apply(entries.map { .add($0, to: set) }).count == 10)
                    #expect(try members(of: set).count == 1_000)
                    #expect(try kernel.definition(ofSetNamed: "TEST-NONE") == nil)
                }
            }
            try use(50)
            let before = try await residentKibibytes()
            try use(200)
            let grown = try await residentKibibytes() - before
            // One listing is 25 KiB, one row of entries 36 KiB.
            #expect(grown < 1_024)
            await remove(set.name)
        }

        /// Of this process, and of the program that writes.
        private func residentKibibytes() async throws -> Int {
            var sum = 0
            for process in [getpid(), try #require(kernel.programIdentifier)] {
                let status = try await command("grep", "VmRSS", "/proc/\(process)/status")
                sum += try #require(Int(status.filter(\.isNumber)))
            }
            return sum
        }

        /// What `ipset save` has in the set.
        private func saved(_ set: IPSetDefinition) async throws -> Set<IPSetEntry> {
            let lines = try await command("ipset", "save", set.name).split(separator: "\n").filter {
                $0.hasPrefix("add ")
            }
            let entries = try lines.map { line in
                try #require(IPSetEntry(String(line.dropFirst("add \(set.name) ".count)), type: set.type))
            }
            #expect(Set(entries).count == lines.count)
            return Set(entries)
        }

        /// Distinct entries of a set's form.
        private static func entries(of set: IPSetDefinition, count: Int) -> [IPSetEntry] {
            (1...count).map { number in
                func address(_ network: UInt32) -> IPAddress {
                    set.family == .v4
                        ? IPAddress(v4: network << 24 + UInt32(number))
                        : IPAddress(high: 0xfd00 << 48 + UInt64(network), low: UInt64(number))
                }
                let transport = TransportProtocol.allCases[number % 3]
                let port = UInt16(number % 65_535 + 1)
                switch set.type {
                case .bitmapPort: return .port(port)
                case .hashIP: return .ip(address(10))
                case .hashIPPort: return .ipPort(address(10), transport, port)
                case .hashIPPortIP: return .ipPortIP(address(10), transport, port, address(11))
                case .hashIPPortNet:
                    let length = UInt8(8 + number % Int(set.family.bitWidth - 7))
                    let network = IPPrefix(address(11), length: length) ?? IPPrefix(host: address(11))
                    return .ipPortNet(address(10), transport, port, network)
                }
            }
        }
    }
}
