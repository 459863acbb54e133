// SPDX-License-Identifier: GPL-2.0-or-later
import Dispatch
import Foundation
import FuzzReaders
import Testing

/// The corpora of the fuzzer, and what it has found, without a fuzzer.
@Suite struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../fuzz/corpus")

    private static func files(_ input: ForeignInput) throws -> [URL] {
        let folder = corpus.appending(path: input.rawValue)
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    /// On a thread of its own: a reader that waits for a task must not hold one of those that tasks run on.
    private static func read(_ inputs: [[UInt8]], as input: ForeignInput) async {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: input.rawValue).async {
                for bytes in inputs { input.read(bytes) }
                continuation.resume()
            }
        }
    }

    @Test(arguments: ForeignInput.allCases)
    func `what was once found or kept of foreign input is read without a fault`(_ input: ForeignInput) async throws {
        let files = try Self.files(input)
        #expect(!files.isEmpty)
        await Self.read(try files.map { Array(try Data(contentsOf: $0)) }, as: input)
    }

    /// Each byte damaged in one way, and each length: what a fuzzer tries first.
    @Test(arguments: ForeignInput.allCases.filter { $0 != .httpRequests })
    func `a damaged or shortened input is read without a fault`(_ input: ForeignInput) async throws {
        for file in try Self.files(input) {
            let bytes = Array(try Data(contentsOf: file).prefix(400))
            let damaged = bytes.indices.flatMap { index in
                [Array(bytes[..<index])]
                    + ([0, 0xFF, bytes[index] ^ 0x80, bytes[index] &+ 1] as [UInt8]).map { value in
                        var changed = bytes
                        changed[index] = value
                        return changed
                    }
            }
            await Self.read(damaged, as: input)
        }
    }
}
