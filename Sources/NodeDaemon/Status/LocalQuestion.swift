// SPDX-License-Identifier: GPL-2.0-or-later

/// What somebody asks on the daemon's local socket: a request of HTTP/1, so that `curl --abstract-unix-socket` can ask too.
struct LocalQuestion: Hashable, Sendable {
    var method: String
    var path: String
    var body: [UInt8]

    /// More than the longest question: 256 virtual servers of IPv6.
    static var longest: Int { 32 << 10 }

    /// What has been read of a question so far.
    enum Reading: Hashable {
        case whole(LocalQuestion)
        case unfinished
        case none
    }

    static func read(_ bytes: [UInt8]) -> Reading {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.firstRange(of: separator) else {
            return bytes.count < longest ? .unfinished : .none
        }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = head.first?.split(separator: " ") ?? []
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return .none }
        var length = 0
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            guard let number = Int(parts[1].filter { $0 != " " }), (0...longest).contains(number) else { return .none }
            length = number
        }
        let body = bytes[end.upperBound...]
        guard body.count >= length else { return .unfinished }
        return .whole(
            LocalQuestion(method: String(words[0]), path: String(words[1]), body: Array(body.prefix(length))))
    }

    /// The question as it is sent.
    var text: [UInt8] {
        let length = body.isEmpty ? "" : "Content-Length: \(body.count)\r\n"
        return Array("\(method) \(path) HTTP/1.0\r\nHost: localhost\r\n\(length)\r\n".utf8) + body
    }
}

/// What the daemon answers on its local socket.
struct LocalAnswer: Hashable, Sendable {
    var code: Int
    var contentType = "text/plain; charset=utf-8"
    var body: [UInt8]

    init(_ code: Int, _ contentType: String, _ body: [UInt8]) {
        self.code = code
        self.contentType = contentType
        self.body = body
    }

    /// A refusal in words.
    init(_ code: Int, _ words: String) {
        self.code = code
        body = Array("\(words)\n".utf8)
    }

    /// The answer as it is sent. The connection ends with it, so it has no need of chunks.
    var text: [UInt8] {
        let head = """
            HTTP/1.0 \(code) \(code == 200 ? "OK" : "Error")\r
            Server: kube-ipvs\r
            Content-Type: \(contentType)\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        return Array(head.utf8) + body
    }

    /// The answer in what has been read up to the end of a connection; `nil` for what is none, or not whole.
    init?(read bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = head.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]),
            head.contains("Server: kube-ipvs"),
            let length = head.first(where: { $0.hasPrefix("Content-Length: ") }).flatMap({ Int($0.dropFirst(16)) })
        else { return nil }
        let body = bytes[end.upperBound...]
        guard body.count == length else { return nil }
        self.init(code, "", Array(body))
    }
}
