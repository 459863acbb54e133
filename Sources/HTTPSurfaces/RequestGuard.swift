// SPDX-License-Identifier: GPL-2.0-or-later
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection whose client does not send or read in time, and one that has had enough requests.
///
/// Times are absolute: a byte now and then does not make them longer.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ConnectionLimits
    private let table: ConnectionTable
    private var deadline: Scheduled<Void>?
    /// Requests that have been read and not been answered.
    private var pending = 0
    private var answers = 0
    private var bytes: InboundByteLimit?

    init(_ limits: ConnectionLimits, _ table: ConnectionTable) {
        self.limits = limits
        self.table = table
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Absent only in a pipeline that is being torn down.
        bytes = try? context.pipeline.syncOperations.handler(type: InboundByteLimit.self)
        table.add(context.channel)
        closeAfter(limits.headTime, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget(context)
    }

    private func forget(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        table.remove(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) {
            pending += 1
            if pending == 1 {
                _ = table.note(context.channel, isBusy: true)
                closeAfter(limits.answerTime, context)
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if answers + 1 >= limits.requests {
                head.headerFields[.connection] = "close"
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            let written = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in
                let (handler, context) = bound.value
                handler.answered(context)
            }
            context.write(data, promise: written)
        }
    }

    /// The answer is out of our hands.
    private func answered(_ context: ChannelHandlerContext) {
        bytes?.reset()
        pending -= 1
        answers += 1
        let mustClose = table.note(context.channel, isBusy: pending > 0)
        if mustClose || answers >= limits.requests {
            context.close(promise: nil)
        } else {
            closeAfter(pending > 0 ? limits.answerTime : limits.headTime, context)
        }
    }

    private func closeAfter(_ time: Duration, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) {
            context.close(promise: nil)
        }
    }
}

@available(*, unavailable)
extension RequestGuard: Sendable {}
