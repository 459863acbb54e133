// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesWatch
import NIOCore

/// What is known of a response, and who waits for what: the part of `ResponseStream` that has no threads in it.
///
/// What arrives of the body is kept until it is taken, all at once. Who brings a piece gets leave to bring the next one while
/// less than `capacity` is kept, and otherwise when it is taken. A reader that waits is not woken for each piece: it is handed what
/// is there when the connection has nothing more to bring at the moment, and while much comes, no sooner than `pause` after the
/// last time. So a message that comes alone waits for nothing.
struct ResponseState<Head: Sendable> {
    typealias HeadResult = Result<Head, APIError>
    typealias PieceResult = Result<[UInt8]?, APIError>

    enum Ending {
        case complete
        case failed(APIError)
    }

    /// What to do, once the lock is left.
    enum Action {
        case none
        /// Call `handOver` when the connection has brought what it has, and not before a time.
        case handOver(notBefore: NIODeadline)
        case resumeHead(CheckedContinuation<HeadResult, Never>, HeadResult)
        case resumePiece(CheckedContinuation<PieceResult, Never>, PieceResult)
    }

    /// In bytes. One piece more may be kept.
    let capacity: Int
    /// Between two times that a reader is woken.
    let pause: TimeAmount
    private var head: Head?
    private var body: [UInt8] = []
    /// How much was taken last: the next time will be much the same.
    private var lastTaken = 0
    /// Called when the body is taken, or will never be.
    private var leave: (@Sendable () -> Void)?
    private var ending: Ending?
    private var headWaiter: CheckedContinuation<HeadResult, Never>?
    private var pieceWaiter: CheckedContinuation<PieceResult, Never>?
    private var isHandOverDue = false
    private var lastHandOver = NIODeadline.uptimeNanoseconds(0)

    init(capacity: Int = 256 << 10, pause: TimeAmount = .milliseconds(2)) {
        self.capacity = capacity
        self.pause = pause
    }

    // MARK: What the connection brings

    mutating func receive(head: Head) -> Action {
        guard ending == nil else { return .none }
        guard let waiter = headWaiter.take() else {
            self.head = head
            return .none
        }
        return .resumeHead(waiter, .success(head))
    }

    /// - Parameter leave: Called when the next piece is welcome.
    /// - Returns: The leave itself where it is given at once, and what to do.
    mutating func receive(
        piece: some Collection<UInt8>,
        at now: NIODeadline,
        leave: @escaping @Sendable () -> Void
    ) -> (leave: (@Sendable () -> Void)?, action: Action) {
        guard ending == nil else { return (leave, .none) }
        if body.isEmpty { body.reserveCapacity(max(piece.count, min(lastTaken, capacity))) }
        body.append(contentsOf: piece)
        guard body.count < capacity else {
            if let waiter = pieceWaiter.take() {
                lastHandOver = now
                return (leave, .resumePiece(waiter, .success(takeBody())))
            }
            self.leave = leave
            return (nil, .none)
        }
        guard pieceWaiter != nil, !isHandOverDue else { return (leave, .none) }
        isHandOverDue = true
        return (leave, .handOver(notBefore: lastHandOver + pause))
    }

    /// The connection has nothing more to bring at the moment.
    mutating func handOver(at now: NIODeadline) -> Action {
        isHandOverDue = false
        guard !body.isEmpty, let waiter = pieceWaiter.take() else { return .none }
        lastHandOver = now
        return .resumePiece(waiter, .success(takeBody()))
    }

    /// The first ending holds.
    ///
    /// - Returns: A leave that is still to be given, for the connection to go on with its end, and what to do.
    mutating func end(_ new: Ending) -> (leave: (@Sendable () -> Void)?, action: Action) {
        guard ending == nil else { return (leave.take(), .none) }
        ending = new
        // A failure does not take back what has arrived, but the connection need not wait for it to be read.
        let leave = leave.take()
        if let waiter = headWaiter.take() {
            return (leave, .resumeHead(waiter, .failure(new.error ?? .endWithoutHead)))
        }
        guard let waiter = pieceWaiter.take() else { return (leave, .none) }
        guard body.isEmpty else { return (leave, .resumePiece(waiter, .success(takeBody()))) }
        return (leave, .resumePiece(waiter, new.error.map { .failure($0) } ?? .success(nil)))
    }

    // MARK: What the reader takes

    /// - Returns: The head, or `nil` when `waiter` will be resumed with it.
    mutating func takeHead(or waiter: CheckedContinuation<HeadResult, Never>) -> HeadResult? {
        if let head = head.take() { return .success(head) }
        if let ending { return .failure(ending.error ?? .endWithoutHead) }
        headWaiter = waiter
        return nil
    }

    /// - Returns: A leave to be given, and what is there of the body, or `nil` when there is none yet.
    mutating func takePiece() -> (leave: (@Sendable () -> Void)?, result: PieceResult?) {
        guard body.isEmpty else { return (leave.take(), .success(takeBody())) }
        guard let ending else { return (nil, nil) }
        return (nil, ending.error.map { .failure($0) } ?? .success(nil))
    }

    /// - Returns: What is there after all, or `nil` when `waiter` will be resumed with it.
    mutating func takePiece(
        or waiter: CheckedContinuation<PieceResult, Never>
    ) -> (leave: (@Sendable () -> Void)?, result: PieceResult?) {
        let taken = takePiece()
        if taken.result == nil { pieceWaiter = waiter }
        return taken
    }

    private mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        lastTaken = body.count
        return body
    }
}

extension ResponseState.Ending {
    fileprivate var error: APIError? {
        if case .failed(let error) = self { error } else { nil }
    }
}

extension APIError {
    fileprivate static let endWithoutHead = APIError.transport(
        TransportFailure(.connectionLost, "the connection was closed before the response")
    )
}

extension ResponseState.Action {
    /// - Parameter handOver: Called for a hand-over that is due at a time.
    func perform(handOver: (NIODeadline) -> Void = { _ in }) {
        switch self {
        case .none: break
        case .handOver(let time): handOver(time)
        case .resumeHead(let waiter, let result): waiter.resume(returning: result)
        case .resumePiece(let waiter, let result): waiter.resume(returning: result)
        }
    }
}
