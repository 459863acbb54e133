// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import NodeInspection

/// What `explain` says of endpoints and of the ports at which they are asked for.
@Suite struct EndpointExplanationTests: Explaining {
    private func report(_ slice: EndpointSlice?, _ change: (inout Service) -> Void = { _ in }) throws -> ServiceReport?
    {
        var service = Sample.service("web")
        change(&service)
        let inspection = try inspection {
            $0.updates = [.service(service)] + (slice.map { [.slice($0)] } ?? [])
        }
        let bare = KernelView { (id) throws(DataplaneError) in
            ObservedVirtualServer(
                identity: .address(id),
                configuration: VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max),
                realServers: [])
        }
        return report(inspection, bare)
    }

    private func verdict(_ slice: EndpointSlice?) throws -> String? {
        try report(slice)?.verdict
    }

    @Test func `a Service without slices, without the port, or without a ready endpoint says so in its first line`()
        throws
    {
        let bad = "Service shop/web does not work as it should: "
        #expect(try verdict(nil) == bad + "it has no EndpointSlice: does its selector match a pod?")
        #expect(
            try verdict(Sample.slice("web", endpoints: 0)) == bad
                + "port http has no endpoint of IPv4: its EndpointSlices are empty")
        var slice = Sample.slice("web")
        slice.ports[0].name = "web"
        #expect(
            try verdict(slice) == bad
                + "no EndpointSlice has port http (TCP, IPv4): compare the port's name with those of the slices")
        slice = Sample.slice("web")
        for index in slice.endpoints.indices {
            slice.endpoints[index].isReady = false
            slice.endpoints[index].isServing = false
        }
        #expect(try verdict(slice) == bad + "port http: none of its 2 endpoints of IPv4 is ready")
        slice = Sample.slice("web")
        slice.family = .v6
        slice.endpoints = []
        #expect(try verdict(slice) == bad + "it has no EndpointSlice of IPv4")
    }

    @Test func `a traffic policy that keeps to a node without endpoints is a remark and no trouble`() throws {
        var slice = Sample.slice("web")
        for index in slice.endpoints.indices { slice.endpoints[index].nodeName = "elsewhere" }
        let report = try #require(try report(slice) { $0.internalTrafficPolicy = .local })
        #expect(
            report.verdict
                == "Service shop/web works; port http: cluster IP of IPv4 is not served by this node: no endpoint is "
                + "here, and the traffic policy is Local")
        #expect(report.lines.contains("    cluster IP TCP 10.96.0.1:80: no endpoint on this node"))
        #expect(report.lines.contains("    endpoint 10.244.0.1:8080 on elsewhere: not used: on another node"))
    }

    @Test func `a health-check node port that nobody listens at is a trouble`() throws {
        let inspection = try inspection {
            $0.updates[0] = .service(Sample.service("web", healthCheckNodePort: 31_999))
        }
        let open = try #require(report(inspection, listening: [31_999]))
        #expect(open.isGood && open.details.contains("health-check node port 31999: open"))
        let closed = try #require(report(inspection, listening: [80]))
        #expect(closed.troubles.first?.hasPrefix("nobody listens at health-check node port 31999") == true)
        #expect(report(inspection, listening: nil)?.isGood == true)
    }

    @Test func `a port that is listened at is read from the kernel's table`() {
        let line =
            "   1: 00000000:7CFF 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
        #expect(ListeningPorts.port(listeningIn: line) == 31_999)
        #expect(ListeningPorts.port(listeningIn: line.replacing(" 0A ", with: " 01 ")) == nil)
        #expect(ListeningPorts.port(listeningIn: "  sl  local_address rem_address   st tx_queue rx_queue\n") == nil)
        let six =
            "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000\n"
        #expect(ListeningPorts.port(listeningIn: six) == 8080)
    }
}
