// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import FoundationEssentials
import KubernetesObjects
import KubernetesTesting
import SystemTesting
import Testing

extension TrafficSuite {
    /// The daemon as kubeadm's DaemonSet starts kube-proxy, against an API server over TLS. It runs in the guest's own network
    /// namespace, where the server is.
    @Suite struct APIServerTests {
        /// From the first minor that has EndpointSlices of v1; where Services are not selected by `spec.clusterIP` and where
        /// they are; and where lists do not come as streams and where they do.
        @Test(arguments: [21, 30, 33, 35])
        func `with kubeadm's ConfigMap the daemon serves what the API server has, of any minor`(minor: Int) async throws
        {
            let api = FakeAPIServer()
            api.options.releases = [ServerRelease(minor: minor)]
            api.set(.ownNode())
            api.set(.web)
            api.set(.webSlice([11, 12]))
            try await Self.withDaemon(on: api) { daemon, _ in
                try await daemon.waitForFirstPass()
                try await eventually("both endpoints are served") { try await Self.realServers() == ["11", "12"] }

                api.set(.webSlice([12, 13]))
                try await eventually("the endpoints have changed") { try await Self.realServers() == ["12", "13"] }
                api.delete(KubernetesObject.web.id)
                try await eventually("the Service is gone") { try await Self.realServers().isEmpty }
                #expect(api.events.contains { $0["reason"]?.text == "Starting" })
            }
        }

        /// How the API server can be gone.
        enum Absence: String, CaseIterable {
            /// Its process is: connections are refused.
            case process
            /// The way to it is: no packet arrives, and nobody says so.
            case way
        }

