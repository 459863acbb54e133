// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

/// Small files used to crash the reader of manifests or keep it busy for ever.
@Suite("Manifests that are too much for a reader", .timeLimit(.minutes(5))) struct HostileManifestTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func survives(_ text: HostileText, as file: String) async throws {
        try directory.write(file, service("kept", "10.0.0.1").asJSON(file.hasSuffix(".json")))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs == ["kept": "10.0.0.1"])

        try directory.write(file, text.bytes)
        try directory.write("later.yaml", service("later", "10.0.0.2"))
        try await follower.follow { $0.services["later"] != nil }
        #expect(follower.clusterIPs == ["kept": "10.0.0.1", "later": "10.0.0.2"])
        #expect(follower.told.count == 1)
        #expect(follower.told.first?.hasPrefix(file + ":") == true)
        #expect(follower.told.first?.contains(text.reason) == true, "\(follower.told)")
        #expect(follower.told.first?.hasSuffix("; its last good version is kept") == true)
    }

    @Test(arguments: HostileText.yaml)
    func `a file that is too much is named and keeps its last good version, and others do not wait`(
        text: HostileText
    ) async throws {
        try await survives(text, as: "bad.yaml")
    }

    @Test(arguments: HostileText.json)
    func `a JSON file that is too much is named and keeps its last good version`(text: HostileText) async throws {
        try await survives(text, as: "bad.json")
    }

    @Test func `of a file with many mistakes a hundred are told`() async throws {
        let mistakes = (0..<10_000).map { _ in "{}" }.joined(separator: ",")
        try directory.write("bad.json", #"{"apiVersion": "v1", "kind": "List", "items": [\#(mistakes)]}"#)
        try directory.write("good.yaml", service("good", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.services["good"] != nil)
        #expect(follower.told.count == 101)
        #expect(follower.told.last == "bad.json: 9900 more of this file are not told of")
    }

    @Test func `a file that holds one object 20,000 times is read, and a hundred of them are told`() async throws {
        let same = #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"clusterIP":"10.0.0.1"}}"#
        let items = [String](repeating: same, count: 20_000).joined(separator: ",")
        try directory.write("bad.json", #"{"apiVersion": "v1", "kind": "List", "items": [\#(items)]}"#)
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs == ["a": "10.0.0.1"])
        #expect(follower.told.count == 101)
        #expect(follower.told.last == "bad.json: 19899 more of this file are not told of")
    }

    @Test func `two files that hold the same 20,000 objects tell of a hundred`() async throws {
        let items = (0..<20_000).map { number in
            #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"s\#(number)"},"spec":{"clusterIP":"10.0.0.1"}}"#
        }.joined(separator: ",")
        let list = #"{"apiVersion": "v1", "kind": "List", "items": [\#(items)]}"#
        try directory.write("a.json", list)
        try directory.write("b.json", list)
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.services.count == 20_000)
        #expect(follower.told.count == 101)
        #expect(follower.told.last == "b.json: 19900 more of this file are not told of")
    }

    @Test func `a file with more objects than fit into it is refused`() async throws {
        let mistakes = (0..<60_000).map { _ in "{}" }.joined(separator: ",")
        try directory.write("bad.json", #"{"apiVersion": "v1", "kind": "List", "items": [\#(mistakes)]}"#)
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.told == ["bad.json:1: more than 50000 objects"])
    }
}

extension String {
    /// The Service of `service(_:_:)` in JSON.
    fileprivate func asJSON(_ isJSON: Bool) -> String {
        guard isJSON else { return self }
        return #"""
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kept"},
             "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]}}
            """#
    }
}
