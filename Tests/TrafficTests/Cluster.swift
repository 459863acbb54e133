// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import Subprocess
import SystemTesting
import Testing

/// A small cluster out of network namespaces, as `Tests/network/up` makes it, with a folder of manifests and the daemon
/// in the node's namespace.
///
/// There can be one at a time.
struct Cluster {
    /// A namespace of the network.
    enum Place: String {
        case node
        case client
        case outsider
        case pod1 = "pod-1"
        case pod2 = "pod-2"
        case pod3 = "pod-3"
        case pod4 = "pod-4"
        /// Of `addSecondNode`.
        case node2 = "node-2"
        case pod5 = "pod-5"
    }

    /// What a pod's server does with a client: see `Tests/network/serve`.
    enum ServerKind: String {
        case http
        case udp
        case sctp
        case echo
    }

    /// How virtual IPs are the node's own, where a test does not say: the daemons inherit the environment.
    static let virtualIPs = ProcessInfo.processInfo.environment["KUBE_IPVS_VIRTUAL_IPS"] ?? "addresses"

    /// With `KUBE_IPVS_AS_POD=1`, what makes a daemon run as the DaemonSet's container does; nothing without.
    private static let confinement =
        ProcessInfo.processInfo.environment["KUBE_IPVS_AS_POD"] == nil ? [] : [root + "/Tests/privilege/as-pod"]

    static let root = #filePath.components(separatedBy: "/Tests/").dropLast().joined(separator: "/Tests/")
    private static let scripts = root + "/Tests/network/"

    /// The manifests that the daemon reads, the daemons' logs and the servers'.
    let folder: String

    /// Makes a cluster, lends it to `body`, and takes it away whatever comes of it.
    static func with<Result>(_ body: (Cluster) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/manifests", withIntermediateDirectories: true)
        let cluster = Cluster(folder: folder)
        try await output(of: "bash", scripts + "down")
        try await output(of: "bash", scripts + "up")
        do {
            let result = try await body(cluster)
            try await cluster.takeAway()
            return result
        } catch {
            // What the daemons said is what explains most failures.
            for log in try FileManager.default.contentsOfDirectory(atPath: folder) where log.hasSuffix(".log") {
                print("-- \(log)\n" + (try String(contentsOfFile: "\(folder)/\(log)", encoding: .utf8)))
            }
            try await cluster.takeAway()
            throw error
        }
    }

