// SPDX-License-Identifier: GPL-2.0-or-later
import ManifestFiles
import Testing

/// A document that cannot be read costs what stands in it, and nothing else.
@Suite(.timeLimit(.minutes(5)))
struct BadDocumentTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static let broken = "apiVersion: v1\nkind: [Service\n"

    @Test func `the documents before and after one that cannot be read are used, and it is reported with its number`()
        async throws
    {
        try directory.write(
            "a.yaml",
            "# some\n---\n" + service("a", "10.0.0.1") + "---\n" + Self.broken + "---\n" + service("b", "10.0.0.2"))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs == ["a": "10.0.0.1", "b": "10.0.0.2"])
        #expect(follower.told.count == 1)
        #expect(
            follower.told.first?.hasPrefix("a.yaml:14: document 2: while parsing a flow sequence") == true,
            "\(follower.told)")
    }

    @Test func `what stood in a document that becomes broken stays, and changes of the others count`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1") + "---\n" + service("b", "10.0.0.2"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.write("a.yaml", service("a", "10.0.0.3") + "---\n" + Self.broken)
        try await follower.follow { $0.clusterIPs["a"] == "10.0.0.3" }
        #expect(follower.clusterIPs == ["a": "10.0.0.3", "b": "10.0.0.2"])
        #expect(follower.told.count == 1)
        #expect(follower.told.first?.hasSuffix("; its last good version is kept") == true)

        // Read once more it is no news, and what stood there still stays.
        try directory.write("a.yaml", service("a", "10.0.0.4") + "---\n" + Self.broken)
        try await follower.follow { $0.clusterIPs["a"] == "10.0.0.4" }
        #expect(follower.clusterIPs["b"] == "10.0.0.2")
        #expect(follower.told.count == 1)

        // Mended, the file is all that counts.
        try directory.write("a.yaml", service("a", "10.0.0.4"))
        try await follower.follow { $0.clusterIPs["b"] == nil }
        #expect(follower.told.count == 1)
    }

    @Test(arguments: ["a: \u{0}\n", "a: \"b\n", "a: *b\n", "a: 1\na: 2\n", "{\n", "%TAG ! x\n"])
    func `however a document is broken, the next one is read`(text: String) async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1") + "---\n" + text + "---\n" + service("b", "10.0.0.2"))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs.count == 2)
        #expect(follower.told.count == 1, "\(follower.told)")
    }

    @Test func `a document that is too much leaves the others`() async throws {
        let deep = String(repeating: "[", count: 600) + "\n"
        let long = "a: " + String(repeating: "x", count: 9 << 20) + "\n"
        try directory.write(
            "a.yaml", service("a", "10.0.0.1") + "---\n" + deep + "---\n" + long + "---\n" + service("b", "10.0.0.2"))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs.count == 2)
        #expect(
            follower.told == [
                "a.yaml:10: document 2: nested more than 500 levels deep",
                "a.yaml:12: document 3: larger than 8388608 bytes, and nothing of it is read",
            ])
    }

    @Test func `a file of nothing but bad documents is refused as a whole`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.write("a.yaml", String(repeating: "[\n---\n", count: 1000) + service("b", "10.0.0.1"))
        try await follower.next()
        #expect(follower.clusterIPs == ["a": "10.0.0.1"])
        #expect(
            follower.told == ["a.yaml:202: more than 100 documents that cannot be read; its last good version is kept"])
    }

    @Test func `aliases cannot have a file of many documents ask for more than a file of one`() async throws {
        let nested =
            "a: &a [" + String(repeating: "x,", count: 1000) + "x]\nb: [" + String(repeating: "*a,", count: 200)
            + "x]\n"
        try directory.write("a.yaml", String(repeating: nested + "---\n", count: 10) + service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs.isEmpty)
        #expect(follower.told == ["a.yaml:8: more than 500000 values, aliases followed"])
    }

    @Test(arguments: ["--- # text\n", "---\t\n", "...\n---\n", "...\n%YAML 1.1\n---\n", "...\n# text\n\n", "---\r\n"])
    func `documents may be parted as YAML allows`(mark: String) async throws {
        // A mark in quotes or in a block is one too, and one that goes on is none.
        let quoted =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\ntext: |\n  ---\n  ...\nmore: \"\n ---\n x\"\n---x: 1\n"
        try directory.write("a.yaml", service("a", "10.0.0.1") + mark + quoted + mark + service("b", "10.0.0.2"))
        var follower = try Follower(directory)
        let update = try await follower.next()
        #expect(follower.clusterIPs.count == 2, "\(follower.told)")
        #expect(update.otherKinds == ["v1 Pod": 1])
    }
}
