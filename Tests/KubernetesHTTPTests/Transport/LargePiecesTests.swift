// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import NIOCore
import NIOHTTP1
import Testing

@testable import KubernetesHTTP

/// The body of a response is handed over in large pieces, within a bound.
@Suite(.timeLimit(.minutes(5))) struct LargePiecesTests {
    private typealias State = ResponseState<String>

    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private func bytes(_ result: State.PieceResult?) -> [UInt8]? {
        if case .success(let bytes)?? = result.map(Optional.some) { bytes } else { nil }
    }

    @Test func `what has arrived is handed over together`() {
        var state = State(capacity: 100)
        for byte in 0..<10 as Range<UInt8> {
            let (leave, action) = state.receive(piece: [byte], at: at(0)) {}
            #expect(leave != nil)
            guard case .none = action else {
                Issue.record("nobody waits, and \(action) is to be done")
                return
            }
        }
        #expect(bytes(state.takePiece().result) == Array(0..<10))
        #expect(state.takePiece().result == nil)
    }

    @Test func `no more is kept than the bound and one piece`() {
        var state = State(capacity: 100)
        #expect(state.receive(piece: [UInt8](repeating: 1, count: 99), at: at(0)) {}.leave != nil)
        #expect(state.receive(piece: [UInt8](repeating: 2, count: 50), at: at(0)) {}.leave == nil)
        let (leave, result) = state.takePiece()
        #expect(leave != nil)
        #expect(bytes(result)?.count == 149)
    }

    @Test func `a reader that waits is woken once for all that the connection has`() async {
        var state = State(capacity: 100)
        let result = await withCheckedContinuation { waiter in
            #expect(state.takePiece(or: waiter).result == nil)
            var handOvers = 0
            for byte in 0..<10 as Range<UInt8> {
                state.receive(piece: [byte], at: at(0)) {}.action.perform { _ in handOvers += 1 }
            }
            #expect(handOvers == 1)
            state.handOver(at: at(0)).perform()
        }
        #expect(bytes(result) == Array(0..<10))
    }

    @Test func `while much comes a reader is woken no sooner than after a pause, and a message alone at once`() async {
        var state = State(pause: .seconds(2))
        var last = at(0)
        for arrival in [100, 101, 103, 110] as [Int64] {
            _ = await withCheckedContinuation { waiter in
                _ = state.takePiece(or: waiter)
                let action = state.receive(piece: [7], at: at(arrival)) {}.action
                guard case .handOver(notBefore: let time) = action else {
                    Issue.record("nothing is due")
                    waiter.resume(returning: .success(nil))
                    return
                }
                #expect(time == last + .seconds(2))
                last = at(arrival)
                state.handOver(at: last).perform()
            }
        }
    }

    @Test func `a reader that waits is woken at the bound, and then not once more for nothing`() async {
        var state = State(capacity: 5)
        let result = await withCheckedContinuation { waiter in
            _ = state.takePiece(or: waiter)
            for byte in 0..<5 as Range<UInt8> { state.receive(piece: [byte], at: at(0)) {}.action.perform() }
        }
        #expect(bytes(result) == Array(0..<5))
        guard case .none = state.handOver(at: at(0)) else {
            Issue.record("there is nothing to hand over")
            return
        }
    }

    @Test(arguments: [true, false])
    func `what has arrived comes before the end`(isWhole: Bool) async {
        let lost = APIError.transport(TransportFailure(.connectionLost, "reset"))
        var state = State()
        let result = await withCheckedContinuation { waiter in
            _ = state.takePiece(or: waiter)
            state.receive(piece: [7], at: at(0)) {}.action.perform()
            // Before the hand-over that is due.
            state.end(isWhole ? .complete : .failed(lost)).action.perform()
        }
        #expect(bytes(result) == [7])
        #expect(state.takePiece().result == (isWhole ? .success(nil) : .failure(lost)))
    }

    @Test func `a list of many small pieces comes in few`() async throws {
        let total = 8 << 20
        let answer = RawServer.Answer(body: [UInt8](repeating: 0x61, count: 2048), repetitions: total >> 11)
        try await RawServer.run({ _ in answer }) { server in
            let response = try await HTTPTransport(.plain(server.port)).send(APIRequest(path: "/"))
            var body = response.body.makeAsyncIterator()
            var received = 0
            var longest = 0
            // A reader that takes its time for each piece finds more in the next one.
            while let piece = try await body.next() {
                received += piece.count
                longest = max(longest, piece.count)
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(received == total)
            #expect(longest > 4096)
            #expect(longest <= (256 << 10) + (1 << 16))
        }
    }

    // MARK: The idle timer

    @Test func `one timer serves many waits, and goes off for the one that is too long`() {
        var idle = IdleState(limit: .seconds(10))
        #expect(idle.beginWait(at: at(0)) == at(10))
        for second in 1..<9 as Range<Int64> {
            idle.endWait()
            #expect(idle.beginWait(at: at(second)) == nil)
        }
        // The last one began at 8 s.
        #expect(idle.goOff(at: at(10)) == .again(at(18)))
        #expect(idle.goOff(at: at(18)) == .expired)
    }

    @Test func `while nobody waits no time counts`() {
        var idle = IdleState(limit: .seconds(10))
        #expect(idle.beginWait(at: at(0)) == at(10))
        idle.endWait()
        #expect(idle.goOff(at: at(10)) == .rest)
        #expect(idle.goOff(at: at(11)) == .rest)
        #expect(idle.beginWait(at: at(100)) == at(110))
        #expect(idle.goOff(at: at(110)) == .expired)
    }
}
