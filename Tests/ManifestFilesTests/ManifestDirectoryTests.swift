// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import ManifestFiles
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ManifestDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    // MARK: The first update

    @Test func `the first update is everything that is there`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1") + "---\n" + service("b", "10.0.0.2"))
        try directory.write(
            "b.json",
            """
            {"apiVersion": "v1", "kind": "List", "items": [
            \t{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"}},
            \t{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            \t "metadata": {"name": "a-1", "labels": {"kubernetes.io/service-name": "a"}}}]}
            """
        )
        try directory.write("c.yml", service("c", "10.0.0.3"))
        try directory.write("d.yaml~", service("d", "10.0.0.4"))
        try directory.write(".e.yaml", service("e", "10.0.0.5"))
        try directory.makeDirectory("f.yaml")
        try directory.makePipe("g.yaml")

        var follower = try Follower(directory)
        let update = try await follower.next()
        #expect(update.services.map(\.name.name) == ["a", "b", "c"])
        #expect(update.endpointSlices.map(\.name.name) == ["a-1"])
        #expect(update.nodes.map(\.name) == ["node-a"])
        #expect(update.reports.isEmpty)
    }

    @Test func `an empty directory has a first update too`() async throws {
        var follower = try Follower(directory)
        let update = try await follower.next()
        #expect(update.changesNothing)
        #expect(update.reports.isEmpty)
    }

    @Test func `a directory that is not there is an error with its path`() {
        let error = #expect(throws: ManifestDirectoryError.self) {
            try ManifestDirectory(path: directory.path + "/missing").updates()
        }
        #expect(error?.description.contains(directory.path + "/missing") == true)
        #expect(error?.description.contains("No such file or directory (2)") == true)
    }

    @Test func `a file is no directory`() throws {
        try directory.write("a.yaml", "")
        #expect(throws: ManifestDirectoryError.self) {
            try ManifestDirectory(path: directory.path + "/a.yaml").updates()
        }
    }

    // MARK: Changes

    @Test func `only what differs is in an update`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1") + "---\n" + service("b", "10.0.0.2"))
        try directory.write("c.yaml", service("c", "10.0.0.3"))
        var follower = try Follower(directory)
        try await follower.next()

        try directory.write("a.yaml", "# moved\n" + service("b", "10.0.0.9") + "---\n" + service("a", "10.0.0.1"))
        var update = try await follower.next()
        #expect(update.services.map(\.name.name) == ["b"])
        #expect(update.removedServices.isEmpty)

        try directory.remove("c.yaml")
        update = try await follower.next()
        #expect(update.services.isEmpty)
        #expect(update.removedServices.map(\.name) == ["c"])

        try directory.write("a.yaml", "")
        update = try await follower.next()
        #expect(update.removedServices.map(\.name) == ["a", "b"])
    }

    @Test(arguments: [true, false])
    func `a file can be moved over another, moved away and linked in`(asksForWriters: Bool) async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory, asksForWriters: asksForWriters)
        try await follower.next()

        try directory.exchange("a.yaml", service("a", "10.0.0.2"))
        try await follower.follow { $0.clusterIPs == ["a": "10.0.0.2"] }

        try directory.rename("a.yaml", "a.off")
        try await follower.follow { $0.clusterIPs.isEmpty }

        try directory.hardLink("b.yaml", to: "a.off")
        try await follower.follow { $0.clusterIPs == ["a": "10.0.0.2"] }

        try directory.remove("b.yaml")
        try await follower.follow { $0.clusterIPs.isEmpty }
        try directory.link("c.yaml", to: "a.off")
        try await follower.follow { $0.clusterIPs == ["a": "10.0.0.2"] }
        #expect(follower.told.isEmpty)
    }

    @Test func `a renamed file changes nothing`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.rename("a.yaml", "b.yaml")
        try directory.write("c.yaml", service("c", "10.0.0.3"))
        let update = try await follower.next()
        #expect(update.services.map(\.name.name) == ["c"])
        #expect(update.removedServices.isEmpty)
    }

    // MARK: The directory itself

    @Test func `a ConfigMap volume is exchanged at once`() async throws {
        func makeVersion(_ name: String, _ addresses: [String: String]) throws {
            try directory.makeDirectory(name)
            for (file, address) in addresses {
                try directory.write("\(name)/\(file).yaml", service(file, address))
            }
        }
        try makeVersion("..2025_01", ["a": "10.0.0.1", "b": "10.0.0.2"])
        try directory.link("..data", to: "..2025_01")
        try directory.link("a.yaml", to: "..data/a.yaml")
        try directory.link("b.yaml", to: "..data/b.yaml")
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs == ["a": "10.0.0.1", "b": "10.0.0.2"])

        try makeVersion("..2025_02", ["a": "10.0.0.3", "c": "10.0.0.4"])
        try directory.link("..data_tmp", to: "..2025_02")
        try directory.rename("..data_tmp", "..data")
        try directory.link("c.yaml", to: "..data/c.yaml")
        try directory.remove("b.yaml")
        try await follower.follow { $0.clusterIPs == ["a": "10.0.0.3", "c": "10.0.0.4"] }
        #expect(follower.told.isEmpty)
    }

    @Test func `while the directory is away its last state is kept`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()

        try directory.moveAway()
        var update = try await follower.next()
        #expect(update.changesNothing)
        #expect(update.reports.map(\.severity) == [.error])
        #expect(update.reports.first?.description.contains(directory.path) == true)

        try directory.make()
        try directory.exchange("b.yaml", service("b", "10.0.0.2"))
        try await follower.follow { $0.clusterIPs == ["b": "10.0.0.2"] }

        // The new directory is watched, not the old one.
        try directory.write("b.yaml", service("b", "10.0.0.3"))
        update = try await follower.next()
        #expect(update.services.map(\.name.name) == ["b"])
        #expect(follower.told.count == 1)
    }

    @Test func `a deleted directory drops nothing and can come back`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()
        directory.removeAll()
        let update = try await follower.next()
        #expect(update.changesNothing)
        #expect(update.reports.map(\.severity) == [.error])
        try directory.make()
        try directory.write("a.yaml", service("a", "10.0.0.2"))
        try await follower.follow { $0.clusterIPs == ["a": "10.0.0.2"] }
    }

    @Test func `cancellation ends the sequence`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        let updates = try ManifestDirectory(path: directory.path).updates()
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            var count = 0
            for await _ in updates {
                count += 1
                continuation.yield()
            }
            return count
        }
        for await _ in started.prefix(1) { task.cancel() }
        #expect(await task.value == 1)
    }
}
