// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Synchronization

/// One open watch on the server's side.
package final class WatchSession: Sendable {
    private struct Progress {
        /// Everything up to this version has been sent, or need not be.
        var version: Int
        var bookmarks: Int
        var endings: Int
        /// Steps that are decided on and not taken, the next one last.
        var steps: [ServerStep] = []
        var lastMessage: [UInt8]?
        var isOver = false
    }

    private let server: FakeAPIServer
    private let kind: KubernetesObject.Kind
    private let selection: Selection
    private let encoding: ServerEncoding
    private let progress: Mutex<Progress>

    init(
        server: FakeAPIServer,
        kind: KubernetesObject.Kind,
        selection: Selection,
        encoding: ServerEncoding,
        after version: Int,
        initialSteps: [ServerStep] = [],
        _ state: FakeAPIServer.State
    ) {
        self.server = server
        self.kind = kind
        self.selection = selection
        self.encoding = encoding
        var begun = Progress(version: version, bookmarks: state.bookmarks, endings: state.endings)
        begun.steps = initialSteps.reversed()
        progress = Mutex(begun)
    }

    deinit {
        close()
    }

    /// The next step; waits for one. `nil` when the watch is over or the task is cancelled.
    func next() async -> ServerStep? {
        while !Task.isCancelled {
            let generation = server.changed.generation
            let (step, isOver) = takeStep()
            if let step { return step }
            if isOver { return nil }
            await server.changed.wait(past: generation)
        }
        close()
        return nil
    }

    /// The client is gone.
    package func close() {
        let wasOpen = progress.withLock { progress in
            defer { progress.isOver = true }
            return !progress.isOver
        }
        if wasOpen { server.update { $0.openWatches -= 1 } }
    }

    private func takeStep() -> (ServerStep?, isOver: Bool) {
        var hasEnded = false
        var hasUsedFault = false
        let result: (ServerStep?, isOver: Bool) = server.state.withLock { state in
            progress.withLock { progress in
                if progress.steps.isEmpty, !progress.isOver {
                    let waiting = state.watchFaults[kind]?.count
                    progress.steps = decide(&state, &progress).reversed()
                    hasUsedFault = state.watchFaults[kind]?.count != waiting
                }
                guard let step = progress.steps.popLast() else { return (nil, progress.isOver) }
                if case .send = step { return (step, false) }
                progress.steps = []
                progress.isOver = true
                state.openWatches -= 1
                hasEnded = true
                return (step, true)
            }
        }
        if hasEnded || hasUsedFault { server.changed.raise() }
        return result
    }

    private func decide(_ state: inout FakeAPIServer.State, _ progress: inout Progress) -> [ServerStep] {
        let pieceLength = state.options.pieceLength
        func send(_ bytes: [UInt8]) -> [ServerStep] { bytes.pieces(of: pieceLength).map(ServerStep.send) }

        if let fault = state.watchFaults[kind]?.first {
            // A refusal hits the next watch, so this one is ended and the fault stays.
            if case .watchRefused = fault { return [.end] }
            state.watchFaults[kind]?.removeFirst()
            switch fault {
            case .watchError(let status): return send(encoding.error(status)) + [.end]
            case .watchReset: return [.reset]
            case .watchHalfClosed: return [.halfClose]
            case .watchFallsSilent: return [.silence]
            case .watchResetWithinMessage: return send(half(state)) + [.reset]
            case .watchCutShort: return send(half(state)) + [.end]
            case .malformedMessage: return send(encoding.malformedMessage)
            case .oversizedMessage: return [.send(encoding.oversizedMessage)]
            case .unknownMessageType: return send(encoding.message("RENAMED", .fields([:]), kind: kind))
            case .duplicateMessage: return progress.lastMessage.map(send) ?? []
            default: return [.end]
            }
        }
        while let change = state.model.firstChange(after: progress.version) {
            progress.version = change.version
            guard change.id?.kind == kind, let message = message(change) else { continue }
            progress.lastMessage = message
            return send(message)
        }
        if progress.bookmarks < state.bookmarks {
            progress.bookmarks = state.bookmarks
            return send(encoding.bookmark(progress.version, kind: kind))
        }
        if progress.endings < state.endings { return [.end] }
        return []
    }

    /// What a watch with these selectors sees of a change: an object that is no longer selected is deleted for it.
    private func message(_ change: ClusterModel.Change) -> [UInt8]? {
        let before = change.before.flatMap { selection.contains($0) ? $0 : nil }
        let after = change.after.flatMap { selection.contains($0) ? $0 : nil }
        switch (before, after) {
        case (nil, let after?): return encoding.message("ADDED", after, kind: kind)
        case (_?, let after?): return encoding.message("MODIFIED", after, kind: kind)
        case (var before?, nil):
            before["metadata", "resourceVersion"] = .text("\(change.version)")
            return encoding.message("DELETED", before, kind: kind)
        case (nil, nil): return nil
        }
    }

    /// The first half of a message.
    private func half(_ state: FakeAPIServer.State) -> [UInt8] {
        let message = encoding.bookmark(state.model.version, kind: kind)
        return Array(message[..<(message.count / 2)])
    }
}
