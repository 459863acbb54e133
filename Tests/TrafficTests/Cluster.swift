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

        /// The option with which ss shows its sockets.
        fileprivate var socketOption: String {
            switch self {
            case .http, .echo: "--tcp"
            case .udp: "--udp"
            case .sctp: "--sctp"
            }
        }
    }

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
    func addSecondNode() async throws {
        try await output(of: "bash", Self.scripts + "second-node")
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
        for pod in pods {
            let words = [Self.scripts + "serve", pod.rawValue, kind.rawValue, String(port)]
            _ = try await start(words, log: "\(pod.rawValue)-\(port).log")
        }
        for pod in pods {
            try await eventually("\(pod) listens at \(port)") {
                let sockets = try await run(
                    in: pod, "ss", "--no-header", "--listening", "--numeric", kind.socketOption,
                    "sport", "=", ":\(port)")
                return sockets.split(separator: "\n").count == 2
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
        let words = ["ip", "netns", "exec", node.rawValue, Daemon.path, "run"] + daemonFlags(on: node)
        return Daemon(program: try await start(words + options, log: "daemon-\(UUID().uuidString.prefix(8)).log"))
    }

    /// The variants of iptables that the kernel has: not all have nf_tables for IPv4 and IPv6.
    func iptablesVariants() async throws -> [String] {
        let script =
            "for v in legacy nft; do iptables-$v -t nat -N TRY 2>&- && iptables-$v -t nat -X TRY && echo $v; done; true"
        return try await run(in: .node, "bash", "-c", script).split(separator: "\n").map(String.init)
    }

    // MARK: Requests

    /// Who answers to HTTP requests to a URL: the pods' names, one for each request.
    func answers(to url: String, from place: Place, requests: Int = 6) async throws -> [String] {
        names(in: try await texts(of: url, from: place, requests: requests))
    }

    /// The client's addresses as the servers see them, for each of some requests.
    func clientsSeen(at url: String, from place: Place, requests: Int = 3) async throws -> Set<String> {
        let texts = try await texts(of: url, from: place, requests: requests)
        return Set(try texts.split(separator: "\n").map { String(try #require($0.split(separator: " ").last)) })
    }

    private func texts(of url: String, from place: Place, requests: Int) async throws -> String {
        // One process for all: the servers close after each answer, so each request is a connection of its own.
        let words = ["curl", "--silent", "--show-error", "--fail-early", "--max-time", "10", "--globoff"]
        return try await run(in: place, words + Array(repeating: url, count: requests))
    }

    /// Who answers to a datagram, for each of some.
    func answers(
        toDatagramsTo address: String,
        port: Int,
        from place: Place,
        requests: Int = 6
    ) async throws -> [String] {
        let script = """
            for ((request = 0; request < $2; request++)); do
                exec 3<>"/dev/udp/$0/$1" && echo who >&3 && head -n 1 <&3 || exit
            done
            """
        let words = ["timeout", "30", "bash", "-c", script, address, "\(port)", "\(requests)"]
        return names(in: try await run(in: place, words))
    }

    /// Who answers to an SCTP association, for each of some; an empty name where nobody does.
    func answers(
        toAssociationsWith address: String,
        port: Int,
        from place: Place,
        requests: Int = 6
    ) async throws -> [String] {
        let script = """
            for ((request = 0; request < $1; request++)); do
                timeout 10 socat -u "SCTP:$0" - || echo
            done
            """
        let server = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        return names(in: try await run(in: place, "bash", "-c", script, server, "\(requests)"))
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
        let words = ["netns", "exec", place.rawValue, "socat", "-", "TCP:\(address):\(port)"]
        _ = try await Subprocess.run(
            .name("ip"), arguments: Arguments(words), input: .inputWriter, output: .sequence, error: .discarded
        ) { connection in
            var lines = connection.standardOutput.strings().makeAsyncIterator()
            try await body { line in
                _ = try await connection.standardInputWriter.write(line + "\n")
                return try await lines.next()?.contains(line) == true
            }
            try await connection.standardInputWriter.finish()
        }
    }

    /// Whether a TCP connection comes about. One that is dropped counts as refused after two seconds.
    func connects(to address: String, port: Int, from place: Place) async throws -> Bool {
        do {
            try await run(in: place, "timeout", "2", "bash", "-c", #"exec 3<>"/dev/tcp/$0/$1""#, address, String(port))
            return true
        } catch is CommandFailure {
            return false
        }
    }

    // MARK: Manifests

    /// Writes a file of the manifests by renaming, as an editor or a ConfigMap's mount does.
    func write(_ text: String, to file: String) throws {
        try text.write(toFile: "\(folder)/manifests/\(file)", atomically: true, encoding: .utf8)
    }
}
