// SPDX-License-Identifier: GPL-2.0-or-later
import CYaml
import KubernetesObjects

/// One event of the parser, with the line that it starts on, from 1.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(YAMLScalar, anchor: String?)
        case sequenceStart(anchor: String?)
        case mappingStart(anchor: String?)
        /// Of a sequence or of a mapping.
        case collectionEnd
    }

    var kind: Kind
    var line: Int
}

/// A scalar as it was written.
struct YAMLScalar {
    var text: String
    /// Neither quoted nor a block.
    var isPlain: Bool
    /// The tag that is written before it, or `tag:yaml.org,2002:str` for quotes and blocks without one.
    var tag: String?

    static let stringTag = "tag:yaml.org,2002:str"
}

/// What libyaml finds in a text, event by event: no tree, no recursion, and nothing is held but the current token.
///
/// Yams' own trees are built and hashed by recursion, and copy what an alias stands for, so only its copy of libyaml is used.
@safe struct YAMLEvents: ~Copyable {
    /// libyaml compares each `%TAG` with all before it. No manifest has any.
    private static let mostTagDirectives = 100

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeBufferPointer<UInt8>
    private let limits: DocumentLimits
    private let firstLine: Int

    /// - Parameters:
    ///   - text: UTF-8 that stays where it is for as long as this lives.
    ///   - firstLine: The line that it starts on.
    ///   - limits: For the words of a refusal. libyaml itself ends at 1,000 levels, up to which it looks ahead.
    /// - Throws: When there is no memory for a parser, or the text begins with more directives than anybody needs.
    init(
        _ text: UnsafeBufferPointer<UInt8>,
        from firstLine: Int = 1,
        _ limits: DocumentLimits
    ) throws(DocumentSyntaxError) {
        unsafe self.text = text
        self.limits = limits
        self.firstLine = firstLine
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            throw DocumentSyntaxError(line: firstLine, reason: "out of memory")
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
        try limitTagDirectives()
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    private func limitTagDirectives() throws(DocumentSyntaxError) {
        let directive = Array("%TAG".utf8)
        var line = firstLine
        var found = 0
        var previous: UInt8 = 0
        for index in unsafe text.indices {
            let byte = unsafe text[index]
            // What stands before a directive is a line break, one of Unicode's among them.
            if byte == directive[0], previous < 0x20 || previous >= 0x80,
                unsafe text[index...].starts(with: directive)
            {
                found += 1
                guard found <= Self.mostTagDirectives else {
                    throw DocumentSyntaxError(line: line, reason: "more than \(Self.mostTagDirectives) %TAG directives")
                }
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
            previous = byte
        }
    }

    /// The next event.
    mutating func next() throws(DocumentSyntaxError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        return YAMLEvent(kind: unsafe Self.kind(of: event), line: unsafe Int(event.start_mark.line) + firstLine)
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return unsafe .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let tag = unsafe scalar.quoted_implicit == 1 ? YAMLScalar.stringTag : string(scalar.tag)
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe .scalar(
                YAMLScalar(
                    text: String(decoding: bytes, as: UTF8.self),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                    tag: tag
                ),
                anchor: string(scalar.anchor)
            )
        case YAML_SEQUENCE_START_EVENT: return unsafe .sequenceStart(anchor: string(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: return unsafe .mappingStart(anchor: string(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
        case YAML_STREAM_START_EVENT: return .streamStart
        default: return .streamEnd
        }
    }

    private static func string(_ text: UnsafePointer<yaml_char_t>?) -> String? {
        unsafe text.map { unsafe String(cString: $0) }
    }

    private func failure() -> DocumentSyntaxError {
        let state = unsafe parser.pointee
        let problem = unsafe state.problem.map { unsafe String(cString: $0) } ?? ""
        switch unsafe state.error {
        case YAML_READER_ERROR:
            let before = unsafe text.prefix(Int(state.problem_offset)).count { $0 == UInt8(ascii: "\n") }
            let code = unsafe state.problem_value < 0 ? "" : " (character number \(state.problem_value))"
            return DocumentSyntaxError(line: before + firstLine, reason: problem + code)
        case YAML_SCANNER_ERROR, YAML_PARSER_ERROR:
            let line = unsafe Int(state.problem_mark.line) + firstLine
            if problem.hasPrefix("Maximum nesting level") { return DocumentSyntaxError(line: line, tooDeep: limits) }
            let context = unsafe state.context.map { unsafe String(cString: $0) + " " } ?? ""
            return DocumentSyntaxError(line: line, reason: context + problem)
        default:
            return DocumentSyntaxError(line: firstLine, reason: "out of memory")
        }
    }
}
