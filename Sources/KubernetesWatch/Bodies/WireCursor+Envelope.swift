// SPDX-License-Identifier: GPL-2.0-or-later
// What every object in protobuf comes in, as `ProtobufEnvelope` says it, read in place.

extension WireCursor {
    /// The type of a watch message, and the object in it without its envelope.
    ///
    /// - Throws: Where the generated decoder has to look.
    static func watchMessage(_ bytes: [UInt8]) throws(Unusual) -> (type: String, contents: [UInt8]) {
        var cursor = WireCursor(bytes)
        var type = ""
        var contents: [UInt8]?
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1): type = try cursor.string()
            case .bytes(2):
                // Twice, they would have to be merged.
                guard contents == nil else { throw Unusual() }
                try cursor.message(only: .bytes(1)) { wrapper throws(Unusual) in
                    try wrapper.message { raw throws(Unusual) in contents = try raw.envelope() }
                }
            default: try cursor.skip(field)
            }
        }
        guard let contents else { throw Unusual() }
        return (type, contents)
    }

    /// `runtime.Unknown` after its four bytes.
    private mutating func envelope() throws(Unusual) -> [UInt8] {
        try expect(ProtobufEnvelope.magic)
        var contents: [UInt8] = []
        while let field = try nextField() {
            switch field {
            case .bytes(1):
                try message { meta throws(Unusual) in
                    while let field = try meta.nextField() {
                        if case .bytes(1...2) = field { _ = try meta.text() } else { try meta.skip(field) }
                    }
                }
            case .bytes(2): contents = try data()
            case .bytes(3...4): _ = try text()
            default: try skip(field)
            }
        }
        return contents
    }
}
