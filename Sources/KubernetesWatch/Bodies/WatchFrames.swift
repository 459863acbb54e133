// SPDX-License-Identifier: GPL-2.0-or-later
/// Cuts the body of a watch into messages.
///
/// In protobuf each message comes after its length, 4 bytes in network order; in JSON each is a line. See
/// `pkg/util/framer/framer.go` of k8s.io/apimachinery. Chunks of the body fall anywhere, within the length too.
struct WatchFrames: Sendable {
    let encoding: ContentEncoding
    /// The longest message taken, in bytes. A longer one is an error, so that a bad length cannot make the daemon buffer
    /// without end. etcd takes no object of more than 1.5 MB as it is configured by default.
    let maximumLength: Int

    private var queue = ByteQueue()
    /// For JSON: the first bytes of the queue in which there is no end of line.
    private var scanned = 0

    init(encoding: ContentEncoding, maximumLength: Int = 16 << 20) {
        self.encoding = encoding
        self.maximumLength = maximumLength
    }

    /// Whether nothing is left over of a message that has not arrived whole.
    var isBetweenMessages: Bool { queue.count == 0 }

    mutating func append(_ chunk: [UInt8]) {
        queue.append(chunk)
    }

    /// The next whole message, or `nil` until more has been appended.
    mutating func next() throws(APIError) -> [UInt8]? {
        switch encoding {
        case .protobuf: try nextPrefixed()
        case .json: try nextLine()
        }
    }

    private mutating func nextPrefixed() throws(APIError) -> [UInt8]? {
        guard queue.count >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 << 8 | Int(queue[$1]) }
        try check(length)
        guard queue.count >= 4 + length else { return nil }
        queue.drop(4)
        return queue.take(length)
    }

    private mutating func nextLine() throws(APIError) -> [UInt8]? {
        while let end = queue.firstOffset(of: UInt8(ascii: "\n"), from: scanned) {
            scanned = 0
            try check(end)
            let line = queue.take(end)
            queue.drop(1)
            if !line.allSatisfy({ $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: " ") }) { return line }
        }
        scanned = queue.count
        try check(scanned)
        return nil
    }

    private func check(_ length: Int) throws(APIError) {
        guard length <= maximumLength else { throw .malformed("a watch message of \(length) bytes or more") }
    }
}
