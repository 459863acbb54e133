// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// The proxy that the environment names, by the rules of Go's programs: kubeadm hands its own variables to kube-proxy, so
/// that a cluster may depend on them.
enum ProxyEnvironment {
    /// - Throws: what is wrong with the variable's value.
    static func proxy(
        for server: ServerAddress,
        in environment: [String: String]
    ) throws(AddressProblem) -> ProxyAddress? {
        let name = server.isTLS ? "HTTPS_PROXY" : "HTTP_PROXY"
        guard let text = value(name, in: environment), !text.isEmpty else { return nil }
        let exceptions = value("NO_PROXY", in: environment) ?? ""
        guard usesProxy(server, exceptions: exceptions) else { return nil }
        do throws(AddressProblem) {
            return try ProxyAddress(text)
        } catch {
            throw AddressProblem("\(name): \(error)")
        }
    }

    private static func value(_ name: String, in environment: [String: String]) -> String? {
        environment[name] ?? environment[name.lowercased()]
    }

    /// - Parameter exceptions: `NO_PROXY`: names, `.names` for what is below them only, addresses and networks, each with
    ///   a port or not, or `*`; separated by commas.
    static func usesProxy(_ server: ServerAddress, exceptions: String) -> Bool {
        let host = server.host.lowercased().droppingLast(".")
        let address = IPAddress(host)
        if host == "localhost" || address?.isLoopback == true { return false }
        for part in exceptions.split(separator: ",") {
            let exception = part.drop { $0 == " " }.lowercased().droppingLast(" ")
            if exception == "*" { return false }
            if let network = IPPrefix(exception) {
                if let address, network.contains(address) { return false }
                continue
            }
            var (name, port) = splitPort(exception)
            guard !name.isEmpty, port == nil || port == server.port else { continue }
            if let exempt = IPAddress(name) {
                if exempt == address { return false }
                continue
            }
            if name.hasPrefix("*.") { name.removeFirst() }
            if name.hasPrefix(".") {
                if host.hasSuffix(name) { return false }
            } else if host == name || host.hasSuffix("." + name) {
                return false
            }
        }
        return true
    }

    private static func splitPort(_ text: String) -> (name: String, port: Int?) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let name = String(text[text.index(after: text.startIndex)..<end])
            return (name, Int(text[end...].dropFirst(2)))
        }
        guard let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon,
            let port = Int(text[text.index(after: colon)...])
        else { return (text, nil) }
        return (String(text[..<colon]), port)
    }
}

extension String {
    fileprivate func droppingLast(_ character: Character) -> String {
        last == character ? String(dropLast()) : self
    }
}
