// SPDX-License-Identifier: GPL-2.0-or-later
import CSetsProtocol
import DataplaneModel
import Glibc

extension sets_request {
    init(_ command: sets_command) {
        self.init()
        magic = SETS_MAGIC
        version = UInt16(SETS_VERSION)
        self.command = UInt8(command.rawValue)
    }

    init(_ command: sets_command, _ set: IPSetDefinition) throws(IPSetFailure) {
        self.init(command)
        type = UInt8(sets_type(set.type).rawValue)
        family = UInt8(set.family.rawAddressFamily)
        try setName(set.name)
    }

    mutating func setName(_ text: String) throws(IPSetFailure) { try Self.store(text, in: &name) }
    mutating func setOther(_ text: String) throws(IPSetFailure) { try Self.store(text, in: &other) }

    private static func store<Field>(_ text: String, in field: inout Field) throws(IPSetFailure) {
        guard (1..<SETS_NAME_SIZE).contains(text.utf8.count), !text.utf8.contains(0) else {
            throw IPSetFailure(number: ENAMETOOLONG, words: "a set's name has 1 to 31 bytes")
        }
        unsafe withUnsafeMutableBytes(of: &field) { unsafe $0.copyBytes(from: text.utf8) }
    }
}

extension sets_type {
    fileprivate init(_ type: IPSetType) {
        self =
            switch type {
            case .bitmapPort: SETS_BITMAP_PORT
            case .hashIP: SETS_HASH_IP
            case .hashIPPort: SETS_HASH_IP_PORT
            case .hashIPPortIP: SETS_HASH_IP_PORT_IP
            case .hashIPPortNet: SETS_HASH_IP_PORT_NET
            }
    }
}

extension sets_answer {
    /// The words.
    var text: String {
        unsafe withUnsafeBytes(of: words) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
