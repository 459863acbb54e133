// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Glibc
import Reconcile
import SystemTesting
import Testing

/// Members of sets.
extension KernelSuite.IPSetTests {
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
}
