// SPDX-License-Identifier: GPL-2.0-or-later
import CLibNL

/// A reply to one request: `NLMSG_ERROR`, whose error number zero is an acknowledgement.
public struct NetlinkAcknowledgement: Hashable, Sendable {
    public var sequence: UInt32
    /// `nil` when the request succeeded.
    public var failure: NetlinkError?

    /// The acknowledgement that a message carries, or `nil` for a message of another type.
    public init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        guard Int32(message.type) == NLMSG_ERROR else { return nil }
        sequence = message.sequence
        failure = try Self.failure(of: message, in: datagram, echoesRequest: true)
    }

    /// The error that the last message of a dump carries, `nil` for a dump that ended well.
    ///
    /// `NLMSG_DONE` has a number as `NLMSG_ERROR` has, but no request behind it.
    static func failure(ofDone message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) -> NetlinkError? {
        guard !message.payload.isEmpty else { return nil }
        return try failure(of: message, in: datagram, echoesRequest: false)
    }

    private static func failure(
        of message: NetlinkMessage,
        in datagram: RawSpan,
        echoesRequest: Bool
    ) throws(NetlinkError) -> NetlinkError? {
        guard message.payload.count >= 4,
            let code = datagram.integer(Int32.self, at: message.payload.lowerBound)
        else {
            throw .malformed("answer without a number")
        }
        guard code != 0 else { return nil }
        let words = try explanation(of: message, in: datagram, echoesRequest: echoesRequest)
        return NetlinkError(.request, Errno(rawValue: 0 &- code), explanation: words)
    }

    /// The kernel's words, from the attributes that follow the number and the echoed request.
    private static func explanation(
        of message: NetlinkMessage,
        in datagram: RawSpan,
        echoesRequest: Bool
    ) throws(NetlinkError) -> String? {
        guard Int32(message.flags) & NLM_F_ACK_TLVS != 0 else { return nil }
        var skipped = 4
        if echoesRequest {
            guard message.payload.count >= 4 + NetlinkMessage.headerLength,
                let echoed = datagram.integer(UInt32.self, at: message.payload.lowerBound + 4)
            else {
                throw .malformed("answer that ends inside the request it echoes")
            }
            let isCapped = Int32(message.flags) & NLM_F_CAPPED != 0
            skipped += isCapped ? NetlinkMessage.headerLength : Int(echoed)
        }
        var attributes = try message.attributes(after: skipped)
        while let attribute = try attributes.next(in: datagram) {
            if attribute.type == Int(NLMSGERR_ATTR_MSG.rawValue) {
                return datagram.string(attribute)
            }
        }
        return nil
    }
}
