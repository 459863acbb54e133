// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Glibc
import Reconcile
import SystemTesting
import Testing

/// Whole sets; `IPSetTests+Members.swift` has what is in them.
extension KernelSuite {
    @Suite(.serialized) final class IPSetTests {
        let kernel = KernelIPSet()

        /// A set of each type and family, none of them one that the rules name.
        static let sets = IPFamily.allCases.flatMap { family in
            IPSetType.allCases.map { IPSetDefinition(name: "TEST-\(family)-\($0.rawValue)", type: $0, family: family) }
        }

        func members(of set: IPSetDefinition) throws -> Set<IPSetEntry> {
            try #require(try kernel.contents(ofSetNamed: set.name)).1
        }

        func remove(_ names: String...) async {
            for name in names {
                // It may not be there.
                _ = try? await command("ipset", "destroy", name)
            }
        }

        @Test(arguments: IPFamily.allCases)
        func `each set is made as kube-proxy makes it`(family: IPFamily) async throws {
            let definitions = ServiceSet.allCases.map { IPSetDefinition($0, family) }
            try await command(
                "bash", "-c", "ipset save | sed -n 's/^create \\([^ ]*\\) .*/destroy \\1/p' | ipset restore")
            for definition in definitions {
                try kernel.create(definition)
                #expect(try kernel.definition(ofSetNamed: definition.name) == definition)
                #expect(try members(of: definition) == [])
            }

            // A reference beside each, in kube-proxy's own words.
            let references = definitions.enumerated().map { index, definition in
                definition.type == .bitmapPort
                    ? "create REFERENCE-\(index) bitmap:port range 0-65535\n"
                    : "create REFERENCE-\(index) \(definition.type.rawValue) family "
                        + "\(family == .v4 ? "inet" : "inet6") hashsize 1024 maxelem 65536\n"
            }
            try await command(["ipset", "restore"], input: references.joined())
            let headers = try await headers()
            for (index, definition) in definitions.enumerated() {
                let header = try #require(headers[definition.name])
                #expect(header == headers["REFERENCE-\(index)"])
            }
            #expect(headers.count == 2 * definitions.count)
            try await command(
                ["ipset", "restore"], input: headers.keys.map { "destroy \($0)\n" }.joined())
        }

        /// Each set's header but for the seed of the hash, which is random.
        private func headers() async throws -> [String: [Substring]] {
            var headers: [String: [Substring]] = [:]
            var name = ""
            for line in try await command("ipset", "list", "-terse").split(separator: "\n") {
                if line.hasPrefix("Name: ") {
                    name = String(line.dropFirst("Name: ".count))
                } else {
                    headers[name, default: []].append(
                        line.prefix(upTo: line.firstRange(of: " initval")?.lowerBound ?? line.endIndex))
                }
            }
            return headers
        }

        @Test func `a set that is not there has no definition`() throws {
            #expect(try kernel.definition(ofSetNamed: "TEST-NONE") == nil)
            // And the session goes on working.
            #expect(try kernel.definition(ofSetNamed: "TEST-NONE") == nil)
        }

        @Test func `a foreign set is told from one of ours`() async throws {
            let foreign: [(options: [String], reason: String)] = [
                (["list:set"], "it has the type list:set"),
                (["hash:ip", "timeout", "30"], "it has the option timeout"),
                (["hash:ip", "netmask", "24"], "it has the option netmask"),
                (["hash:ip", "forceadd"], "it has the option forceadd"),
                (["hash:ip", "counters"], "it has the option counters"),
                (["hash:ip", "comment"], "it has the option comment"),
                (["hash:ip", "skbinfo"], "it has the option skbinfo"),
                (["bitmap:port", "range", "1024-2048"], "it does not take all ports but 1024 to 2048"),
            ]
            for (options, reason) in foreign {
                await remove("TEST-FOREIGN")
                try await command(["ipset", "create", "TEST-FOREIGN"] + options)
                let error = #expect(throws: DataplaneError.self) {
                    try kernel.definition(ofSetNamed: "TEST-FOREIGN")
                }
                #expect(error?.explanation.contains("TEST-FOREIGN: \(reason)") == true)
                let (observed, members) = try #require(try kernel.contents(ofSetNamed: "TEST-FOREIGN"))
                let unusable = #expect(throws: IPSetDefinition.Unusable.self) { try IPSetDefinition(observed) }
                #expect(unusable?.reason == reason)
                #expect(members.isEmpty)
                await remove("TEST-FOREIGN")
                #expect(try kernel.definition(ofSetNamed: "TEST-FOREIGN") == nil)
            }
        }

