// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import ManifestFiles

struct PendingFilesTests {
    private func pending(_ events: [(DirectoryEvent.Kinds, String)]) -> PendingFiles {
        var pending = PendingFiles()
        for (kinds, name) in events { pending.note(DirectoryEvent(watch: 1, kinds: kinds, name: name)) }
        return pending
    }

    @Test func `a file that is being written is not read before its writer closes it`() {
        var pending = pending([(.created, "a.yaml"), (.modified, "a.yaml"), (.modified, "a.yaml")])
        #expect(pending.isEmpty)
        #expect(pending.ready.isEmpty)
        pending.note(DirectoryEvent(watch: 1, kinds: .writerClosed, name: "a.yaml"))
        #expect(pending.ready == ["a.yaml"])
        pending.take(["a.yaml"])
        #expect(pending.isEmpty)
    }

    @Test(arguments: [DirectoryEvent.Kinds.movedIn, .movedOut, .deleted, .writerClosed])
    func `a file that was exchanged or deleted while it was written is read`(kinds: DirectoryEvent.Kinds) {
        let pending = pending([(.modified, "a.yaml"), (kinds, "a.yaml")])
        #expect(pending.ready == ["a.yaml"])
    }

    @Test func `a file that is written again after it was taken is pending`() {
        var pending = pending([(.writerClosed, "a.yaml")])
        pending.take(pending.ready)
        #expect(!pending.isBeingWritten("a.yaml"))
        pending.note(DirectoryEvent(watch: 1, kinds: .modified, name: "a.yaml"))
        #expect(pending.isBeingWritten("a.yaml"))
        #expect(pending.isEmpty)
    }

    @Test func `after an overflow everything is read`() {
        var pending = pending([(.modified, "a.yaml"), (.overflow, "")])
        #expect(!pending.isBeingWritten("a.yaml"))
        let first = pending.takeAll()
        #expect(first)
        let second = pending.takeAll()
        #expect(!second)
    }

    @Test func `an exchanged ConfigMap volume is read whole`() {
        #expect(pending([(.movedIn, "..data")]).includesAll)
        #expect(pending([(.created, "..data_tmp"), (.movedIn, "..2025_01_01")]).isEmpty)
    }

    @Test(arguments: [DirectoryEvent.Kinds.directoryDeleted, .directoryMoved, .unmounted, .watchEnded])
    func `the directory can be lost`(kinds: DirectoryEvent.Kinds) {
        #expect(pending([(kinds, "")]).hasLostDirectory)
    }

    @Test func `files that are no manifests do not count`() {
        #expect(pending([(.writerClosed, ".a.yaml.swp"), (.movedIn, "a.yaml~"), (.created, "4913")]).isEmpty)
    }

    @Test func `events are read from the kernel's bytes`() {
        func bytes(_ watch: Int32, _ mask: UInt32, _ name: [UInt8]) -> [UInt8] {
            let header = [UInt32(bitPattern: watch), mask, 0, UInt32(name.count)]
            return header.flatMap { number in unsafe withUnsafeBytes(of: number) { unsafe Array($0) } } + name
        }
        let name = Array("a.yaml".utf8) + Array(repeating: 0, count: 10)
        let events = DirectoryEvent.events(in: bytes(3, 0x8, name) + bytes(-1, 0x4000, []) + bytes(3, 0x80, name))
        #expect(
            events == [
                DirectoryEvent(watch: 3, kinds: .writerClosed, name: "a.yaml"),
                DirectoryEvent(watch: -1, kinds: .overflow, name: ""),
                DirectoryEvent(watch: 3, kinds: .movedIn, name: "a.yaml"),
            ]
        )
        #expect(DirectoryEvent.events(in: Array(bytes(3, 0x8, name).dropLast(5))).isEmpty)
    }
}
