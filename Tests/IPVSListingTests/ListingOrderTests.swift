// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing
import Testing

struct ListingOrderTests {
    private func order(_ servers: [ObservedVirtualServer]) -> [String] {
        ListingOrder.order(of: servers).map {
            switch servers[$0].identity {
            case .address(let id): id.description
            case .firewallMark(let mark, let family): "\(mark) \(family)"
            }
        }
    }

    @Test func `marks come after addresses, IPv6 after IPv4, and protocols by their number`() {
        let servers = [
            server(mark: 2, .v4, "rr"), server(mark: 1, .v6, "rr"), server(mark: 1, .v4, "rr"),
            server(.tcp, "fd00::1", 80, "rr"), server(.sctp, "10.0.0.1", 80, "rr"), server(.udp, "10.0.0.1", 80, "rr"),
            server(.tcp, "10.0.0.2", 80, "rr"), server(.tcp, "10.0.0.1", 443, "rr"), server(.tcp, "10.0.0.1", 80, "rr"),
        ]
        #expect(
            order(servers) == [
                "TCP 10.0.0.1:80", "TCP 10.0.0.1:443", "TCP 10.0.0.2:80", "UDP 10.0.0.1:80", "SCTP 10.0.0.1:80",
                "TCP [fd00::1]:80", "1 IPv4", "1 IPv6", "2 IPv4",
            ]
        )
    }

    @Test func `addresses more than half of the numbers apart come the other way round`() {
        let servers = [server(.tcp, "10.0.0.1", 80, "rr"), server(.tcp, "192.168.0.1", 80, "rr")]
        #expect(order(servers) == ["TCP 192.168.0.1:80", "TCP 10.0.0.1:80"])
    }

    @Test func `addresses that form a circle come as the merge sort meets them`() {
        let near = server(.tcp, "1.0.0.0", 80, "rr")
        let middle = server(.tcp, "100.0.0.0", 80, "rr")
        let far = server(.tcp, "200.0.0.0", 80, "rr")
        // Each is before the next: near, middle, far, near, …
        #expect(order([near, middle, far]) == ["TCP 1.0.0.0:80", "TCP 100.0.0.0:80", "TCP 200.0.0.0:80"])
        #expect(order([far, middle, near]) == ["TCP 200.0.0.0:80", "TCP 1.0.0.0:80", "TCP 100.0.0.0:80"])
    }

    @Test func `IPv6 addresses compare word by word`() {
        let servers = [
            server(.tcp, "fd00::1:0:0", 80, "rr"), server(.tcp, "fd00:0:0:1::", 80, "rr"),
            server(.tcp, "fd00::2", 80, "rr"), server(.tcp, "fd00::1", 80, "rr"),
        ]
        #expect(
            order(servers) == [
                "TCP [fd00::1]:80", "TCP [fd00::2]:80", "TCP [fd00::1:0:0]:80", "TCP [fd00:0:0:1::]:80",
            ]
        )
    }
}
