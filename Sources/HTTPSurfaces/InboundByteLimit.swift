// SPDX-License-Identifier: GPL-2.0-or-later
import NIOCore

/// Closes a connection that sends more than a request may have. Stands before the parser, which would keep it all.
final class InboundByteLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: Int
    private var count = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// The next request may have as much again.
    func reset() {
        count = 0
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count += unwrapInboundIn(data).readableBytes
        guard count <= limit else { return context.close(promise: nil) }
        context.fireChannelRead(data)
    }
}

@available(*, unavailable)
extension InboundByteLimit: Sendable {}
