// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import Testing

struct ServiceFieldsTests {
    @Test func `a Service with every field is read whole`() throws {
        let item = try item(
            serviceText(
                """
                "type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "fd00::1"],
                "ipFamilies": ["IPv4", "IPv6"], "externalIPs": ["192.0.2.1", "2001:db8::1", "192.0.2.1"],
                "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "web", "nodePort": 30080},
                          {"name": "dns", "protocol": "UDP", "port": 53},
                          {"name": "sig", "protocol": "SCTP", "port": 38412}],
                "internalTrafficPolicy": "Local", "externalTrafficPolicy": "Local", "healthCheckNodePort": 31000,
                "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
                "loadBalancerSourceRanges": [" 198.51.100.0/24 ", "::/0"], "selector": {"a": 1}, "new": [{}]
                """,
                status: """
                    {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}, {"ip": "203.0.113.2", "ipMode": "VIP"},
                      {"ip": "203.0.113.3", "ipMode": "Proxy"}, {"hostname": "lb.example"}]}}
                    """,
                metadata: ", \"namespace\": \"shop\""
            )
        )
        #expect(item.rejections.isEmpty)
        let wanted = Service(
            name: ObjectName(namespace: "shop", name: "web"),
            kind: .loadBalancer,
            clusterIPs: try ["10.0.0.1", "fd00::1"].map { try #require(IPAddress($0)) },
            ports: [
                ServicePort(name: "http", port: 80, nodePort: 30080),
                ServicePort(name: "dns", transport: .udp, port: 53),
                ServicePort(name: "sig", transport: .sctp, port: 38412),
            ],
            externalIPs: try ["192.0.2.1", "2001:db8::1"].map { try #require(IPAddress($0)) },
            loadBalancerVIPs: try ["203.0.113.1", "203.0.113.2"].map { try #require(IPAddress($0)) },
            loadBalancerSourceRanges: try ["198.51.100.0/24", "::/0"].map { try #require(IPPrefix($0)) },
            internalTrafficPolicy: .local,
            externalTrafficPolicy: .local,
            clientAffinityTimeout: 60,
            healthCheckNodePort: 31000
        )
        #expect(try service(item) == wanted)
    }

    @Test func `when a Service was made is read, and a time that is none loses nothing else`() throws {
        let spec = #""clusterIP": "10.0.0.1", "ports": [{"port": 80}]"#
        let made = try item(serviceText(spec, metadata: #", "creationTimestamp": "2026-03-01T13:00:00+01:00""#))
        #expect(try service(made).creationTime == 1_772_366_400)
        #expect(made.rejections == [])
        let unsaid = try item(serviceText(spec, metadata: #", "creationTimestamp": null"#))
        #expect(try service(unsaid).creationTime == nil)
        #expect(unsaid.rejections == [])
        for text in [#""yesterday""#, "17", "[]"] {
            let wrong = try item(serviceText(spec, metadata: ", \"creationTimestamp\": \(text)"))
            #expect(try service(wrong).creationTime == nil)
            #expect(try service(wrong).ports == [ServicePort(port: 80)])
            #expect(wrong.rejections.map(\.rejection.field) == ["metadata.creationTimestamp"])
        }
    }

    @Test func `absent fields have the defaults of the API server`() throws {
        let item = try item(serviceText(#""clusterIP": "10.0.0.1", "ports": [{"port": 80}]"#))
        #expect(item.rejections.isEmpty)
        let wanted = Service(
            name: ObjectName(namespace: "default", name: "web"),
            clusterIPs: [IPAddress(v4: 0x0a00_0001)],
            ports: [ServicePort(port: 80)]
        )
        #expect(try service(item) == wanted)
    }

    @Test(arguments: [
        (#""sessionAffinity": "ClientIP""#, 10_800),
        (#""sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}"#, 86_400),
        (#""sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {}}"#, 10_800),
        (#""sessionAffinity": "None""#, nil),
        (#""sessionAffinity": null"#, nil),
        (#""sessionAffinity": """#, nil),
    ])
    func `client affinity lasts three hours unless a time is given`(spec: String, timeout: UInt32?) throws {
        let item = try item(serviceText("\"clusterIP\": \"10.0.0.1\", \(spec)"))
        #expect(item.rejections.isEmpty)
        #expect(try service(item).clientAffinityTimeout == timeout)
    }

    @Test(arguments: [
        (#""type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 31000"#, 31000),
        (#""type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 0"#, 0),
        (#""type": "LoadBalancer", "externalTrafficPolicy": "Local""#, 0),
        (#""type": "LoadBalancer", "externalTrafficPolicy": "Cluster", "healthCheckNodePort": 31000"#, 0),
        (#""type": "NodePort", "externalTrafficPolicy": "Local", "healthCheckNodePort": 31000"#, 0),
    ])
    func `a health check node port needs a load balancer with external policy Local`(
        spec: String,
        port: UInt16
    ) throws {
        let item = try item(serviceText("\"clusterIP\": \"10.0.0.1\", \(spec)"))
        #expect(item.rejections.isEmpty)
        #expect(try service(item).healthCheckNodePort == port)
    }

    @Test(arguments: [
        (#""clusterIP": "None""#, "", IgnoredReason.headless),
        (#""clusterIPs": ["None"]"#, "", .headless),
        (#""clusterIP": """#, "", .noClusterIP),
        (#""ports": [{"port": 0}]"#, "", .noClusterIP),
        (#""type": "ExternalName", "externalName": "a.example", "clusterIP": "10.0.0.1""#, "", .externalName),
        (
            #""clusterIP": "10.0.0.1""#, #", "labels": {"service.kubernetes.io/service-proxy-name": "x"}"#, .otherProxy
        ),
        (#""clusterIP": "10.0.0.1""#, #", "labels": {"service.kubernetes.io/service-proxy-name": ""}"#, .otherProxy),
        (#""clusterIP": "10.0.0.1""#, #", "labels": {"service.kubernetes.io/service-proxy-name": null}"#, .otherProxy),
    ])
    func `a Service that kube-proxy does not serve is ignored without a rejection`(
        spec: String,
        metadata: String,
        reason: IgnoredReason
    ) throws {
        let item = try item(serviceText(spec, metadata: metadata))
        let id = KubernetesObject.ID(kind: .service, name: ObjectName(namespace: "default", name: "web"))
        #expect(item.outcome == .ignored(id, reason))
        #expect(item.rejections.isEmpty)
    }

    @Test(arguments: [
        (#""clusterIP": "10.0.0.300""#, Expected("spec.clusterIP", .invalidAddress)),
        (#""clusterIPs": ["10.0.0.1", "fd00::g"]"#, Expected("spec.clusterIPs[1]", .invalidAddress)),
        (#""clusterIP": "0.0.0.0""#, Expected("spec.clusterIP", .invalidAddress)),
        (#""clusterIP": "224.0.0.1""#, Expected("spec.clusterIP", .invalidAddress)),
        (#""clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv6"]"#, Expected("spec.clusterIPs[0]", .wrongFamily)),
        (
            #""clusterIPs": ["10.0.0.1", "fd00::1"], "ipFamilies": ["IPv4"]"#,
            Expected("spec.clusterIPs[1]", .wrongFamily)
        ),
        (#""clusterIPs": ["10.0.0.1", "10.0.0.2"]"#, Expected("spec.clusterIPs[1]", .duplicate)),
        (#""clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv5"]"#, Expected("spec.ipFamilies[0]", .unknownValue)),
        (#""clusterIP": "10.0.0.1", "type": "Cluster""#, Expected("spec.type", .unknownValue)),
        (
            #""clusterIP": "10.0.0.1", "internalTrafficPolicy": "local""#,
            Expected("spec.internalTrafficPolicy", .unknownValue)
        ),
        (
            #""clusterIP": "10.0.0.1", "externalTrafficPolicy": "Global""#,
            Expected("spec.externalTrafficPolicy", .unknownValue)
        ),
        (#""clusterIP": "10.0.0.1", "sessionAffinity": "IP""#, Expected("spec.sessionAffinity", .unknownValue)),
        (#""clusterIP": "10.0.0.1", "externalIPs": ["1.2.3"]"#, Expected("spec.externalIPs[0]", .invalidAddress)),
        (#""clusterIP": "10.0.0.1", "externalIPs": ["fd00::1"]"#, Expected("spec.externalIPs[0]", .wrongFamily)),
        (
            #""clusterIP": "10.0.0.1", "loadBalancerSourceRanges": ["10.0.0.0/33"]"#,
            Expected("spec.loadBalancerSourceRanges[0]", .invalidNetwork)
        ),
        (
            #""clusterIP": "10.0.0.1", "loadBalancerSourceRanges": ["10.0.0.1"]"#,
            Expected("spec.loadBalancerSourceRanges[0]", .invalidNetwork)
        ),
        (
            #"""
            "clusterIP": "10.0.0.1", "type": "LoadBalancer", "externalTrafficPolicy": "Local",
            "healthCheckNodePort": 70000
            """#,
            Expected("spec.healthCheckNodePort", .invalidPort)
        ),
    ])
    func `what is wrong in a Service is rejected alone`(spec: String, expected: Expected) throws {
        let item = try item(serviceText(#"\#(spec), "ports": [{"port": 80}]"#))
        #expect(item.rejections.map(Expected.init) == [expected])
        #expect(try service(item).ports == [ServicePort(port: 80)])
    }

    @Test(arguments: [
        (#"{"name": "a"}"#, Expected("spec.ports[1].port", .missingField)),
        (#"{"name": "a", "port": 0}"#, Expected("spec.ports[1].port", .invalidPort)),
        (#"{"name": "a", "port": -1}"#, Expected("spec.ports[1].port", .invalidPort)),
        (#"{"name": "a", "port": 65536}"#, Expected("spec.ports[1].port", .invalidPort)),
        (#"{"name": "a", "port": 81, "protocol": "tcp"}"#, Expected("spec.ports[1].protocol", .unknownProtocol)),
        (#"{"name": "a", "port": 81, "protocol": "DCCP"}"#, Expected("spec.ports[1].protocol", .unknownProtocol)),
        (#"{"name": "a", "port": 80, "protocol": "TCP"}"#, Expected("spec.ports[1].port", .duplicate)),
        (#"{"name": "http", "port": 81}"#, Expected("spec.ports[1].name", .duplicate)),
    ])
    func `a wrong port of a Service is left out and the others stay`(port: String, expected: Expected) throws {
        let ports = #"{"name": "http", "port": 80}, \#(port), {"name": "last", "port": 65535}"#
        let item = try item(serviceText(#""clusterIP": "10.0.0.1", "ports": [\#(ports)]"#))
        #expect(item.rejections.map(Expected.init) == [expected])
        #expect(try service(item).ports.map(\.port) == [80, 65535])
    }

    @Test(arguments: [
        (#""port": 81, "nodePort": 70000"#, Expected("spec.ports[1].nodePort", .invalidPort)),
        (#""port": 81, "nodePort": 30080"#, Expected("spec.ports[1].nodePort", .duplicate)),
    ])
    func `a wrong node port is left out and its port stays`(fields: String, expected: Expected) throws {
        let ports = #"{"name": "http", "port": 80, "nodePort": 30080}, {"name": "b", \#(fields)}"#
        let item = try item(serviceText(#""clusterIP": "10.0.0.1", "ports": [\#(ports)]"#))
        #expect(item.rejections.map(Expected.init) == [expected])
        #expect(try service(item).ports.map(\.nodePort) == [30080, 0])
        #expect(try service(item).ports.map(\.port) == [80, 81])
    }

    @Test func `the same port, name and node port serve two protocols`() throws {
        let ports = #"{"name": "dns", "port": 53, "nodePort": 30053}"#
        let udp = #"{"name": "dns", "port": 53, "nodePort": 30053, "protocol": "UDP"}"#
        let item = try item(serviceText(#""clusterIP": "10.0.0.1", "ports": [\#(ports), \#(udp)]"#))
        #expect(item.rejections.isEmpty)
        #expect(try service(item).ports.map(\.transport) == [.tcp, .udp])
    }

    @Test(arguments: [-1, 0, 86_401, 5_000_000_000])
    func `an affinity time out of its range is taken as three hours`(seconds: Int64) throws {
        let item = try item(
            serviceText(
                """
                "clusterIP": "10.0.0.1", "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": \(seconds)}}
                """
            )
        )
        let field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        #expect(item.rejections.map(Expected.init) == [Expected(field, .invalidTimeout)])
        #expect(try service(item).clientAffinityTimeout == 10_800)
    }

    @Test(arguments: [
        (#"{"ip": "203.0.113"}"#, Expected("status.loadBalancer.ingress[1].ip", .invalidAddress)),
        (#"{"ip": "fd00::1"}"#, Expected("status.loadBalancer.ingress[1].ip", .wrongFamily)),
        (#"{"ip": "203.0.113.9", "ipMode": "vip"}"#, Expected("status.loadBalancer.ingress[1].ipMode", .unknownValue)),
    ])
    func `a wrong load balancer address is left out alone`(ingress: String, expected: Expected) throws {
        let item = try item(
            serviceText(
                #""clusterIP": "10.0.0.1""#,
                status: #"{"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}, \#(ingress)]}}"#
            )
        )
        #expect(item.rejections.map(Expected.init) == [expected])
        #expect(try service(item).loadBalancerVIPs.map(\.description) == ["203.0.113.1"])
    }

    @Test(arguments: [
        // One range is left: it goes on to guard.
        (#"["198.51.100.0/24", "nonsense"]"#, ["203.0.113.1", "2001:db8::1"]),
        // None is left, and an address without a range is open to all.
        (#"["nonsense"]"#, ["2001:db8::1"]),
        (#"["fd00::/129"]"#, ["203.0.113.1"]),
        (#"["198.51.100.0/24", "fd00::/129"]"#, ["203.0.113.1"]),
    ])
    func `a load balancer address is withheld when none of its family's source ranges can be used`(
        ranges: String,
        addresses: [String]
    ) throws {
        let item = try item(
            serviceText(
                #""clusterIPs": ["10.0.0.1", "fd00::1"], "loadBalancerSourceRanges": \#(ranges)"#,
                status: #"{"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}, {"ip": "2001:db8::1"}]}}"#
            )
        )
        #expect(item.rejections.map(\.rejection.reason) == [.invalidNetwork])
        #expect(try service(item).loadBalancerVIPs.map(\.description) == addresses)
    }

    @Test func `a rejected cluster IP does not make the other addresses wrong too`() throws {
        let item = try item(serviceText(#""clusterIP": "10.0.0.x", "externalIPs": ["192.0.2.1"]"#))
        #expect(item.rejections.map(Expected.init) == [Expected("spec.clusterIP", .invalidAddress)])
        #expect(try service(item).clusterIPs.isEmpty)
        #expect(try service(item).externalIPs.count == 1)
    }

    @Test func `a rejection names the object, the field, the value and the reason`() throws {
        let item = try item(serviceText(#""clusterIP": "10.0.0.1", "ports": [{"port": 0}]"#))
        let text = item.rejections.map(\.rejection.description)
        #expect(text == ["Service default/web: spec.ports[0].port: 0 is not a port: want 1 to 65535"])
    }
}
