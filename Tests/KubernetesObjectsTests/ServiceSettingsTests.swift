// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

/// Annotations that are settings, as they are read of documents.
struct ServiceSettingsTests {
    private func read(_ annotations: String) throws -> DocumentItem {
        try item(
            serviceText(
                "\"clusterIP\": \"10.0.0.1\", \"ports\": [{\"port\": 80}]",
                metadata: ", \"annotations\": {\(annotations)}"))
    }

    private func settings(_ annotations: String) throws -> ServiceSettings {
        let item = try read(annotations)
        #expect(item.rejections.isEmpty, "\(item.rejections.map(\.rejection.description))")
        return try service(item).settings
    }

    private func weight(_ text: String, node: String?, zone: String?) throws -> UInt16? {
        try settings("\"kube-ipvs.io/weights\": \"\(text)\"").weights?
            .weight(ofEndpointOn: node, in: zone, ownNode: "here", ownZone: "zone-a")
    }

    @Test func `every setting is read, and other annotations are not kept`() throws {
        let read = try settings(
            """
            "kube-ipvs.io/scheduler": "wrr", "kube-ipvs.io/scheduler-flags": "none", "kube-ipvs.io/slow-start": " 1m30s ",
            "kube-ipvs.io/weights": "5", "kube-router.io/service.dsr": "tunnel", "example.com/kube-ipvs.io/x": "y"
            """)
        #expect(read.scheduler == "wrr")
        #expect(read.schedulerFlags == [])
        #expect(read.slowStart == 90)
        #expect(read.weights == EndpointWeights(all: 5))
        #expect(try settings("").isEmpty)
    }

    @Test func `kube-router's annotations mean the same, and count after our own`() throws {
        let alias =
            "\"kube-router.io/service.scheduler\": \"lc\", \"kube-router.io/service.schedflags\": \"flag-1, flag-2\""
        let read = try settings(alias)
        #expect(read.scheduler == "lc")
        #expect(read.schedulerFlags == [.flag1, .flag2])
        #expect(read.annotation(of: .scheduler) == "kube-router.io/service.scheduler")
        #expect(try settings(alias + ", \"kube-ipvs.io/scheduler\": \"sed\"").scheduler == "sed")
    }

    @Test(
        arguments: [
            ("mh-port,mh-fallback", [.mhPort, .mhFallback]), ("sh-port", .shPort), ("", []), (" none ", []),
            ("flag-2 , flag-1", [.flag1, .flag2]),
        ] as [(String, SchedulerFlagNames)])
    func `flags are read by their names`(text: String, flags: SchedulerFlagNames) throws {
        #expect(try settings("\"kube-ipvs.io/scheduler-flags\": \"\(text)\"").schedulerFlags == flags)
    }

    @Test func `the closest place that fits an endpoint has its weight`() throws {
        let text = "other=1, same-zone=10, same-node=50, node/far=7, zone/zone-b=3"
        let cases: [(node: String?, zone: String?, weight: UInt16)] = [
            ("here", "zone-a", 50), ("near", "zone-a", 10), ("far", "zone-a", 7), ("far", "zone-b", 7),
            ("near", "zone-b", 3), ("near", "zone-c", 1), (nil, nil, 1),
        ]
        for (node, zone, weight) in cases {
            #expect(try self.weight(text, node: node, zone: zone) == weight, "\(node ?? "-") \(zone ?? "-")")
        }
        #expect(try weight("same-zone=10", node: "near", zone: "zone-b") == 1, "what fits nothing has the usual one")
        #expect(try weight("65535", node: nil, zone: nil) == 65_535)
    }

    @Test(
        arguments: [
            ("scheduler", ""), ("scheduler", "../x"), ("scheduler", "sixteen0letters0"), ("scheduler", "ftp"),
            ("scheduler", "pe_sip"), ("scheduler", "WRR"), ("scheduler-flags", "turbo"), ("scheduler-flags", "flag-3"),
            ("scheduler-flags", "mh-port,,mh-fallback"), ("weights", ""), ("weights", "0"), ("weights", "65536"),
            ("weights", "-1"), ("weights", "+1"), ("weights", "same-zone"), ("weights", "same-zone=0"),
            ("weights", "same-zone=1,same-zone=2"), ("weights", "same-rack=2"), ("weights", "node/=2"),
            ("weights", "other=1,"), ("slow-start", "0s"), ("slow-start", "30"), ("slow-start", "61m"),
            ("slow-start", "1s1m"), ("slow-start", "1.5s"), ("slow-start", "99999s"), ("slow-start", ""),
        ])
    func `a value that cannot be used is refused by its annotation, and the Service stays`(
        name: String, value: String
    ) throws {
        let item = try read("\"kube-ipvs.io/\(name)\": \"\(value)\"")
        #expect(
            item.rejections.map(Expected.init)
                == [Expected("metadata.annotations[kube-ipvs.io/\(name)]", .invalidAnnotation)])
        #expect(try service(item).settings.isEmpty)
        #expect(try service(item).ports.count == 1)
    }

    @Test func `a mistyped annotation, one that is no text and one that is too long are refused`() throws {
        let long = String(repeating: "node/n=1,", count: 500)
        let item = try read(
            """
            "kube-ipvs.io/schedular": "wrr", "kube-ipvs.io/weights": 5, "kube-ipvs.io/scheduler-flags": "\(long)",
            "kube-ipvs.io/scheduler": "wrr"
            """)
        #expect(
            Set(item.rejections.map { $0.rejection.field })
                == Set(["schedular", "weights", "scheduler-flags"].map { "metadata.annotations[kube-ipvs.io/\($0)]" }))
        #expect(try service(item).settings.scheduler == "wrr")
    }

    @Test func `a value of ours that cannot be used does not give way to the alias`() throws {
        let item = try read("\"kube-ipvs.io/scheduler\": \"?\", \"kube-router.io/service.scheduler\": \"lc\"")
        #expect(try service(item).settings.scheduler == nil)
        #expect(item.rejections.count == 1)
    }

    @Test func `a slice has weights of its own, and no other setting`() throws {
        func read(_ annotations: String) throws -> DocumentItem {
            try item(
                sliceText(endpoints: "{\"addresses\": [\"10.1.0.1\"], \"zone\": \"zone-b\"}")
                    .replacing("\"name\": \"web-1\"", with: "\"name\": \"web-1\", \"annotations\": {\(annotations)}"))
        }
        let good = try slice(read("\"kube-ipvs.io/weights\": \"7\", \"kube-router.io/service.scheduler\": \"rr\""))
        #expect(good.weights == EndpointWeights(all: 7))
        let bad = try read("\"kube-ipvs.io/scheduler\": \"wrr\"")
        #expect(bad.rejections.map(\.rejection.reason) == [.invalidAnnotation])
        #expect(try slice(bad).weights == nil)
        #expect(try slice(bad).endpoints.count == 1)
    }
}