    private func takeAway() async throws {
        try await output(of: "bash", Self.scripts + "down")
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Adds a second node with a pod of its own, `pod-5`, behind the first one.
    ///
    /// - Parameter overlay: whether pods reach each other by a tunnel between the nodes, and by nothing else.
    func addSecondNode(overlay: Bool = false) async throws {
        try await output(of: "bash", Self.scripts + "second-node")
        if overlay { try await output(of: "bash", Self.scripts + "overlay") }
    }

    // MARK: Programs

    /// Runs a program in a namespace and gives back what it printed, without the last line's end.
    @discardableResult
    func run(in place: Place, _ words: [String]) async throws -> String {
        try await output(of: ["ip", "netns", "exec", place.rawValue] + words)
    }

    @discardableResult
    func run(in place: Place, _ words: String...) async throws -> String {
        try await run(in: place, words)
    }

    /// Starts a program that goes on, with its output in a file of the cluster's folder.
    func start(_ words: [String], log: String) async throws -> RunningProgram {
        let quoted = words.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
        let path = "\(folder)/\(log)"
        // The file is there before this returns, and the program's own redirection adds to it.
        let line = ": >'\(path)'; setsid \(quoted) </dev/null >>'\(path)' 2>&1 & echo $!"
        let identifier = try #require(Int(try await output(of: "bash", "-c", line)))
        return RunningProgram(identifier: identifier, log: path)
    }

    /// Starts a server in a pod, and waits until it listens for both families.
    func serve(_ kind: ServerKind, in pods: [Place], port: Int) async throws {
        var servers: [RunningProgram] = []
        for pod in pods {
            let words = ["ip", "netns", "exec", pod.rawValue, Self.scripts + "serve"]
            servers.append(
                try await start(
                    words + [pod.rawValue, kind.rawValue, String(port)], log: "\(pod.rawValue)-\(port).log"))
        }
        for server in servers {
            try await eventually("\(server.log) says that it listens") {
                try server.output().contains("listening")
            }
        }
    }

    /// What makes the daemon, or a command that looks with its eyes, serve the cluster's manifests.
    var daemonFlags: [String] { daemonFlags(on: .node) }

    private func daemonFlags(on node: Place) -> [String] {
        [
            "--manifests", folder + "/manifests",
            "--hostname-override", node == .node ? "node-1" : node.rawValue,
            "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56",
            "--ipvs-min-sync-period", "0s",
            // The limit and the size of the table are the machine's, and read-only in the node's namespace.
            "--conntrack-max-per-core", "0",
        ]
    }

    /// Starts the daemon on the cluster's manifests and waits until its first pass is complete.
    ///
    /// - Parameter options: more of its command line.
    func startDaemon(on node: Place = .node, _ options: String...) async throws -> Daemon {
        let daemon = try await startDaemonOnly(on: node, options)
        try await daemon.waitForFirstPass()
        return daemon
    }

    /// Starts the daemon and does not wait.
    func startDaemonOnly(on node: Place = .node, _ options: [String] = []) async throws -> Daemon {
        let words =
            ["ip", "netns", "exec", node.rawValue] + Self.confinement + [Daemon.path, "run"] + daemonFlags(on: node)
        return Daemon(program: try await start(words + options, log: "daemon-\(UUID().uuidString.prefix(8)).log"))
    }

    /// The variants of iptables that the kernel has: not all have nf_tables for IPv4 and IPv6.
    func iptablesVariants() async throws -> [String] {
        // By a rule that packets would meet: some kernels have nf_tables and no such chains in them.
        let script = """
            for v in legacy nft; do
                iptables-$v -t nat -A POSTROUTING -j RETURN 2>&- && iptables-$v -t nat -D POSTROUTING -j RETURN && echo $v
            done; true
            """
        return try await run(in: .node, "bash", "-c", script).split(separator: "\n").map(String.init)
    }

    // MARK: Requests

    /// Who answers to HTTP requests to a URL: the pods' names, one for each request.
    func answers(to url: String, from place: Place, requests: Int = 6) async throws -> [String] {
        names(in: try await texts(of: Array(repeating: url, count: requests), from: place))
    }

    /// Expects that of the pods just these answer HTTP requests to each of some hosts, such as `[fd00:50::10]:30080`.
    func expect(
        _ names: Set<String>,
        at hosts: [String],
        from place: Place,
        requests: Int = 4,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let urls = hosts.flatMap { Array(repeating: "http://\($0)/", count: requests) }
        let answering = self.names(in: try await texts(of: urls, from: place))
        try #require(answering.count == urls.count, "from \(place)", sourceLocation: sourceLocation)
        for (number, host) in hosts.enumerated() {
            let there = Set(answering[(number * requests)...].prefix(requests))
            #expect(there == names, "\(host) from \(place)", sourceLocation: sourceLocation)
        }
    }

    /// The client's addresses as the servers see them, with two requests to each of some URLs.
    func clientsSeen(at urls: [String], from place: Place) async throws -> Set<String> {
        let texts = try await texts(of: urls + urls, from: place)
        return Set(try texts.split(separator: "\n").map { String(try #require($0.split(separator: " ").last)) })
    }

    private func texts(of urls: [String], from place: Place) async throws -> String {
        // One process for all: the servers close after each answer, so each request is a connection of its own.
        let words = ["curl", "--silent", "--show-error", "--fail-early", "--max-time", "10", "--globoff"]
        return try await run(in: place, words + urls)
    }

    /// Who answers to a datagram, for each of some; `nobody` where nobody does.
    func answers(
        toDatagramsTo address: String,
        port: Int,
        from place: Place,
        requests: Int = 6
    ) async throws -> [String] {
        try await answers(by: .udp, address, port, from: place, requests)
    }

    /// Who answers to an SCTP association, for each of some; `nobody` where nobody does.
    func answers(
        toAssociationsWith address: String,
        port: Int,
        from place: Place,
        requests: Int = 6
    ) async throws -> [String] {
        try await answers(by: .sctp, address, port, from: place, requests)
    }

    private func answers(
        by kind: ServerKind, _ address: String, _ port: Int, from place: Place, _ requests: Int
    ) async throws -> [String] {
        let words = [Self.scripts + "ask", kind.rawValue, address, String(port), String(requests)]
        return names(in: try await run(in: place, words))
    }

    /// The first words of lines such as `pod-1 answers 10.244.1.14`.
    private func names(in answers: String) -> [String] {
        answers.split(separator: "\n").map { line in String(line.prefix { $0 != " " }) }
    }

    /// Holds a TCP connection to a server of the kind `echo` open while `body` runs.
    ///
    /// - Parameter body: is handed what sends a line over the connection, and tells whether it comes back.
    func withConnection(
        to address: String,
        port: Int,
        from place: Place = .client,
        _ body: (_ echoes: (String) async throws -> Bool) async throws -> Void
    ) async throws {
        try await withProgram(["socat", "-", "TCP:\(address):\(port)"], in: place) { ask in
            try await body { line in try await ask(line)?.contains(line) == true }
        }
    }

    /// Runs a program that answers each line with a line, while `body` asks.
    ///
    /// - Parameter body: is handed what sends a line and waits for the answer, with whatever ends it; `nil` when the program
    ///   says no more.
    func withProgram(
        _ words: [String],
        in place: Place,
        _ body: (_ ask: @escaping (String) async throws -> String?) async throws -> Void
    ) async throws {
        let words = ["netns", "exec", place.rawValue] + words
        _ = try await Subprocess.run(
            .name("ip"), arguments: Arguments(words), input: .inputWriter, output: .sequence, error: .discarded
        ) { program in
            var lines = program.standardOutput.strings().makeAsyncIterator()
            try await body { line in
                _ = try await program.standardInputWriter.write(line + "\n")
                return try await lines.next()
            }
            try await program.standardInputWriter.finish()
        }
    }

    /// Whether a TCP connection comes about. One that is dropped counts as refused after two seconds.
    func connects(to address: String, port: Int, from place: Place) async throws -> Bool {
        try await connected(to: [address], port: port, from: place) == [address]
    }

    /// To which of some addresses a TCP connection comes about. All are tried at once, and one that is dropped counts as
    /// refused after two seconds.
    func connected(to addresses: [String], port: Int, from place: Place) async throws -> Set<String> {
        // What the server says once it is connected does not matter, nor whether it speaks at all.
        let options = [
            "curl", "--silent", "--no-progress-meter", "--parallel", "--parallel-immediate", "--connect-timeout", "2",
            "--max-time", "4", "--globoff", "--write-out", "%{stderr}%{time_connect} %{url}\\n",
        ]
        let urls = addresses.map { $0.contains(":") ? "http://[\($0)]:\(port)/" : "http://\($0):\(port)/" }
        let script = #""$@" 2>&1 >/dev/null || true"#
        let lines = try await run(in: place, ["bash", "-c", script, "-"] + options + urls).split(separator: "\n")
        try #require(lines.count == urls.count, "\(lines)")
        let connected = lines.filter { !$0.hasPrefix("0.000000 ") }.compactMap { $0.split(separator: " ").last }
        return Set(zip(addresses, urls).filter { connected.contains(Substring($0.1)) }.map(\.0))
    }

    // MARK: Manifests

    /// Writes a file of the manifests by renaming, as an editor or a ConfigMap's mount does.
    func write(_ text: String, to file: String) throws {
        try text.write(toFile: "\(folder)/manifests/\(file)", atomically: true, encoding: .utf8)
    }
}
