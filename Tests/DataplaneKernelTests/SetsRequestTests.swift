// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CSetsProtocol
import DataplaneModel
import Testing

@testable import DataplaneKernel

@Suite struct SetsRequestTests {
    private static let set = IPSetDefinition(name: "KUBE-TEST", type: .hashIPPort, family: .v6)

    private func fault(_ change: (inout sets_request) -> Void) throws -> String? {
        var request = try sets_request(SETS_ADD, Self.set)
        change(&request)
        return unsafe sets_request_fault(&request).map { unsafe String(cString: $0) }
    }

    @Test(arguments: IPSetType.allCases)
    func `a request for a set of each type has no fault`(type: IPSetType) throws {
        for command in [SETS_CREATE, SETS_ADD, SETS_REMOVE] {
            var request = try sets_request(command, IPSetDefinition(name: "A", type: type, family: .v4))
            #expect(unsafe sets_request_fault(&request) == nil)
        }
    }

    @Test func `each fault of a request is told`() throws {
        #expect(try fault { _ in } == nil)
        #expect(try fault { $0.magic += 1 } == "no request of this protocol")
        #expect(try fault { $0.version += 1 } == "a request of another version of this protocol")
        #expect(try fault { $0.count = UInt32(SETS_ENTRY_LIMIT) } == nil)
        #expect(try fault { $0.count = UInt32(SETS_ENTRY_LIMIT) + 1 } == "too many entries")
        #expect(try fault { $0.reserved.1 = 1 } == "a reserved field that is not zero")
        #expect(try fault { $0.name.31 = 1 } == "a name that does not end")
        #expect(try fault { $0.other.0 = 65 } == "a second name that is missing, or too many")
        #expect(try fault { $0.command = UInt8(SETS_SWAP.rawValue) } == "a second name that is missing, or too many")
        #expect(try fault { $0.command = UInt8(SETS_GREET.rawValue) } == "a name that is missing, or too many")
        #expect(try fault { $0.type = 0 } == "a type of set that is none")
        #expect(try fault { $0.type = 6 } == "a type of set that is none")
        #expect(try fault { $0.family = 3 } == "an address family that is none")
        #expect(try fault { $0.command = 0 } == "a command that is none")
        #expect(try fault { $0.command = 7 } == "a command that is none")
        let counted: (inout sets_request) -> Void = {
            $0.command = UInt8(SETS_CREATE.rawValue)
            $0.count = 1
        }
        #expect(try fault(counted) == "entries of a command that has none")
    }

    @Test func `a name that is no set's is not sent`() {
        for name in ["", String(repeating: "x", count: 32), "a\0b"] {
            let failure = #expect(throws: IPSetFailure.self) {
                var request = sets_request(SETS_DESTROY)
                try request.setName(name)
            }
            #expect(failure?.words == "a set's name has 1 to 31 bytes")
        }
    }
}
