// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A JSON document with one long list, written as its elements come, one a line. Same members, same bytes.
struct JSONReport: ~Copyable {
    /// Raised when a key goes or changes its meaning. New keys may come without.
    static var schemaVersion: Int64 { 1 }

    private var buffer: OutputBuffer
    private var isFirst = true

    /// - Parameter list: the key of the list.
    init(_ list: String, to output: OutputDescriptor) throws(OutputError) {
        buffer = OutputBuffer(output)
        try buffer.write(Array("{\"schemaVersion\":\(Self.schemaVersion),\"\(list)\":[".utf8))
    }

    mutating func add(_ element: JSONValue) throws(OutputError) {
        try buffer.write(Array((isFirst ? "\n" : ",\n").utf8) + element.text)
        // Who waits for a long list sees that it has begun.
        if isFirst { try buffer.flush() }
        isFirst = false
    }

    /// Ends the list, and with some more members the document.
    consuming func end(_ members: KeyValuePairs<String, JSONValue> = [:]) throws(OutputError) {
        try end(members: members.map { JSONValue.Member(key: $0.key, value: $0.value) })
    }

    consuming func end(members: [JSONValue.Member]) throws(OutputError) {
        try buffer.write(Array((isFirst ? "]" : "\n]").utf8))
        for member in members {
            let key = JSONValue.string(member.key).text
            try buffer.write(Array(",\n".utf8) + key + [UInt8(ascii: ":")] + member.value.text)
        }
        try buffer.write(Array("}\n".utf8))
        try buffer.flush()
    }
}
