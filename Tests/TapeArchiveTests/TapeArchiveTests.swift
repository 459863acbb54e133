// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Subprocess
import TapeArchive
import Testing

/// Archives, as the system's tar reads them.
struct TapeArchiveTests {
    private static func tar(_ arguments: [String], _ bytes: [UInt8]) async throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appending(path: "archive-\(UUID()).tar")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try await Subprocess.run(
            .name("tar"), arguments: Arguments(arguments.map { $0 == "FILE" ? file.path : $0 }),
            output: .bytes(limit: 1 << 22), error: .string(limit: 1 << 16))
        #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
        #expect(result.standardError == "")
        return result.standardOutput
    }

    @Test(arguments: [0, 1, 511, 512, 513, 70_000])
    func `files of every length come out as they went in`(size: Int) async throws {
        let contents = (0..<size).map { UInt8($0 % 251) }
        let archive = TapeArchive(time: 1_772_366_400)
        let bytes =
            archive.file("report/first.txt", contents) + archive.file("report/second.txt", Array("two\n".utf8))
            + archive.end
        #expect(bytes.count % 512 == 0)
        let listing = String(decoding: try await Self.tar(["--utc", "-tvf", "FILE"], bytes), as: UTF8.self)
        let lines = listing.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("-rw------- root/root") && lines[0].hasSuffix("2026-03-01 12:00 report/first.txt"))
        #expect(try await Self.tar(["-xOf", "FILE", "report/first.txt"], bytes) == contents)
        #expect(try await Self.tar(["-xOf", "FILE", "report/second.txt"], bytes) == Array("two\n".utf8))
    }

    @Test func `a name that is too long is cut, and the archive stays whole`() async throws {
        let archive = TapeArchive(time: -1)
        let long = String(repeating: "n", count: 300)
        let bytes = archive.file(long, [1]) + archive.file("after", [2]) + archive.end
        let names = String(decoding: try await Self.tar(["-tf", "FILE"], bytes), as: UTF8.self)
        #expect(names == String(repeating: "n", count: 99) + "\nafter\n")
    }
}
