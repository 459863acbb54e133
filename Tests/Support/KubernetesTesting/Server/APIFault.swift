// SPDX-License-Identifier: GPL-2.0-or-later
/// What can go wrong with a server or the way to it. Each fault hits once, unless it says otherwise.
package enum APIFault: Hashable, Sendable {
    // Hit the next list.
    case listRefused(ServerStatus)
    case listReset
    /// Answers with the head alone, and then says nothing.
    case listFallsSilent
    /// Ends the body in good order in the middle of an item.
    case listCutShort
    /// Forgets the history after the first page, so that the next page has expired.
    case listExpiresBetweenPages

    // Hit the watch that is open, or else the next one.
    /// Refuses the next watch; one that is open is ended for it.
    case watchRefused(ServerStatus)
    /// Says so in an `ERROR` message of an open watch.
    case watchError(ServerStatus)
    case watchEndsAtOnce
    case watchReset
    /// The server's side is closed without the last chunk.
    case watchHalfClosed
    /// Stops sending, and keeps the connection open.
    case watchFallsSilent
    /// Sends the first half of a message, and resets.
    case watchResetWithinMessage
    /// Sends the first half of a message, and ends the body in good order.
    case watchCutShort
    /// Sends something that is no message.
    case malformedMessage
    /// Sends the beginning of a message that is too long for anybody.
    case oversizedMessage
    /// Sends the last message of the watch again.
    case duplicateMessage
    /// Sends a message of a type that nobody knows.
    case unknownMessageType

    package var hitsLists: Bool {
        switch self {
        case .listRefused, .listReset, .listFallsSilent, .listCutShort, .listExpiresBetweenPages: true
        default: false
        }
    }
}
