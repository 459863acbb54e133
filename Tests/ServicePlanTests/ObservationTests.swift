// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan
import Testing

/// The gauges and the health checks.
struct ObservationTests {
    private func scenario(
        _ family: IPFamily = .v4,
        internal internalPolicy: Service.TrafficPolicy = .cluster,
        external externalPolicy: Service.TrafficPolicy = .cluster,
        nodePort: UInt16 = 30080,
        _ endpoints: (Scenario) -> [Endpoint]
    ) -> Scenario {
        Scenario(family).with { scenario in
            scenario.service.kind = .nodePort
            scenario.service.internalTrafficPolicy = internalPolicy
            scenario.service.externalTrafficPolicy = externalPolicy
            scenario.port.nodePort = nodePort
            scenario.endpoints = endpoints(scenario)
        }
    }

    private func lacks(_ scenario: Scenario) -> [Bool] {
        let observations = scenario.observations
        return [observations.lacksLocalEndpointsForInternalTraffic, observations.lacksLocalEndpointsForExternalTraffic]
    }

    @Test(arguments: IPFamily.allCases)
    func `a Service is counted for the policy that is Local when all its endpoints are elsewhere`(family: IPFamily) {
        #expect(lacks(scenario(family) { [$0.endpoint(1)] }) == [false, false])
        #expect(lacks(scenario(family, internal: .local) { [$0.endpoint(1)] }) == [true, false])
        #expect(lacks(scenario(family, external: .local) { [$0.endpoint(1)] }) == [false, true])
        #expect(lacks(scenario(family, internal: .local, external: .local) { [$0.endpoint(1)] }) == [true, true])
    }

    @Test func `a Service whose only endpoints elsewhere drain is counted`() {
        #expect(lacks(scenario(external: .local) { [$0.draining(1)] }) == [false, true])
    }

    @Test func `a Service with a local endpoint, draining or ready, is not counted`() {
        #expect(lacks(scenario(internal: .local, external: .local) { [$0.endpoint(1, on: "here")] }) == [false, false])
        #expect(
            lacks(scenario(internal: .local, external: .local) { [$0.endpoint(1), $0.draining(2, on: "here")] })
                == [false, false])
    }

    @Test func `a Service without a usable endpoint anywhere is not counted`() {
        #expect(lacks(scenario(internal: .local, external: .local) { _ in [] }) == [false, false])
        #expect(
            lacks(scenario(internal: .local, external: .local) { [$0.endpoint(1, ready: false)] }) == [false, false])
    }

    @Test func `an internal Service with internal policy Local is counted though it has no cluster list`() {
        let scenario = scenario(internal: .local, nodePort: 0) { [$0.endpoint(1)] }.with {
            $0.service.kind = .clusterIP
        }
        #expect(scenario.servers(behind: IPFamily.v4.clusterIP) == [])
        #expect(lacks(scenario) == [true, false])
    }

    @Test func `external policy Local without an external virtual IP is counted only if internal traffic looks`() {
        #expect(lacks(scenario(external: .local, nodePort: 0) { [$0.endpoint(1)] }) == [false, false])
        #expect(lacks(scenario(internal: .local, external: .local, nodePort: 0) { [$0.endpoint(1)] }) == [true, true])
    }

    // MARK: Health checks

    private func checked(_ endpoints: (Scenario) -> [Endpoint]) -> Scenario {
        scenario(external: .local, endpoints).with {
            $0.service.kind = .loadBalancer
            $0.service.healthCheckNodePort = 31000
        }
    }

    @Test func `a health check counts local ready endpoints, and no terminating or remote ones`() {
        let scenario = checked {
            [
                $0.endpoint(3, on: "here"), $0.endpoint(1, on: "here"), $0.endpoint(2), $0.draining(4, on: "here"),
                $0.endpoint(5, ready: false, on: "here"),
            ]
        }
        let addresses = [IPFamily.v4.endpoint(1), IPFamily.v4.endpoint(3)]
        #expect(scenario.observations.healthCheck == HealthCheck(port: 31000, localReadyAddresses: addresses))
    }

    @Test func `a health check of no local endpoint is there and counts none`() {
        let scenario = checked { [$0.endpoint(1)] }
        #expect(scenario.observations.healthCheck == HealthCheck(port: 31000, localReadyAddresses: []))
    }

    @Test func `without a health-check node port there is no health check`() {
        #expect(checked { _ in [] }.with { $0.service.healthCheckNodePort = 0 }.observations.healthCheck == nil)
        #expect(
            checked { _ in [] }.with { $0.service.externalTrafficPolicy = .cluster }.observations.healthCheck == nil)
    }
}

/// What is kept of all Service ports together.
struct ServiceStatusTableTests {
    private let web = ObjectName(namespace: "shop", name: "web")

