// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// Virtual IPs as local routes: passes over the fakes of all parts.
struct LocalRouteKeeperTests {
    private let fake = FakeDataplane()

    private static func reconciler(
        _ numbers: some Sequence<UInt32>,
        _ mode: VirtualIPMode = .routes
    ) -> FamilyReconciler<UInt32> {
        var reconciler = FamilyReconciler<UInt32>(
            family: .v4, ruleConfiguration: Sample.rules, gracefulTimeout: .seconds(900), virtualIPs: mode)
        for number in numbers { reconciler.replaceContribution(of: number, with: Sample.contribution(number)) }
        return reconciler
    }

    private func routes(_ numbers: some Sequence<UInt32>) -> Set<LocalRoute> {
        Set(numbers.map { LocalRoute(Sample.vip($0)) })
    }

    private func pass(_ mode: PassMode, _ reconciler: inout FamilyReconciler<UInt32>) async -> PassReport {
        await reconciler.pass(mode, at: Sample.start, on: fake.dataplane)
    }

    @Test func `each virtual IP is one local route, none is an address, and the link is there all the same`() async {
        var reconciler = Self.reconciler(1...3)
        let report = await pass(.verify, &reconciler)
        #expect(report.isComplete)
        #expect(report.applied[.route] == 3 && report.applied[.address] == nil && report.applied[.link] == 1)
        #expect(fake.addresses.routes == routes(1...3))
        #expect(fake.addresses.bound.isEmpty && fake.addresses.hasLink)
        #expect(await pass(.verify, &reconciler).wroteNothing)
    }

    @Test func `a route is written after its virtual servers, and removed before them`() async throws {
        var reconciler = Self.reconciler(1...2)
        _ = await pass(.verify, &reconciler)
        let written = fake.journal
        let route = try #require(written.firstIndex { $0.hasPrefix("route ") })
        let server = try #require(written.lastIndex { $0.hasPrefix("ipvs ") })
        #expect(server < route)

        fake.clearJournal()
        reconciler.replaceContribution(of: 1, with: Contribution())
        _ = await pass(.changes, &reconciler)
        let removed = fake.journal
        let gone = try #require(removed.firstIndex { $0.hasPrefix("route ") })
        let first = try #require(removed.firstIndex { $0.hasPrefix("ipvs ") })
        #expect(gone < first)
        #expect(fake.addresses.routes == routes(2...2))
    }

    @Test func `one Service more is one route more, however many there are`() async {
        for count: UInt32 in [10, 2_000] {
            let fake = FakeDataplane()
            var reconciler = Self.reconciler(1...count)
            _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
            fake.clearJournal()
            reconciler.replaceContribution(of: 0, with: Sample.contribution(9_999))
            _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
            #expect(fake.journal.filter { $0.hasPrefix("route ") } == ["route add local route \(Sample.vip(9_999))"])
        }
    }

    /// What was there, and in which way the daemon that starts now has virtual IPs.
    @Test(arguments: VirtualIPMode.allCases)
    func `a change-over leaves no virtual IP that is local in neither way, at any time`(mode: VirtualIPMode) async {
        let wanted = Set((1...700).map(Sample.vip))
        final class Watch { var look: () -> Void = {} }
        let watch = Watch()
        let addresses = FakeAddresses { _ in watch.look() }
        addresses.hasLink = true
        addresses.addressesPerPart = 50
        switch mode {
        case .routes: addresses.bound = wanted.union([Sample.vip(9_000)])
        case .addresses: addresses.routes = Set(wanted.map { LocalRoute($0) }).union(routes(9_000...9_000))
        }
        var unserved = 0
        watch.look = {
            let isServed = wanted.allSatisfy {
                addresses.bound.contains($0) || addresses.routes.contains(LocalRoute($0))
            }
            if !isServed { unserved += 1 }
        }
        var dataplane = fake.dataplane
        dataplane.addresses = addresses
        var reconciler = Self.reconciler(1...700, mode)
        let report = await reconciler.pass(.verify, at: Sample.start, on: dataplane)
        #expect(report.isComplete)
        #expect(report.drift.isEmpty)
        #expect(unserved == 0)
        #expect(addresses.bound == (mode == .addresses ? wanted : []))
        #expect(addresses.routes == (mode == .routes ? routes(1...700) : []))
        #expect(await reconciler.pass(.verify, at: Sample.start, on: dataplane).wroteNothing)
    }

    @Test func `a route that somebody removed or added is mended, and counted as drift of routes by its name`() async {
        var reconciler = Self.reconciler(1...3)
        _ = await pass(.verify, &reconciler)
        fake.addresses.routes.remove(LocalRoute(Sample.vip(1)))
        fake.addresses.routes.insert(LocalRoute(Sample.vip(9)))
        let report = await pass(.verify, &reconciler)
        #expect(report.drift == [.route: 2])
        #expect(Set(report.driftNames) == ["route \(Sample.vip(1))", "route \(Sample.vip(9))"])
        #expect(fake.addresses.routes == routes(1...3))
    }

    @Test func `an address that somebody bound beside a route is unbound, and counted as drift of addresses`() async {
        var reconciler = Self.reconciler(1...3)
        _ = await pass(.verify, &reconciler)
        fake.addresses.bound = [Sample.vip(1), Sample.vip(9), IPAddress(v4: 0x7f00_0005)]
        fake.addresses.strays = [BoundAddress(Sample.vip(2), prefixLength: 24)]
        let report = await pass(.verify, &reconciler)
        #expect(report.drift == [.address: 3])
        // Loopback addresses stay, as with kube-proxy.
        #expect(fake.addresses.bound == [IPAddress(v4: 0x7f00_0005)])
        #expect(fake.addresses.strays.isEmpty)
        #expect(fake.addresses.routes == routes(1...3))
    }

