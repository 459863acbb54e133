// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

@Suite struct ObservedSetTests {
    @Test func `a hash set has its family and size from the kernel`() throws {
        let observed = ObservedSet(
            name: "KUBE-6-X", typeName: "hash:ip,port", family: .v6, maximumElements: 131_072)
        #expect(
            try IPSetDefinition(observed)
                == IPSetDefinition(name: "KUBE-6-X", type: .hashIPPort, family: .v6, maximumElements: 131_072))
    }

    @Test(arguments: IPFamily.allCases) func `a bitmap has its family from its name`(family: IPFamily) throws {
        let wanted = IPSetDefinition(.nodePortTCP, family)
        let observed = ObservedSet(name: wanted.name, typeName: "bitmap:port", ports: 0...65_535)
        #expect(try IPSetDefinition(observed) == wanted)
    }

    @Test(arguments: [
        (ObservedSet(name: "X", typeName: "list:set"), "it has the type list:set"),
        (
            ObservedSet(
                name: "X", typeName: "hash:ip", family: .v4, maximumElements: 9, foreignOptions: ["timeout"]),
            "it has the option timeout"
        ),
        (
            ObservedSet(name: "X", typeName: "hash:ip", family: .v4, maximumElements: 9, hasForeignMembers: true),
            "it has members that no Service port can have"
        ),
        (
            ObservedSet(name: "X", typeName: "bitmap:port", ports: 1024...2048),
            "it does not take all ports but 1024 to 2048"
        ),
        (ObservedSet(name: "X", typeName: "bitmap:port"), "it does not take all ports"),
        (
            ObservedSet(name: "X", typeName: "hash:ip", family: .v4),
            "the kernel names no family or no maxelem for it"
        ),
        (
            ObservedSet(name: "X", typeName: "hash:ip", maximumElements: 9),
            "the kernel names no family or no maxelem for it"
        ),
    ]) func `a set of another kind is not taken for ours`(observed: ObservedSet, reason: String) {
        let error = #expect(throws: IPSetDefinition.Unusable.self) { try IPSetDefinition(observed) }
        #expect(error?.reason == reason)
    }

    @Test(arguments: ServiceSet.allCases, IPFamily.allCases)
    func `a set of ours is described as one of ours`(set: ServiceSet, family: IPFamily) throws {
        let definition = IPSetDefinition(set, family)
        let observed = ObservedSet(definition, references: 3)
        #expect(try IPSetDefinition(observed) == definition)
        #expect(observed.isOfKind(definition))
        #expect(observed.references == 3)
        let other = IPSetDefinition(name: definition.name, type: .hashIPPortNet, family: family == .v4 ? .v6 : .v4)
        #expect(!observed.isOfKind(other))
    }
}