        /// `KUBE_IPVS_OUTAGE=600` makes the outage ten minutes long.
        @Test(arguments: Absence.allCases)
        func `while the API server is gone nothing changes, and within five seconds of its return all is right`(
            absence: Absence
        ) async throws {
            let outage = Duration.seconds(
                try ProcessInfo.processInfo.environment["KUBE_IPVS_OUTAGE"].map { try #require(Int($0)) } ?? 8)
            let api = FakeAPIServer()
            api.set(.ownNode())
            api.set(.web)
            api.set(.webSlice([11]))
            for number in 0..<500 as Range<UInt32> { api.set(.idle(number)) }
            try await Self.withDaemon(on: api) { daemon, cluster in
                try await daemon.waitForFirstPass()
                try await eventually("the endpoint is served") { try await Self.realServers() == ["11"] }
                let before = try await Self.dataplane()
                let memory = try daemon.residentKiB()

                switch absence {
                case .process:
                    await cluster.serverGoes()
                    try await daemon.waitForLog(containing: "a watch of the API server broke off")
                case .way:
                    try await Self.changeWay(to: cluster, "--insert")
                }
                let end = ContinuousClock.now + outage
                while ContinuousClock.now < end {
                    try await Task.sleep(until: min(end, .now + .seconds(30)))
                    try #require(daemon.program.isRunning)
                    #expect(try await Self.dataplane() == before)
                    #expect(try await Self.healthCode() == "200")
                    let now = try daemon.residentKiB()
                    print("gone, the \(absence): \(now) KiB resident, \(memory) KiB before")
                    #expect(now < memory + memory / 10)
                }

                api.set(.webSlice([14]))
                api.delete(KubernetesObject.idle(7).id)
                switch absence {
                case .process: await cluster.serverComesBack()
                case .way: try await Self.changeWay(to: cluster, "--delete")
                }
                let back = ContinuousClock.now
                try await eventually("the endpoint has changed", within: .seconds(5)) {
                    try await Self.realServers() == ["14"]
                }
                try await eventually("the Service is gone", within: .seconds(5) - back.duration(to: .now)) {
                    try await !Self.dataplane().contains("10.97.0.7:80")
                }
                print("gone, the \(absence): right after \(back.duration(to: .now))")
            }
        }

        @Test func `a connection that the API server closes on its side alone costs no change`() async throws {
            let api = FakeAPIServer()
            api.set(.ownNode())
            api.set(.web)
            api.set(.webSlice([11]))
            try await Self.withDaemon(on: api) { daemon, _ in
                try await daemon.waitForFirstPass()
                for number in 12..<15 as Range<UInt32> {
                    api.inject(.watchHalfClosed, .endpointSlice)
                    await api.wait { $0.waitingFaults == 0 }
                    api.set(.webSlice([number]))
                    try await eventually("the endpoint has changed") { try await Self.realServers() == ["\(number)"] }
                }
                #expect(try await Self.healthCode() == "200")
            }
        }

        @Test func `a configuration file that says something else ends the daemon`() async throws {
            let api = FakeAPIServer()
            api.set(.ownNode())
            try await Self.withDaemon(on: api) { daemon, cluster in
                try await daemon.waitForFirstPass()
                let path = cluster.folder + "/config.conf"
                let text = try String(contentsOfFile: path, encoding: .utf8)
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                try await Task.sleep(for: .seconds(5))
                #expect(daemon.program.isRunning, "the same text again is no change")

                try (text + "\n# changed\n").write(toFile: path, atomically: true, encoding: .utf8)
                try await eventually("the daemon ends") { !daemon.program.isRunning }
                #expect(try daemon.program.output().contains("config.conf has changed"))
            }
        }

        @Test(arguments: [(10256, "FailedToStartProxierHealthcheck"), (10249, "FailedToStartMetricServer")])
        func `where a port that is taken is to end the daemon, the last that is heard of it is an event`(
            port: Int, reason: String
        ) async throws {
            let api = FakeAPIServer()
            api.set(.ownNode())
            try await HTTPAPIServer.run(FakeAPIServer(), port: port) { _ in
                try await Self.withDaemon(
                    on: api, changing: ["bindAddressHardFail: false": "bindAddressHardFail: true"]
                ) {
                    daemon, _ in
                    try await eventually("the daemon ends") { !daemon.program.isRunning }
                }
            }
            let event = try #require(api.events.first { $0["reason"]?.text == reason })
            #expect(event["type"]?.text == "Warning")
            #expect(event["action"]?.text == "StartKubeProxy")
            #expect(event["regarding", "kind"]?.text == "Node")
            #expect(event["note"]?.text?.hasSuffix(":\(port): Address already in use") == true)
        }

        @Test func `a Service that does not get an address that it wants is told so by events`() async throws {
            let api = FakeAPIServer()
            api.set(.ownNode())
            api.set(.web)
            let apiServer = IPAddress(v4: 0x0a09_0909)
            api.set(
                .endpointSlice(
                    EndpointSlice(
                        name: ObjectName(namespace: "default", name: "kubernetes"), serviceName: "kubernetes",
                        family: .v4, ports: [EndpointPort(name: "https", port: 6443)],
                        endpoints: [Endpoint(address: apiServer)])))
            var taker = Service(
                name: ObjectName(namespace: "aaa", name: "x"), clusterIPs: [IPAddress(v4: 0x0a60_0063)],
                ports: [ServicePort(name: "http", port: 80)])
            taker.creationTime = 1
            taker.externalIPs = [IPAddress(v4: 0x0a60_000a), apiServer]
            api.set(.service(taker))
            try await Self.withDaemon(on: api) { daemon, _ in
                try await daemon.waitForFirstPass()
                for (reason, note) in [
                    ("VirtualServerTaken", "TCP 10.96.0.10:80, external IP of aaa/x:http, goes to "),
                    ("AddressNotAttracted", "external IP 10.9.9.9 is an address of the API server"),
                ] {
                    try await eventually("the event \(reason)") {
                        api.events.contains { event in
                            event["reason"]?.text == reason && event["regarding", "name"]?.text == "x"
                                && event["note"]?.text?.hasPrefix(note) == true
                        }
                    }
                }
                #expect(try await !Self.dataplane().contains("10.9.9.9"))
            }
        }

        @Test func `nothing is ever executed but iptables, and once a program for sets that PATH need not have`()
            async throws
        {
            let api = FakeAPIServer()
            api.set(.ownNode())
            api.set(.web)
            api.set(.webSlice([11]))
            try await Self.withDaemon(on: api, traced: true) { daemon, cluster in
                try await daemon.waitForFirstPass()
                for number in 12..<22 as Range<UInt32> {
                    api.set(.webSlice([number]))
                    try await eventually("the endpoint has changed") { try await Self.realServers() == ["\(number)"] }
                }
                let trace = try String(contentsOfFile: cluster.folder + "/executed", encoding: .utf8)
                // `123 execve("/some/where/iptables-nft-save", ["iptables-nft-save"], 0x… /* 1 var */) = 0`
                let executed = trace.split(separator: "\n").filter { $0.hasSuffix(" = 0") }
                    .compactMap { $0.split(separator: "\"").dropFirst().first?.split(separator: "/").last }
                #expect(executed.first == "kube-ipvs")
                #expect(executed.contains { $0.hasSuffix("-restore") })
                #expect(executed.filter { $0 == "kube-ipvs-sets" }.count == 1)
                let programs = Set(executed.dropFirst().map { String($0) }).subtracting(["kube-ipvs-sets"])
                let others = programs.filter { $0.firstMatch(of: #/^ip6?tables(-[a-z]+)*$/#) == nil }
                #expect(others.isEmpty, "\(trace) \(others.map { Array($0.utf8) })")
            }
        }

        // MARK: Support

        /// The last parts of the addresses of the Service's real servers, in order.
        private static func realServers() async throws -> [String] {
            try await output(of: "ipvsadm", "--save", "--numeric").split(separator: "\n")
                .filter { $0.hasPrefix("-a -t 10.96.0.10:80 ") && !$0.hasSuffix("-w 0") }
                .compactMap { $0.split(separator: " ")[4].split(separator: ":").first?.split(separator: ".").last }
                .map(String.init)
                .sorted()
        }

        /// IPVS, the sets and the bound addresses.
        private static func dataplane() async throws -> String {
            try await output(of: "bash", "-c", "ipvsadm --save --numeric; ipset save; ip address show dev kube-ipvs0")
        }

        private static func healthCode() async throws -> String {
            try await output(
                of: "curl", "--silent", "--max-time", "5", "--output", "/dev/null", "--write-out", "%{http_code}",
                "http://127.0.0.1:10256/healthz")
        }

        /// Drops what is sent to the API server, or no more of it.
        private static func changeWay(to cluster: ClusterOfOne, _ action: String) async throws {
            try await output(
                of: "iptables-legacy", action, "INPUT", "--protocol", "tcp", "--dport", "\(await cluster.port)",
                "--jump", "DROP")
        }

        private static func withDaemon(
            on api: FakeAPIServer,
            changing changes: [String: String] = [:],
            traced: Bool = false,
            _ body: @escaping @Sendable (Daemon, ClusterOfOne) async throws -> Void
        ) async throws {
            let folder = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let cluster = ClusterOfOne(api: api, folder: folder)
            try await output(of: "ip", "link", "set", "lo", "up")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await cluster.run() }
                group.addTask {
                    try await cluster.writeFiles(changing: changes)
                    let daemon = Daemon(program: try await cluster.startDaemon(traced: traced))
                    do {
                        try await body(daemon, cluster)
                    } catch {
                        print("-- the daemon's log\n" + (try daemon.program.output()))
                        if daemon.program.isRunning { try await daemon.kill() }
                        throw error
                    }
                    if daemon.program.isRunning { try await daemon.stop() }
                }
                // The server goes on until it is cancelled.
                try await group.next()
                group.cancelAll()
            }
            try await output(of: "env", Daemon.path, "cleanup")
            try FileManager.default.removeItem(atPath: folder)
        }
    }
}

extension KubernetesObject {
    /// A Service without endpoints.
    fileprivate static func idle(_ number: UInt32) -> KubernetesObject {
        .service(
            Service(
                name: ObjectName(namespace: "default", name: "idle-\(number)"),
                clusterIPs: [IPAddress(v4: 0x0a61_0000 + number)],
                ports: [ServicePort(name: "http", port: 80)]
            )
        )
    }
}