    @Test(arguments: [
        LocalRoute(Sample.vip(1), metric: 5), LocalRoute(Sample.vip(1), prefixLength: 24),
        LocalRoute(Sample.vip(1), isLocal: false), LocalRoute(Sample.vip(1), link: 7),
        LocalRoute(Sample.vip(1), hasForeignTraits: true), LocalRoute(Sample.vip(1), typeOfService: 4),
    ])
    func `a route of the daemon's number that it does not write goes, and ours is there after it`(
        stray: LocalRoute
    ) async {
        for isWanted in [true, false] {
            let fake = FakeDataplane()
            var reconciler = Self.reconciler(isWanted ? 1...2 : 2...2)
            _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
            let before = fake.addresses.routes
            fake.addresses.routes.insert(stray)
            let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
            #expect(report.drift == [.route: 1], "\(stray)")
            #expect(fake.addresses.routes == before, "\(stray)")
            #expect(await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane).wroteNothing)
        }
    }

    @Test func `word of a lost or a strange route is mended by the next pass, which reads no virtual server`() async {
        var reconciler = Self.reconciler(1...3)
        _ = await pass(.verify, &reconciler)
        let before = fake.ipvs.listingCount
        fake.addresses.routes = routes(2...4)
        for events in [AddressEvents(routes: [Sample.vip(1): false]), AddressEvents(routes: [Sample.vip(4): true])] {
            var copy = reconciler
            let isSuspect = copy.noteVirtualIPs(events)
            #expect(isSuspect)
        }
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(routes: [Sample.vip(1): false]))
        #expect(isSuspect)
        let report = await pass(.changes, &reconciler)
        #expect(report.drift == [.route: 2])
        #expect(fake.addresses.routes == routes(1...3))
        #expect(fake.ipvs.listingCount == before)
    }

    @Test(arguments: VirtualIPMode.allCases)
    func `word of what the daemon itself wrote makes no work, in either way`(mode: VirtualIPMode) async {
        var reconciler = Self.reconciler(1...2, mode)
        _ = await pass(.verify, &reconciler)
        let own: AddressEvents =
            switch mode {
            case .routes:
                AddressEvents(dummyLink: [Sample.vip(1): false], routes: [Sample.vip(1): true, Sample.vip(3): false])
            case .addresses:
                AddressEvents(dummyLink: [Sample.vip(1): true, Sample.vip(3): false], routes: [Sample.vip(1): false])
            }
        let isSuspect = reconciler.noteVirtualIPs(own)
        #expect(!isSuspect)
        let other: AddressEvents =
            switch mode {
            case .routes: AddressEvents(dummyLink: [Sample.vip(1): true])
            case .addresses: AddressEvents(routes: [Sample.vip(1): true])
            }
        let isOther = reconciler.noteVirtualIPs(other)
        #expect(isOther)
    }

    @Test func `a route that the kernel refuses is named as one, and its neighbours are written`() async {
        fake.addresses.brokenAddresses = [Sample.vip(2)]
        var reconciler = Self.reconciler(1...3)
        let report = await pass(.verify, &reconciler)
        #expect(report.refusals.map(\.kind) == [.route])
        #expect(report.refusals.map(\.attempt) == ["add local route \(Sample.vip(2))"])
        #expect(report.refusals.first?.error.part == .routes)
        #expect(fake.addresses.routes == routes([1, 3]))
        fake.addresses.brokenAddresses = []
        #expect(await pass(.verify, &reconciler).isComplete)
        #expect(fake.addresses.routes == routes(1...3))
    }

    @Test func `an address stays where the kernel refuses the route that is to replace it`() async {
        fake.addresses.hasLink = true
        fake.addresses.bound = [Sample.vip(1), Sample.vip(2)]
        fake.addresses.brokenRoutes = [Sample.vip(2)]
        var reconciler = Self.reconciler(1...2)
        let report = await pass(.verify, &reconciler)
        #expect(report.refusals.map(\.attempt) == ["add local route \(Sample.vip(2))"])
        #expect(fake.addresses.bound == [Sample.vip(2)])
        #expect(fake.addresses.routes == routes(1...1))
        fake.addresses.brokenRoutes = []
        #expect(await pass(.verify, &reconciler).isComplete)
        #expect(fake.addresses.bound == [] && fake.addresses.routes == routes(1...2))
    }

    @Test func `changes between two parts of a reading of routes are neither undone nor drift`() async throws {
        fake.addresses.noticesChanges = false
        fake.addresses.listingsShowChanges = true
        var reconciler = Self.reconciler(1...10)
        _ = await pass(.verify, &reconciler)
        reconciler.beginVerifying()
        while !fake.addresses.isPartlyListed {
            _ = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane)
        }
        reconciler.replaceContribution(of: 10, with: Contribution())
        reconciler.replaceContribution(of: 11, with: Sample.contribution(11))
        _ = reconciler.writeChanges(at: Sample.start, on: fake.dataplane)
        var ended: PassReport?
        while ended == nil { ended = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) }
        #expect(ended?.drift == [:])
        #expect(fake.addresses.routes == routes((1...9).map { $0 } + [11]))
    }
}
