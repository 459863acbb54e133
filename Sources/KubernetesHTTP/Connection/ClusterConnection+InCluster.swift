// SPDX-License-Identifier: GPL-2.0-or-later
import SmallFiles

extension ClusterConnection {
    /// What the kubelet gives each container that runs with a service account.
    public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The API server of the cluster that this process runs in, with the service account of its Pod.
    ///
    /// - Parameters:
    ///   - environment: Has `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` in every container of a Pod.
    ///   - directory: Where `token` and `ca.crt` are. The kubelet replaces the token before it expires.
    /// - Throws: Everything that is missing.
    public static func inCluster(
        environment: [String: String],
        directory: String = serviceAccountDirectory
    ) throws(ConnectionError) -> ClusterConnection {
        var problems: [ConnectionError.Problem] = []
        let host = environment["KUBERNETES_SERVICE_HOST"] ?? ""
        let portText = environment["KUBERNETES_SERVICE_PORT"] ?? ""
        let port = UInt16(portText).map(Int.init) ?? 0
        if host.isEmpty {
            problems.append(
                .init(
                    place: "environment",
                    key: "KUBERNETES_SERVICE_HOST",
                    reason: "not set; outside of a Pod a kubeconfig must be given"
                )
            )
        } else if port == 0 {
            problems.append(
                .init(place: "environment", key: "KUBERNETES_SERVICE_PORT", reason: "\"\(portText)\" is no port")
            )
        }
        var connection = ClusterConnection(server: ServerAddress(host: host, port: port))
        let certificates = directory + "/ca.crt"
        connection.trust = .authorities(.file(certificates))
        connection.user.authorization = .tokenFile(directory + "/token")
        problems += connection.unreadableFiles { material in
            ConnectionError.Problem(place: "service account", key: material == certificates ? "ca.crt" : "token")
        }
        connection.useEnvironment(environment, problems: &problems)
        guard problems.isEmpty else { throw ConnectionError(problems: problems) }
        return connection
    }
}

extension ClusterConnection {
    /// Takes the proxy of the environment where the configuration names none, and the system's authorities that it names.
    mutating func useEnvironment(_ environment: [String: String], problems: inout [ConnectionError.Problem]) {
        systemAuthorities = SystemAuthorities.file(environment: environment)
        guard proxy == nil else { return }
        do throws(AddressProblem) {
            proxy = try ProxyEnvironment.proxy(for: server, in: environment)
        } catch {
            problems.append(.init(place: "environment", key: "", reason: "\(error)"))
        }
    }

    /// - Parameter problem: Names the place of a file, by its path.
    func unreadableFiles(_ problem: (String) -> ConnectionError.Problem) -> [ConnectionError.Problem] {
        var problems: [ConnectionError.Problem] = []
        func check(_ path: String, _ look: ([UInt8]) -> String?) {
            var reason: String?
            do throws(FileProblem) {
                reason = look(try SmallFile.read(path))
            } catch {
                reason = "\(error)"
            }
            guard let reason else { return }
            var found = problem(path)
            found.reason = "\(path): \(reason)"
            problems.append(found)
        }
        if case .authorities(.file(let path)) = trust { check(path, TLSMaterial.problem(ofAuthorities:)) }
        if case .tokenFile(let path) = user.authorization {
            check(path) { $0.trimmedToken.isEmpty ? "the file is empty" : nil }
        }
        if case .file(let path) = user.certificate?.chain { check(path, TLSMaterial.problem(ofCertificates:)) }
        if case .file(let path) = user.certificate?.key { check(path, TLSMaterial.problem(ofKey:)) }
        return problems
    }
}

extension [UInt8] {
    /// The text without the white space around it.
    var trimmedToken: String {
        let isSpace = { (byte: UInt8) in byte <= 0x20 }
        let start = firstIndex { !isSpace($0) } ?? endIndex
        let end = lastIndex { !isSpace($0) }.map { $0 + 1 } ?? endIndex
        return String(decoding: self[start..<Swift.max(start, end)], as: UTF8.self)
    }
}
