// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import ManifestFiles
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HalfWrittenFileTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test(arguments: [true, false])
    func `a file is not read while somebody is writing it`(asksForWriters: Bool) async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1") + "---\n" + service("b", "10.0.0.2"))
        var follower = try Follower(directory, asksForWriters: asksForWriters)
        try await follower.next()

        do {
            let writer = try Writer(directory, "a.yaml")
            // Another file is taken up all the while.
            try directory.write("x.yaml", service("x", "10.0.1.1"))
            var update = try await follower.next()
            #expect(update.services.map(\.name.name) == ["x"])
            #expect(update.removedServices.isEmpty)

            try writer.write(service("a", "10.0.0.9"))
            try directory.write("x.yaml", service("x", "10.0.1.2"))
            update = try await follower.next()
            #expect(update.services.map(\.name.name) == ["x"])
            #expect(update.removedServices.isEmpty)

            try writer.finish("---\n" + service("b", "10.0.0.2"))
        }
        let update = try await follower.next()
        #expect(update.services.map(\.name.name) == ["a"])
        #expect(update.removedServices.isEmpty)
        #expect(follower.clusterIPs == ["a": "10.0.0.9", "b": "10.0.0.2", "x": "10.0.1.2"])
        #expect(follower.told.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a file that was deleted and is written anew keeps nothing and invents nothing`(asksForWriters: Bool)
        async throws
    {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory, asksForWriters: asksForWriters)
        try await follower.next()

        do {
            try directory.remove("a.yaml")
            let writer = try Writer(directory, "a.yaml")
            try directory.write("x.yaml", service("x", "10.0.1.1"))
            let update = try await follower.next()
            #expect(update.services.map(\.name.name) == ["x"])
            #expect(update.removedServices.isEmpty)
            try writer.finish(service("a", "10.0.0.2"))
        }
        try await follower.follow { $0.clusterIPs == ["a": "10.0.0.2", "x": "10.0.1.1"] }
    }

    @Test func `writing in place never drops an object, however fast it goes and however soon it is read`() async throws
    {
        try directory.write("a.yaml", service("a", "10.0.0.1") + "---\n" + service("b", "10.0.0.0"))
        var follower = try Follower(directory, gathers: false)
        try await follower.next()
        let directory = directory
        let last = 2000
        async let writing: Void = {
            for round in 1...last {
                let writer = try Writer(directory, "a.yaml")
                try writer.write(service("a", "10.0.\(round / 256).\(round % 256)"))
                await Task.yield()
                try writer.finish("---\n" + service("b", "10.0.0.0"))
            }
        }()
        while follower.clusterIPs["a"] != "10.0.\(last / 256).\(last % 256)" {
            let update = try await follower.next()
            #expect(update.removedServices.isEmpty)
        }
        try await writing
        #expect(follower.clusterIPs["b"] == "10.0.0.0")
        #expect(follower.told.isEmpty)
    }

    @Test func `a file that stays open for writing is told of and read in the end`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        do {
            let writer = try Writer(directory, "b.yaml")
            try writer.write(service("b", "10.0.0.2"))
            try await follower.next()
            #expect(follower.clusterIPs == ["a": "10.0.0.1"])
            try await follower.follow { !$0.told.isEmpty }
            try writer.finish("---\n" + service("c", "10.0.0.3"))
        }
        try await follower.follow { $0.clusterIPs.count == 3 }
        #expect(follower.told == ["b.yaml: somebody is writing the file; it is read when that one closes it"])
    }

    @Test func `a file that was cut to nothing without being opened is empty`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.truncate("a.yaml")
        try await follower.follow { $0.clusterIPs.isEmpty }
    }

    @Test func `a file that does not parse keeps its last good version and is told of once`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory)
        try await follower.next()

        try directory.write("a.yaml", service("a", "10.0.0.2") + "  broken: [1\n")
        var update = try await follower.next()
        #expect(update.changesNothing)
        let report = try #require(update.reports.first)
        #expect(update.reports.count == 1)
        #expect(report.severity == .error)
        #expect(report.file == "a.yaml")
        #expect(report.line == 10)
        #expect(report.message.hasSuffix("its last good version is kept"))

        // The same mistake in another content is no news; the sentinel shows that it was read.
        try directory.write("a.yaml", service("a", "10.0.0.7") + "  broken: [1\n")
        try directory.write("x.yaml", service("x", "10.0.1.1"))
        update = try await follower.next()
        #expect(update.reports.isEmpty)
        #expect(follower.clusterIPs == ["a": "10.0.0.1", "x": "10.0.1.1"])

        try directory.write("a.yaml", service("a", "10.0.0.3"))
        try await follower.follow { $0.clusterIPs["a"] == "10.0.0.3" }
        #expect(follower.told.count == 1)

        // Gone and back is news again.
        try directory.write("a.yaml", service("a", "10.0.0.2") + "  broken: [1\n")
        try await follower.next()
        #expect(follower.told.count == 2)
    }

    @Test func `a file that is too large is told of and not read`() async throws {
        try directory.write("a.yaml", service("a", "10.0.0.1"))
        var follower = try Follower(directory, largestFile: 1000)
        try await follower.next()
        try directory.write("a.yaml", service("a", "10.0.0.2") + String(repeating: "#", count: 1000))
        try await follower.next()
        #expect(
            follower.told == [
                "a.yaml: is larger than 1000 bytes, and nothing of it is read; its last good version is kept"
            ]
        )
        #expect(follower.clusterIPs == ["a": "10.0.0.1"])
    }
}
