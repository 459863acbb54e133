// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import KubernetesObjects
import SystemTesting
import Testing
import YAMLDocuments

/// Small YAML files used to crash readers or keep them busy for ever.
@Suite("Texts that are too much for a reader", .timeLimit(.minutes(5))) struct HostileTextTests {
    @Test(arguments: HostileText.yaml)
    func `a text that is too much is refused with the limit it has met`(text: HostileText) {
        let error = #expect(throws: DocumentSyntaxError.self) { try YAMLReader.read(text.bytes) }
        #expect(error?.reason.contains(text.reason) == true, "\(error?.reason ?? "")")
    }

    @Test(arguments: HostileText.yaml)
    func `with keys that may be given twice it is refused alike`(text: HostileText) {
        // The first document is all that is read, so what the others hold is no subject.
        guard text.what != "600,000 documents" else { return }
        let error = #expect(throws: DocumentSyntaxError.self) { try YAMLReader.firstDocument(text.bytes) }
        #expect(error?.reason.contains(text.reason) == true, "\(error?.reason ?? "")")
    }

    @Test(arguments: HostileText.json)
    func `a JSON text that is too much is refused with the limit it has met`(text: HostileText) {
        let error = #expect(throws: DocumentSyntaxError.self) {
            try JSONReader.read(DocumentLimits.file.text(of: text.bytes))
        }
        #expect(error?.reason.contains(text.reason) == true, "\(error?.reason ?? "")")
    }

    @Test func `a merge of 100,000 keys takes time in proportion to them`() throws {
        func merge(_ count: Int) throws -> Duration {
            let keys = (0..<count).map { "  k\($0): 1\n" }.joined()
            let text = "base: &b\n\(keys)merged:\n  <<: *b\n" + (0..<count).map { "  j\($0): 1\n" }.joined()
            var documents: [DocumentNode] = []
            let start = Self.processorTime
            documents = try YAMLReader.read(text)
            let duration = Self.processorTime - start
            guard case .mapping(let entries)? = documents.first?.value,
                case .mapping(let merged)? = entries.last?.value.value
            else {
                Issue.record("no mapping")
                return duration
            }
            #expect(merged.count == 2 * count)
            return duration
        }
        let small = try merge(10_000)
        // Ten times, where the square would be a hundred times.
        #expect(try merge(100_000) < small * 40)
    }

    /// Of this thread: how busy the machine is otherwise is no subject.
    private static var processorTime: Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test func `100,000 keys given twice are refused and not searched for each other`() {
        let text = (0..<100_000).map { "k\($0): 1\n" }.joined() + (0..<100_000).map { "k\($0): 2\n" }.joined()
        let strict = #expect(throws: DocumentSyntaxError.self) { try YAMLReader.read(text) }
        #expect(strict?.reason == "the same mapping has more than one \"k0\"")
        let lenient = #expect(throws: DocumentSyntaxError.self) { try YAMLReader.firstDocument(Array(text.utf8)) }
        #expect(lenient?.reason == "more than 100 keys of a mapping are given twice")
    }

    @Test func `what is large and within the limits is read`() throws {
        #expect(try YAMLReader.read(String(repeating: "---\n", count: 100_000) + "a: 1\n").count == 1)
        #expect(try YAMLReader.read("a: \"" + String(repeating: "x", count: 7 << 20) + "\"\n").count == 1)
        #expect(try YAMLReader.read("a: " + String(repeating: "9", count: 1 << 20)).count == 1)
        #expect(try YAMLReader.read(String(repeating: "[", count: 499) + String(repeating: "]", count: 499)).count == 1)
        #expect(try YAMLReader.read("vi\u{1ec7}t: \u{1100}\u{1161}\u{11a8}\n").count == 1)
    }

    @Test func `a refusal in a message is short, however long the text`() throws {
        let text = String(repeating: "x", count: 1 << 20)
        let error = #expect(throws: DocumentSyntaxError.self) { try YAMLReader.read("{\(text): 1, \(text): 2}") }
        #expect((error?.reason.utf8.count ?? .max) < 300)
    }

    @Test func `anchors hold for their document and may stand at keys`() throws {
        let document = try #require(try YAMLReader.read("&a k: 1\nv: *a\nw: {*a : 2}\n").first)
        #expect(document.line(ofField: "w.k") == 3)
        let error = #expect(throws: DocumentSyntaxError.self) { try YAMLReader.read("a: &x 1\n---\nb: *x\n") }
        #expect(error?.line == 3)
    }

    @Test func `a byte order mark is no part of the text`() throws {
        let bytes: [UInt8] = [0xef, 0xbb, 0xbf] + Array("a: 1\n".utf8)
        #expect(try YAMLReader.read(bytes) == YAMLReader.read("a: 1\n"))
        #expect(try YAMLReader.firstDocument(bytes) == YAMLReader.firstDocument(Array("a: 1\n".utf8)))
    }

    @Test func `merge keys are followed, own keys first, whoever reads`() throws {
        let text = "base: &b {x: 1, y: 2}\nmerged: {<<: *b, y: 3}\n"
        let root = try #require(try YAMLReader.firstDocument(Array(text.utf8)))
        guard case .mapping(let entries) = root.content, case .mapping(let merged)? = entries.last?.value.content else {
            Issue.record("no mapping")
            return
        }
        #expect(merged.map(\.key) == ["y", "x"])
        #expect(merged.map(\.value.content) == [.scalar("3", isBare: true), .scalar("1", isBare: true)])
    }
}
