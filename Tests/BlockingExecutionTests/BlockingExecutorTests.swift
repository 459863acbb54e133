// SPDX-License-Identifier: GPL-2.0-or-later
import BlockingExecution
import Foundation
import Glibc
import SmallFiles
import Synchronization
import SystemTesting
import Testing

@Suite(.timeLimit(.minutes(5)))
struct BlockingExecutorTests {
    @Test func `an actor's calls run one after the other, all on one thread`() async throws {
        let counter = Counter(label: "counter")
        let answers = await withTaskGroup(of: Answer.self) { group in
            for _ in 0..<1000 { group.addTask { await counter.countUp() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.count).sorted() == Array(1...1000))
        #expect(Set(answers.map(\.thread)).count == 1)
    }

    @Test func `two actors do not wait for each other`() async {
        let blocked = Counter(label: "blocked")
        let free = Counter(label: "free")
        let isDone = Flag()
        async let answer = blocked.waits(for: isDone)
        let other = await free.countUp()
        isDone.set()
        #expect(await answer.thread != other.thread)
    }

    @Test func `the thread has the first 15 bytes of the label as its name, and ends with its actor`() async throws {
        var counter: Counter? = Counter(label: "ends-with-its-actor")
        _ = await counter?.countUp()
        #expect(try threadNames().contains("ends-with-its-a"))
        counter = nil
        try await eventually("the thread is gone") { try !threadNames().contains("ends-with-its-a") }
    }
}

private struct Answer {
    var count: Int
    var thread: pthread_t
}

/// Counts on a thread of its own.
private actor Counter {
    private let executor: BlockingExecutor
    private var count = 0

    init(label: String) {
        executor = BlockingExecutor(label: label)
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    func countUp() -> Answer {
        count += 1
        return Answer(count: count, thread: pthread_self())
    }

    func waits(for flag: Flag) -> Answer {
        while !flag.isSet { usleep(1000) }
        return countUp()
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}

/// Of this process.
private func threadNames() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap { task in
        // One that has just ended has no file any more.
        try? String(decoding: SmallFile.read("/proc/self/task/\(task)/comm"), as: UTF8.self)
            .replacing("\n", with: "")
    }
}
