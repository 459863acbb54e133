import KubernetesWatch

/// What is known of a response, and who waits for what: the part of `ResponseStream` that has no threads in it.
///
/// At most one piece of the body is held. Whoever brings it gets no leave to bring the next one before it is taken.
struct ResponseState<Head: Sendable, Piece: Sendable> {
    typealias HeadResult = Result<Head, APIError>
    typealias PieceResult = Result<Piece?, APIError>

    enum Ending {
        case complete
        case failed(APIError)
    }

    /// What to do, once the lock is left.
    enum Action {
        case none
        case resumeHead(CheckedContinuation<HeadResult, Never>, HeadResult)
        case resumePiece(CheckedContinuation<PieceResult, Never>, PieceResult)
    }

    private var head: Head?
    private var piece: Piece?
    /// Called when the piece is taken, or will never be.
    private var leave: (@Sendable () -> Void)?
    private var ending: Ending?
    private var headWaiter: CheckedContinuation<HeadResult, Never>?
    private var pieceWaiter: CheckedContinuation<PieceResult, Never>?

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
        piece: Piece,
        leave: @escaping @Sendable () -> Void
    ) -> (leave: (@Sendable () -> Void)?, action: Action) {
        guard ending == nil else { return (leave, .none) }
        if let waiter = pieceWaiter.take() {
            return (leave, .resumePiece(waiter, .success(piece)))
        }
        self.piece = piece
        self.leave = leave
        return (nil, .none)
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

    /// - Returns: A leave to be given, and the piece, or `nil` when there is none yet.
    mutating func takePiece() -> (leave: (@Sendable () -> Void)?, result: PieceResult?) {
        if let piece = piece.take() { return (leave.take(), .success(piece)) }
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
    func perform() {
        switch self {
        case .none: break
        case .resumeHead(let waiter, let result): waiter.resume(returning: result)
        case .resumePiece(let waiter, let result): waiter.resume(returning: result)
        }
    }
}
