// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import ServicePlan
import Testing

@Suite("Dividing Services into parts") struct ServicePartsTests {
    private func service(_ number: UInt32, _ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service(
            name: ObjectName(namespace: "default", name: "s\(number)"),
            clusterIPs: [IPAddress(v4: 0x0a60_0000 + number)],
            ports: [ServicePort(name: "http", port: 80)]
        )
        change(&service)
        return service
    }

    private func parts(_ services: [Service], by size: Int) -> (count: Int, ofServices: [Int], ofSlices: [Int]) {
        var parts = ServiceParts()
        for service in services { parts.note(service) }
        parts.divide(by: size)
        let numbers = services.map { parts.part(of: $0) }
        return (parts.count, numbers, services.map { parts.part(ofSlicesOf: $0.name) })
    }

    @Test func `each Service is in one part, with its slices, and parts are of one size`() {
        let (count, services, slices) = parts((1...1000).map { service($0) }, by: 100)
        #expect(count == 10)
        #expect(services == slices)
        let sizes = (0..<10).map { part in services.count { $0 == part } }
        #expect(sizes.allSatisfy { (50...200).contains($0) }, "\(sizes)")
    }

    @Test func `few Services are one part`() {
        #expect(parts([], by: 10).count == 1)
        #expect(Set(parts((1...10).map { service($0) }, by: 10).ofServices) == [0])
    }

    @Test func `Services that may want the same virtual server are in the first part`() {
        let address = IPAddress(v4: 0xc000_0201)
        let rivals = [
            service(1) { $0.externalIPs = [address] }, service(2) { $0.loadBalancerVIPs = [address] },
            service(3) { $0.ports[0].nodePort = 30080 }, service(4) { $0.ports[0].nodePort = 30080 },
            service(5) { $0.ports[0].nodePort = 30081 },
            service(6) {
                $0.ports[0].port = 30081
                $0.externalIPs = [IPAddress(v4: 0xc000_0202)]
            },
        ]
        let others = (10..<400 as Range<UInt32>).map { number in
            service(number) { $0.loadBalancerVIPs = [IPAddress(v4: 0xc600_0000 + number)] }
        }
        let (_, services, slices) = parts(rivals + others, by: 40)
        #expect(Set(services.prefix(6)) == [0] && services == slices)
        // A port that nearly all have is no reason.
        #expect(Set(services).count == 10)
    }
}
