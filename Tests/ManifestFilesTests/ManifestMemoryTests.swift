// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

@testable import ManifestFiles

/// Dual-stack Services with ten endpoints in each family, in one file of some 9 MB. Four times as many take four times as much.
///
/// Each test runs in a process of its own, so that its memory is its own. As a tree a file takes eight times its length.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ManifestMemoryTests {
    private static let services = 2_500
    /// For the file, which is held while it is read, and for the objects, which take as much. In KiB.
    private static let most = 24 << 10
    /// What is needed besides while the objects of before are still in use.
    private static let mostMore = 6 << 10

    @Test func `a YAML file of thousands of documents takes little more memory than its objects`() async {
        await #expect(processExitsWith: .success) {
            try await Self.measure("all.yaml") { number in
                Self.objects(number).map { Self.block($0, "") + "---\n" }.joined()
            }
        }
    }

    @Test func `a YAML list as kubectl prints it takes little more memory than its objects`() async {
        await #expect(processExitsWith: .success) {
            try await Self.measure(
                "list.yaml", "apiVersion: v1\nitems:\n", "kind: List\nmetadata:\n  resourceVersion: \"\"\n"
            ) {
                number in Self.objects(number).map { "-" + Self.block($0, "  ").dropFirst() }.joined()
            }
        }
    }

    @Test func `a JSON list takes little more memory than its objects`() async {
        await #expect(processExitsWith: .success) {
            let end = #"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "last"}}]}"#
            try await Self.measure("list.json", #"{"apiVersion": "v1", "kind": "List", "items": ["# + "\n", end) {
                number in
                Self.objects(number).map { Self.line($0) + ",\n" }.joined()
            }
        }
    }

    /// Reads the file, and once more after each object of it was written elsewhere and one was changed.
    private static func measure(
        _ name: String,
        _ start: String = "",
        _ end: String = "",
        _ text: (Int) -> String
    ) async throws {
        let directory = try TemporaryDirectory()
        let length = try write(directory, name, start, end, text)
        var settings = ManifestDirectory(path: directory.path)
        settings.quietPeriod = .milliseconds(20)
        let before = try memory("VmRSS")
        let updates = try settings.updates()
        var iterator = updates.makeAsyncIterator()
        var update = await iterator.next()
        #expect(update?.services.count == services && update?.endpointSlices.count == 2 * services)
        #expect(update?.reports.count ?? 0 <= 1)
        update = nil
        let first = (try memory("VmHWM") - before, try memory("VmRSS") - before)

        _ = try write(directory, name, start, end) { number in text(number == 0 ? services : number) }
        update = await iterator.next()
        #expect(update?.services.count == 1 && update?.endpointSlices.count == 2)
        update = nil
        let again = (try memory("VmHWM") - before, try memory("VmRSS") - before)
        let figures = "\(length >> 10) KiB; peak, after: \(first) KiB; read again: \(again) KiB"
        #expect(first.0 < most && again.0 < most + mostMore, "\(figures)")
    }

    private static func write(
        _ directory: TemporaryDirectory,
        _ name: String,
        _ start: String,
        _ end: String,
        _ text: (Int) -> String
    ) throws -> Int {
        let writer = try Writer(directory, name)
        var length = start.utf8.count + end.utf8.count
        try writer.write(start)
        for number in 0..<services {
            let piece = text(number)
            length += piece.utf8.count
            try writer.write(piece)
        }
        try writer.finish(end)
        return length
    }

    /// A line of /proc/self/status, in KiB (proc_pid_status(5)).
    private static func memory(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }
}

// MARK: - The objects

extension ManifestMemoryTests {
    /// A mapping in the order of its keys, a list, or a scalar.
    fileprivate indirect enum Value {
        case map(KeyValuePairs<String, Value>)
        case list([Value])
        case text(String)
        case bare(String)
    }

    fileprivate static func objects(_ number: Int) -> [Value] {
        let name = "service-\(number)"
        let (high, low) = (number / 250, number % 250 + 1)
        let addresses = ["10.96.\(high).\(low)", "fd00:96::\(high):\(low)"]
        let service = Value.map([
            "apiVersion": .text("v1"), "kind": .text("Service"),
            "metadata": .map(["name": .text(name), "namespace": .text("namespace-\(number % 100)")]),
            "spec": .map([
                "clusterIP": .text(addresses[0]), "clusterIPs": .list(addresses.map { .text($0) }),
                "ports": .list([.map(["name": .text("http"), "port": .bare("80"), "protocol": .text("TCP")])]),
            ]),
        ])
        let slices = ["IPv4", "IPv6"].map { family in
            let endpoints = (1...10).map { endpoint in
                Value.map([
                    "addresses": .list([
                        .text(
                            family == "IPv4" ? "10.\(high).\(low).\(endpoint)" : "fd00:244:\(high)::\(low):\(endpoint)")
                    ]),
                    "conditions": .map([
                        "ready": .bare("true"), "serving": .bare("true"), "terminating": .bare("false"),
                    ]),
                    "nodeName": .text("node-\((number + endpoint) % 500).example.net"),
                ])
            }
            return Value.map([
                "addressType": .text(family), "apiVersion": .text("discovery.k8s.io/v1"), "endpoints": .list(endpoints),
                "kind": .text("EndpointSlice"),
                "metadata": .map([
                    "labels": .map(["kubernetes.io/service-name": .text(name)]),
                    "name": .text("\(name)-\(family.lowercased())"), "namespace": .text("namespace-\(number % 100)"),
                ]),
                "ports": .list([.map(["name": .text("http"), "port": .bare("8080"), "protocol": .text("TCP")])]),
            ])
        }
        return [service] + slices
    }

    fileprivate static func line(_ value: Value) -> String {
        switch value {
        case .map(let entries): "{" + entries.map { "\"\($0)\": \(line($1))" }.joined(separator: ", ") + "}"
        case .list(let elements): "[" + elements.map(line).joined(separator: ", ") + "]"
        case .text(let text): "\"\(text)\""
        case .bare(let text): text
        }
    }

    /// As `kubectl get -o yaml` indents it.
    fileprivate static func block(_ value: Value, _ indent: String) -> String {
        switch value {
        case .map(let entries):
            return entries.map { key, value in
                switch value {
                case .text, .bare: "\(indent)\(key): \(block(value, ""))\n"
                case .map: "\(indent)\(key):\n" + block(value, indent + "  ")
                case .list: "\(indent)\(key):\n" + block(value, indent)
                }
            }.joined()
        case .list(let elements):
            return elements.map { element in
                switch element {
                case .map, .list: indent + "-" + block(element, indent + "  ").dropFirst(indent.utf8.count + 1)
                case .text, .bare: "\(indent)- \(block(element, ""))\n"
                }
            }.joined()
        case .text(let text): return text.contains(":") || text.hasPrefix("10.") ? "\"\(text)\"" : text
        case .bare(let text): return text
        }
    }
}
