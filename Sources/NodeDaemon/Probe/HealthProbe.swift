// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import HTTPSurfaces
public import KubeProxyConfig

/// Asks the daemon of this node for its health, where the daemon's own configuration says that it answers.
///
/// Without a health server the daemon answers on a local socket (`LocalHealthSocket`), so a probe works with every configuration.
public struct HealthProbe: Hashable, Sendable {
    /// Where an answer is to be had.
    enum Place: Hashable, Sendable, CustomStringConvertible {
        case http(BindAddress, path: String)
        case localSocket(String)

        var description: String {
            switch self {
            case .http(let endpoint, let path): "http://\(endpoint)\(path)"
            case .localSocket: "the local socket"
            }
        }
    }

    /// What came of a probe.
    public struct Verdict: Hashable, Sendable {
        public var isHealthy: Bool
        /// One line: what was asked, where, and what the answer was.
        public var words: String
    }

    let question: HealthQuestion
    /// The next one is asked where nobody listens at the one before.
    var places: [Place]

    /// How long a probe may take. kubelet gives an exec probe one second unless the manifest says more.
    static var patience: Duration { .seconds(5) }

    /// - Parameters:
    ///   - settings: the daemon's.
    ///   - isDryRun: whether it is one that writes nothing.
    public init(_ question: HealthQuestion, _ settings: EffectiveSettings, isDryRun: Bool = false) {
        self.question = question
        let name = isDryRun ? LocalHealthSocket.dryRunName : LocalHealthSocket.name
        places = Self.places(question, settings, orSocket: name)
    }

    private static func places(
        _ question: HealthQuestion,
        _ settings: EffectiveSettings,
        orSocket name: String
    ) -> [Place] {
        let path: String
        switch question {
        case .ready: path = "/healthz"
        case .live: path = "/livez"
        case .ping:
            if let endpoint = settings.metricsEndpoint {
                return reachable(endpoint).map { .http($0, path: "/healthz") }
            }
            path = "/livez"
        }
        return settings.healthEndpoint.map { reachable($0).map { .http($0, path: path) } } ?? [.localSocket(name)]
    }

    /// Where a server that listens there is reached from its own node. At an unspecified address it listens in every family that the
    /// node has (`ListenAddress.Scope`).
    private static func reachable(_ endpoint: BindAddress) -> [BindAddress] {
        guard endpoint.address.isUnspecified else { return [endpoint] }
        let loopback = [IPAddress(v4: 0x7f00_0001), IPAddress(high: 0, low: 1)]
        return (endpoint.address.family == .v4 ? loopback : loopback.reversed())
            .map { BindAddress(address: $0, port: endpoint.port) }
    }

    /// Asks. Call it from a thread that may block for `patience`.
    public func ask() -> Verdict {
        let end = ContinuousClock.now + Self.patience
        var failures: [String] = []
        for place in places {
            do throws(ProbeError) {
                return verdict(try answer(of: place, until: end), from: place)
            } catch {
                failures.append("\(place): \(error)")
            }
        }
        return Verdict(isHealthy: false, words: "\(question.rawValue): no: \(failures.joined(separator: "; "))")
    }

    private func answer(of place: Place, until end: ContinuousClock.Instant) throws(ProbeError) -> HealthAnswer {
        let bytes: [UInt8]
        let answer: HealthAnswer?
        switch place {
        case .http(let endpoint, let path):
            let host = endpoint.description
            let request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
            bytes = try ProbeConnection.open(to: endpoint, until: end).answer(to: Array(request.utf8))
            answer = HealthAnswer(http: bytes)
        case .localSocket(let name):
            bytes = try ProbeConnection.open(toLocal: name, until: end).answer(to: [])
            answer = HealthAnswer(local: bytes, to: question)
        }
        guard let answer else {
            throw ProbeError("what answers is not kube-ipvs: \(String(decoding: bytes.prefix(80), as: UTF8.self))")
        }
        return answer
    }

    private func verdict(_ answer: HealthAnswer, from place: Place) -> Verdict {
        let isHealthy = question == .ping || answer.code == 200
        let words = "\(question.rawValue): \(isHealthy ? "yes" : "no"): \(place) answers \(answer.code)"
        return Verdict(isHealthy: isHealthy, words: isHealthy ? words : "\(words): \(answer.body)")
    }
}

/// What a server says about health.
struct HealthAnswer: Hashable, Sendable {
    /// The HTTP status.
    var code: Int
    var body: String

    /// - Parameter bytes: a whole response of HTTP/1. One of another server is none: kube-proxy answers at the same ports.
    init?(http bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { !$0.isNewline }.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else { return nil }
        let head = text.split(separator: "\r\n\r\n", maxSplits: 1).first ?? ""
        guard
            head.split(separator: "\r\n").contains(where: {
                $0.lowercased() == "server: \(HTTPAnswer.Header.ownServer.value)"
            })
        else {
            return nil
        }
        // The two bytes are one character to Swift.
        let body = text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first ?? ""
        self.init(code: code, body: String(body.prefix(2048)))
    }

    /// - Parameter bytes: a line for each question, as `LocalHealthSocket` writes them.
    init?(local bytes: [UInt8], to question: HealthQuestion) {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, words[0] == question.rawValue, let code = Int(words[1]) else { continue }
            self.init(code: code, body: String(words[2]))
            return
        }
        return nil
    }

    init(code: Int, body: String) {
        self.code = code
        self.body = body
    }
}
