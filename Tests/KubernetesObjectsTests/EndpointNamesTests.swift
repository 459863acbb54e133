// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import KubernetesObjects

/// Names of Pods and zones beside a slice's endpoints.
struct EndpointNamesTests {
    private typealias Element = EndpointNames.Element

    @Test(arguments: [
        [], [Element()], [Element(pod: "web-1", zone: "a")], [Element(pod: "web-1"), Element(zone: "b"), Element()],
        [Element(pod: "web"), Element(pod: "web-2", zone: "a"), Element(pod: "w", zone: "a"), Element(pod: "x")],
        [Element(pod: String(repeating: "é", count: 126), zone: "z")],
        (0..<1000).map { Element(pod: "web-7d4b9c6f5-\($0)", zone: "zone-\($0 % 3)") },
    ])
    func `what is packed comes out as it was`(elements: [EndpointNames.Element]) {
        let names = EndpointNames(elements)
        let expected = elements.contains { $0 != Element() } ? elements : []
        #expect(names.elements == expected)
    }

    @Test func `what is too long for a name, and a zone too many, is left out alone`() {
        let long = String(repeating: "p", count: 254)
        let names = EndpointNames([Element(pod: long, zone: long), Element(pod: "web", zone: "a")])
        #expect(names.elements == [Element(), Element(pod: "web", zone: "a")])

        let many = EndpointNames((0..<300).map { Element(pod: "p\($0)", zone: "z\($0)") }).elements
        #expect(many.count == 300 && many[253].zone == "z253" && many[254] == Element(pod: "p254"))
    }

    /// A cluster of 100,000 endpoints then has some 1.5 MB of names.
    @Test func `the names of ten Pods of one owner take less than 150 bytes`() {
        let suffixes = ["x2k7p", "b8w4q", "zz9lm", "c5vnr", "h6tdx", "q4jkb", "m7wsd", "t9fgh", "k2plz", "n8rvc"]
        let names = EndpointNames(suffixes.map { Element(pod: "checkout-7d4b9c6f5-\($0)", zone: "europe-west1-b") })
        #expect(names.elements.map(\.pod).contains("checkout-7d4b9c6f5-zz9lm"))
        #expect(names.packed.count < 150)
    }

    @Test func `names come from targetRef and zone of a document, and a target that is no Pod has none`() throws {
        let text = """
            {"metadata": {"name": "web-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
             "addressType": "IPv4", "endpoints": [
               {"addresses": ["10.244.0.1"], "zone": "a", "targetRef": {"kind": "Pod", "name": "web-x"}},
               {"addresses": ["nowhere"], "targetRef": {"kind": "Pod", "name": "web-y"}},
               {"addresses": ["10.244.0.3"], "targetRef": {"kind": "Node", "name": "worker"}}]}
            """
        let document = try #require(try JSONReader.read(Array(text.utf8)))
        var interner = StringInterner()
        let slice = try #require(try EndpointSliceFields(document).checked(interner: &interner).object)
        #expect(slice.endpoints.count == 2)
        #expect(slice.names.elements == [Element(pod: "web-x", zone: "a"), Element()])
    }
}
