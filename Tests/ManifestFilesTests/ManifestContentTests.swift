// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

@testable import ManifestFiles

struct ManifestContentTests {
    @Test func `bytes that are not UTF-8 are refused with their line`() {
        let error = #expect(throws: DocumentSyntaxError.self) {
            try ManifestContent.documents(of: Array("a: 1\nb: ".utf8) + [0xc3, 0x28], format: .yaml)
        }
        #expect(error?.line == 2)
    }

    @Test(arguments: [ManifestFormat.yaml, .json])
    func `a byte order mark is no part of the text`(format: ManifestFormat) throws {
        let documents = try ManifestContent.documents(
            of: [0xef, 0xbb, 0xbf] + Array("{\"a\": 1}".utf8),
            format: format
        )
        #expect(documents.map(\.value) == [.mapping([.init(key: "a", value: DocumentNode(.integer(1), line: 1))])])
    }

    @Test func `JSON may be indented with tabs`() throws {
        let documents = try ManifestContent.documents(of: Array("{\n\t\"a\":\t1\n}".utf8), format: .json)
        #expect(documents.count == 1)
    }

    @Test(arguments: [
        ("web.yaml", ManifestFormat.yaml), ("web.yml", .yaml), ("web.json", .json), (".web.yaml", nil),
        (".web.yaml.swp", nil), ("web.yaml~", nil), ("#web.yaml#", nil), ("web.yaml.bak", nil), ("4913", nil),
        ("..data", nil), ("README.md", nil), ("yaml", nil),
    ])
    func `a manifest is known by its name`(name: String, format: ManifestFormat?) {
        #expect(ManifestFormat(fileName: name) == format)
    }
}