        @Test func `a name that is taken is refused, and so is destroying what is not there`() async throws {
            let set = IPSetDefinition(name: "TEST-TAKEN", type: .hashIP, family: .v4)
            await remove(set.name)
            try kernel.create(set)
            let taken = #expect(throws: DataplaneError.self) { try kernel.create(set) }
            #expect(taken?.number == EEXIST)
            try kernel.destroy(set.name)
            let missing = #expect(throws: DataplaneError.self) { try kernel.destroy(set.name) }
            #expect(missing?.number == ENOENT)
            #expect(missing?.explanation.contains(set.name) == true)
            let long = IPSetDefinition(name: String(repeating: "x", count: 32), type: .hashIP, family: .v4)
            #expect(throws: DataplaneError.self) { try kernel.create(long) }
            #expect(try await command("ipset", "list", "-name").contains("xxx") == false)
        }

        @Test func `a larger set takes the place of a full one`() async throws {
            var small = IPSetDefinition(name: "TEST-GROWS", type: .hashIP, family: .v4, maximumElements: 4)
            await remove("TEST-GROWS", "TEST-GROWS-NEW")
            try kernel.create(small)
            let entries = (1...10).map { IPSetEntry.ip(IPAddress(v4: 0x0a00_0000 + $0)) }
            #expect(try kernel.apply(entries.map { .add($0, to: small) }).count == 6)

            let large = IPSetDefinition(name: "TEST-GROWS-NEW", type: .hashIP, family: .v4, maximumElements: 16)
            try kernel.create(large)
            #expect(try kernel.apply(entries.map { .add($0, to: large) }) == [])
            try kernel.swap(large.name, small.name)
            try kernel.destroy(large.name)

            small.maximumElements = 16
            #expect(try kernel.definition(ofSetNamed: small.name) == small)
            #expect(try members(of: small) == Set(entries))
            await remove(small.name)
        }

        /// What `ipset save` has in the set.
        func saved(_ set: IPSetDefinition) async throws -> Set<IPSetEntry> {
            let lines = try await command("ipset", "save", set.name).split(separator: "\n").filter {
                $0.hasPrefix("add ")
            }
            let entries = try lines.map { line in
                try #require(IPSetEntry(String(line.dropFirst("add \(set.name) ".count)), type: set.type))
            }
            #expect(Set(entries).count == lines.count)
            return Set(entries)
        }

        /// Distinct entries of a set's form.
        static func entries(of set: IPSetDefinition, count: Int) -> [IPSetEntry] {
            (1...count).map { number in
                func address(_ network: UInt32) -> IPAddress {
                    set.family == .v4
                        ? IPAddress(v4: network << 24 + UInt32(number))
                        : IPAddress(high: 0xfd00 << 48 + UInt64(network), low: UInt64(number))
                }
                let transport = TransportProtocol.allCases[number % 3]
                let port = UInt16(number % 65_535 + 1)
                switch set.type {
                case .bitmapPort: return .port(port)
                case .hashIP: return .ip(address(10))
                case .hashIPPort: return .ipPort(address(10), transport, port)
                case .hashIPPortIP: return .ipPortIP(address(10), transport, port, address(11))
                case .hashIPPortNet:
                    let length = UInt8(8 + number % Int(set.family.bitWidth - 7))
                    let network = IPPrefix(address(11), length: length) ?? IPPrefix(host: address(11))
                    return .ipPortNet(address(10), transport, port, network)
                }
            }
        }
    }
}