    private func id(_ port: String, of service: ObjectName) -> ServicePortID {
        ServicePortID(service: service, port: port, transport: .tcp)
    }

    private func lacking(internal: Bool = false, external: Bool = false) -> PlanObservations {
        var observations = PlanObservations()
        observations.lacksLocalEndpointsForInternalTraffic = `internal`
        observations.lacksLocalEndpointsForExternalTraffic = external
        return observations
    }

    private func checking(_ addresses: [IPAddress]) -> PlanObservations {
        var observations = PlanObservations()
        observations.healthCheck = HealthCheck(port: 31000, localReadyAddresses: addresses)
        return observations
    }

    @Test func `Services are counted and not their ports`() {
        var table = ServiceStatusTable()
        table.record(lacking(external: true), of: id("a", of: web), in: .v4)
        table.record(lacking(external: true), of: id("b", of: web), in: .v4)
        table.record(lacking(external: true), of: id("b", of: web), in: .v4)
        #expect(table.servicesWithoutLocalEndpoints(.external, .v4) == 1)
        #expect(table.servicesWithoutLocalEndpoints(.internal, .v4) == 0)
        #expect(table.servicesWithoutLocalEndpoints(.external, .v6) == 0)

        table.record(lacking(), of: id("a", of: web), in: .v4)
        #expect(table.servicesWithoutLocalEndpoints(.external, .v4) == 1)
        table.record(PlanObservations(), of: id("b", of: web), in: .v4)
        #expect(table.servicesWithoutLocalEndpoints(.external, .v4) == 0)
    }

    @Test func `policies and families are counted apart`() {
        var table = ServiceStatusTable()
        let api = ObjectName(namespace: "shop", name: "api")
        table.record(lacking(internal: true, external: true), of: id("", of: web), in: .v4)
        table.record(lacking(internal: true), of: id("", of: api), in: .v4)
        table.record(lacking(external: true), of: id("", of: api), in: .v6)
        #expect(table.servicesWithoutLocalEndpoints(.internal, .v4) == 2)
        #expect(table.servicesWithoutLocalEndpoints(.external, .v4) == 1)
        #expect(table.servicesWithoutLocalEndpoints(.internal, .v6) == 0)
        #expect(table.servicesWithoutLocalEndpoints(.external, .v6) == 1)
    }

    @Test func `the health check of a Service counts the addresses of all its ports once`() {
        var table = ServiceStatusTable()
        table.record(checking(["10.0.0.2", "10.0.0.3"]), of: id("a", of: web), in: .v4)
        table.record(checking(["10.0.0.1", "10.0.0.2"]), of: id("b", of: web), in: .v4)
        #expect(
            table.healthChecks(.v4)
                == [web: HealthCheck(port: 31000, localReadyAddresses: ["10.0.0.1", "10.0.0.2", "10.0.0.3"])])
        #expect(table.healthChecks(.v6).isEmpty)

        table.record(PlanObservations(), of: id("b", of: web), in: .v4)
        #expect(
            table.healthChecks(.v4) == [web: HealthCheck(port: 31000, localReadyAddresses: ["10.0.0.2", "10.0.0.3"])])
        table.record(PlanObservations(), of: id("a", of: web), in: .v4)
        #expect(table.healthChecks(.v4).isEmpty)
    }

    @Test func `omissions are told of by Service port`() {
        var table = ServiceStatusTable()
        var observations = PlanObservations()
        observations.omissions = [.nodePort]
        table.record(observations, of: id("b", of: web), in: .v4)
        table.record(observations, of: id("a", of: web), in: .v4)
        table.record(checking([]), of: id("c", of: web), in: .v4)
        #expect(table.omissions(.v4).map(\.id.port) == ["a", "b"])
        #expect(table.omissions(.v6).isEmpty)
        #expect(table.servicePorts(with: .nodePort, .v4) == 2)
        #expect(table.servicePorts(with: .externalIPs, .v4) == 0)
        observations.omissions = [.externalIPs]
        table.record(observations, of: id("b", of: web), in: .v4)
        #expect(table.servicePorts(with: .nodePort, .v4) == 1)
        #expect(table.servicePorts(with: .externalIPs, .v4) == 1)
        #expect(table.servicePorts(with: .nodePort, .v6) == 0)
    }

    @Test func `recording says whether the answer of a health-check node port is another one`() {
        var table = ServiceStatusTable()
        func records(_ observations: PlanObservations) -> Bool {
            table.record(observations, of: id("a", of: web), in: .v4)
        }
        var observations = PlanObservations()
        #expect(!records(observations))
        observations.omissions = [.nodePort]
        #expect(!records(observations))
        #expect(records(checking(["10.0.0.2"])))
        #expect(!records(checking(["10.0.0.2"])))
        #expect(records(checking(["10.0.0.3"])))
        #expect(records(PlanObservations()))
    }
}
