// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import KubernetesHTTP

struct AddressTests {
    @Test(arguments: [
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443", "10.0.0.1:6443"),
        ("https://api.example", "https://api.example:443", "api.example"),
        ("https://[fd00::1]:6443/", "https://[fd00::1]:6443", "[fd00::1]:6443"),
        (
            "HTTPS://rancher.example/k8s/clusters/c-1/", "https://rancher.example:443/k8s/clusters/c-1",
            "rancher.example"
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("10.0.0.1:6443", "https://10.0.0.1:6443", "10.0.0.1:6443"),
    ])
    func `a server's URL is read`(text: String, address: String, authority: String) throws {
        let server = try ServerAddress(text)
        #expect(server.description == address)
        #expect(server.authority == authority)
    }

    @Test(arguments: [
        ("ftp://a", "scheme"), ("https://", "host"), ("https://a:b", "port"), ("https://a:0", "port"),
        ("https://a:70000", "port"), ("https://fd00::1", "brackets"), ("https://[fd00::1", "]"),
        ("https://u:p@a", "user name"), ("https://a?x=1", "query"), ("https://a b", "spaces"),
    ])
    func `a server's URL that is wrong is told`(text: String, word: String) {
        let problem = #expect(throws: AddressProblem.self) { try ServerAddress(text) }
        #expect(problem?.description.contains(word) == true)
    }

    @Test func `a proxy's URL is read, and its password is not shown`() throws {
        let proxy = try ProxyAddress("http://user:p%40ss@proxy.example:3128")
        #expect(proxy.kind == .http)
        #expect((proxy.host, proxy.port) == ("proxy.example", 3128))
        #expect(proxy.account == .init(user: "user", password: Secret("p@ss")))
        #expect(!"\(proxy)".contains("p@ss"))
        #expect(try ProxyAddress("socks5://[::1]").description == "socks5://[::1]:1080")
    }

    @Test(arguments: ["https://proxy.example", "http://", "socks5://u:p@h"])
    func `a proxy that cannot be used is told`(text: String) {
        #expect(throws: AddressProblem.self) { try ProxyAddress(text) }
    }

    @Test(arguments: [
        ("10.0.0.1", "", true),
        ("10.0.0.1", "10.0.0.1", false),
        ("10.0.0.1", "192.168.0.0/16, 10.0.0.0/8", false),
        ("10.0.0.1", "10.0.0.1:443", true),
        ("10.0.0.1", "10.0.0.1:6443", false),
        ("10.0.0.1", "*", false),
        ("fd00::1", "[fd00::1]:6443", false),
        ("fd00::1", "fd00::/8", false),
        ("api.example.com", "example.com", false),
        ("api.example.com", ".example.com", false),
        ("api.example.com", "*.example.com", false),
        ("API.example.com.", "api.example.com", false),
        ("example.com", ".example.com", true),
        ("myexample.com", "example.com", true),
        ("localhost", "", false),
        ("127.0.0.1", "", false),
        ("::1", "", false),
    ])
    func `NO_PROXY means what it means to Go`(host: String, exceptions: String, isUsed: Bool) throws {
        let server = ServerAddress(host: host, port: 6443)
        let environment = ["HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": exceptions]
        let proxy = try ProxyEnvironment.proxy(for: server, in: environment)
        #expect((proxy != nil) == isUsed)
    }

    @Test func `the variable for the server's scheme is used, in capitals or not`() throws {
        let environment = ["https_proxy": "http://one:1", "HTTP_PROXY": "two:2"]
        let tls = try ProxyEnvironment.proxy(for: ServerAddress(host: "a", port: 1), in: environment)
        let plain = try ProxyEnvironment.proxy(for: ServerAddress(isTLS: false, host: "a", port: 1), in: environment)
        #expect(tls?.host == "one")
        #expect(plain?.host == "two")
    }
}
