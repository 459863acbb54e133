// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import Testing

struct EndpointSliceFieldsTests {
    @Test func `a slice with every field is read whole`() throws {
        let item = try item(
            sliceText(
                ports: #"{"name": "http", "protocol": "TCP", "port": 8080, "appProtocol": "h2c"}, {"port": 53}"#,
                endpoints: """
                    {"addresses": ["10.1.0.1", "10.1.0.2"], "nodeName": "node-a", "zone": "z",
                     "conditions": {"ready": false, "serving": true, "terminating": true},
                     "hints": {"forZones": [{"name": "a"}, {"name": "b"}], "forNodes": [{"name": "node-b"}]},
                     "targetRef": {"kind": "Pod"}}
                    """
            )
        )
        #expect(item.rejections.isEmpty)
        var wanted = EndpointSlice(
            name: ObjectName(namespace: "default", name: "web-1"),
            serviceName: "web",
            ports: [EndpointPort(name: "http", port: 8080), EndpointPort(port: 53)],
            endpoints: [
                Endpoint(
                    address: IPAddress(v4: 0x0a01_0001),
                    isReady: false,
                    isServing: true,
                    isTerminating: true,
                    nodeName: "node-a",
                    zoneHints: ["a", "b"],
                    nodeHints: ["node-b"]
                )
            ]
        )
        // The Pod that the reference is about has no name.
        wanted.names = EndpointNames([EndpointNames.Element(zone: "z")])
        #expect(try slice(item) == wanted)
    }

    @Test(arguments: [
        ("", true, true, false),
        (#", "conditions": {}"#, true, true, false),
        (#", "conditions": null"#, true, true, false),
        (#", "conditions": {"ready": false}"#, false, true, false),
        (#", "conditions": {"serving": false}"#, true, false, false),
        (#", "conditions": {"terminating": true}"#, true, true, true),
        (#", "conditions": {"ready": null, "serving": null, "terminating": null}"#, true, true, false),
    ])
    func `an absent condition means ready, serving and not terminating`(
        fields: String,
        isReady: Bool,
        isServing: Bool,
        isTerminating: Bool
    ) throws {
        let item = try item(sliceText(endpoints: #"{"addresses": ["10.1.0.1"]\#(fields)}"#))
        let wanted = Endpoint(
            address: IPAddress(v4: 0x0a01_0001),
            isReady: isReady,
            isServing: isServing,
            isTerminating: isTerminating
        )
        #expect(try slice(item).endpoints == [wanted])
        #expect(item.rejections.isEmpty)
    }

    @Test(arguments: [
        (#""addresses": ["10.1.0.x"]"#, Expected("endpoints[1].addresses[0]", .invalidAddress)),
        (#""addresses": ["0.0.0.0"]"#, Expected("endpoints[1].addresses[0]", .invalidAddress)),
        (#""addresses": ["239.0.0.1"]"#, Expected("endpoints[1].addresses[0]", .invalidAddress)),
        (#""addresses": ["fd00::1"]"#, Expected("endpoints[1].addresses[0]", .wrongFamily)),
        (#""addresses": []"#, Expected("endpoints[1].addresses", .missingField)),
        (#""hostname": "a""#, Expected("endpoints[1].addresses", .missingField)),
    ])
    func `a wrong endpoint is left out alone`(endpoint: String, expected: Expected) throws {
        let good = #"{"addresses": ["10.1.0.1"]}"#
        let item = try item(sliceText(endpoints: "\(good), {\(endpoint)}, \(good)"))
        #expect(item.rejections.map(Expected.init) == [expected])
        #expect(try slice(item).endpoints.count == 2)
    }

    @Test func `an IPv6 slice takes IPv6 addresses only`() throws {
        let item = try item(
            sliceText(type: "IPv6", endpoints: #"{"addresses": ["fd00::1"]}, {"addresses": ["10.1.0.1"]}"#)
        )
        #expect(item.rejections.map(Expected.init) == [Expected("endpoints[1].addresses[0]", .wrongFamily)])
        #expect(try slice(item).family == .v6)
        #expect(try slice(item).endpoints.map(\.address.description) == ["fd00::1"])
    }

    @Test func `a fault that all endpoints share is told of once`() throws {
        let endpoints = (1...1000).map { #"{"addresses": ["fd00::\#($0)"]}"# }.joined(separator: ",")
        let item = try item(sliceText(endpoints: endpoints))
        #expect(item.rejections.map(Expected.init) == [Expected("endpoints[0].addresses[0]", .wrongFamily)])
        #expect(item.rejections.first?.rejection.explanation.contains("999 more") == true)
    }

    @Test(arguments: [
        (#"{"name": "a", "port": 0}"#, Expected("ports[1].port", .invalidPort)),
        (#"{"name": "a", "port": 65536}"#, Expected("ports[1].port", .invalidPort)),
        (#"{"name": "a", "port": 80, "protocol": "udp"}"#, Expected("ports[1].protocol", .unknownProtocol)),
        (#"{"name": "a"}"#, nil),
        (#"{"name": "a", "port": null}"#, nil),
    ])
    func `a port that is wrong or stands for all ports is left out alone`(port: String, expected: Expected?) throws {
        let item = try item(sliceText(ports: #"{"name": "b", "port": 1}, \#(port), {"name": "c", "port": 65535}"#))
        #expect(item.rejections.map(Expected.init) == [expected].compactMap(\.self))
        #expect(try slice(item).ports.map(\.name) == ["b", "c"])
    }

    @Test func `a port without a name is skipped unless the API server has named it`() throws {
        var fields = EndpointSliceFields(name: ObjectName(namespace: "default", name: "web-1"))
        fields.serviceName = "web"
        fields.addressType = "IPv4"
        fields.ports = [.init(name: nil, port: 80), .init(name: "", port: 81)]
        var interner = StringInterner()
        let checked = fields.checked(interner: &interner)
        #expect(checked.object?.ports == [EndpointPort(name: "", port: 81)])
        #expect(checked.rejections.isEmpty)
    }

    @Test(arguments: [
        (sliceText(labels: #""kubernetes.io/service-name": "web", "service.kubernetes.io/headless": """#), "headless"),
        (sliceText(labels: ""), "no_service_name"),
        (sliceText(labels: #""kubernetes.io/service-name": """#), "no_service_name"),
        (sliceText(type: "FQDN", endpoints: #"{"addresses": ["a.example"]}"#), "domain_names"),
    ])
    func `a slice that kube-proxy does not look at is ignored without a rejection`(text: String, reason: String) throws
    {
        let item = try item(text)
        let id = KubernetesObject.ID(kind: .endpointSlice, name: ObjectName(namespace: "default", name: "web-1"))
        #expect(item.outcome == .ignored(id, try #require(IgnoredReason(rawValue: reason))))
        #expect(item.rejections.isEmpty)
    }

    @Test(arguments: [
        (#""addressType": "ipv4","#, Expected("addressType", .unknownValue)),
        ("", Expected("addressType", .missingField)),
    ])
    func `nothing of a slice can be used without a known address type`(type: String, expected: Expected) throws {
        let item = try item(
            """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", \(type)
             "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
             "endpoints": [{"addresses": ["10.1.0.1"]}]}
            """
        )
        let id = KubernetesObject.ID(kind: .endpointSlice, name: ObjectName(namespace: "default", name: "web-1"))
        #expect(item.outcome == .unusable(id))
        #expect(item.rejections.map(Expected.init) == [expected])
    }
}
