// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Testing

struct IPAddressTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("010.000.0.08", "10.0.0.8"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fd00:0:0:1:0:0:0:1", "fd00:0:0:1::1"),
        ("FD00::ABCD", "fd00::abcd"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::ffff:10.1.2.3", "10.1.2.3"), ("::ffff:a01:203", "10.1.2.3"), ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ])
    func `text is read and printed in its canonical form`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(networkBytes: address.networkBytes) == address)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.", ".1.2.3", "1.2.3.a", "-1.2.3.4", "1.2.3.4 ",
        "99999999999.0.0.0",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "1:", ":1",
        "fe80::1%eth0", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "10.0.0.1/8",
    ])
    func `text that is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `an address is sixteen bytes`() {
        #expect(MemoryLayout<IPAddress>.size == 16)
    }

    @Test func `the kinds of address that a node port never uses are told apart`() throws {
        #expect(try #require(IPAddress("127.3.2.1")).isLoopback)
        #expect(try #require(IPAddress("::1")).isLoopback)
        #expect(try !#require(IPAddress("128.0.0.1")).isLoopback)
        #expect(try #require(IPAddress("fe80::1")).isLinkLocalUnicast)
        #expect(try #require(IPAddress("febf::1")).isLinkLocalUnicast)
        #expect(try !#require(IPAddress("fec0::1")).isLinkLocalUnicast)
        #expect(try #require(IPAddress("169.254.1.1")).isLinkLocalUnicast)
        #expect(try #require(IPAddress("::")).isUnspecified)
        #expect(try #require(IPAddress("0.0.0.0")).isUnspecified)
    }
}

struct IPPrefixTests {
    @Test(arguments: [
        ("10.1.2.3/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.1/32", "10.0.0.1/32"),
        ("fd00:1:2:3:4::/64", "fd00:1:2:3::/64"), ("::1/128", "::1/128"), ("fd00::1/0", "::/0"),
        ("fd00::ff/121", "fd00::80/121"),
    ])
    func `host bits are cleared`(text: String, canonical: String) throws {
        #expect(try #require(IPPrefix(text)).description == canonical)
    }

    @Test(arguments: [
        "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0.0/8/9", "x/8", "::ffff:10.0.0.0/104",
    ])
    func `text that is no network is refused`(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("0.0.0.0/0", "::1", false), ("::/0", "1.2.3.4", false), ("fd00::/10", "fd3f::1", true),
        ("fd00::/65", "fd00::8000:0:0:0", false),
    ])
    func `a network holds the addresses of its own family that share its prefix`(
        network: String, address: String, expected: Bool
    ) throws {
        #expect(try #require(IPPrefix(network)).contains(#require(IPAddress(address))) == expected)
    }
}
