// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A list in JSON, cut into items: what stands between the brackets of the top level's `items`. The rest is kept, as a
/// document whose `items` are empty.
struct JSONListCutter: Sendable {
    let maximumLength: Int

    /// How many mappings and lists are open.
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var isInItems = false
    /// The last string of the top level since the last comma: the key, while its value has not begun.
    private var key: [UInt8] = []
    private var isKeyOpen = false
    /// What has arrived of the current item.
    private var item: [UInt8] = []
    /// Everything but the items.
    private var rest: [UInt8] = []

    init(maximumLength: Int) {
        self.maximumLength = maximumLength
    }

    private var isInItem: Bool { isInItems && depth > 2 }

    mutating func append(_ chunk: [UInt8], _ body: ([UInt8]) throws(APIError) -> Void) throws(APIError) {
        var runStart = 0
        for (index, byte) in chunk.enumerated() {
            let wasInItem = isInItem
            let wasInItems = isInItems
            try step(byte)
            if isInItem != wasInItem {
                if wasInItem {
                    item += chunk[runStart...index]
                    try checkLength()
                    let whole = item
                    item = []
                    try body(whole)
                    runStart = index + 1
                } else {
                    runStart = index
                }
            } else if !isInItem, !(wasInItems && isInItems) {
                rest.append(byte)
            }
        }
        if isInItem { item += chunk[runStart...] }
        try checkLength()
    }

    func finish() throws(APIError) -> ListMetadata {
        let document: DocumentNode?
        do throws(DocumentSyntaxError) {
            document = try JSONReader.read(rest)
        } catch {
            throw .malformed("a list that is no JSON, or not whole: \(error.reason)")
        }
        guard let metadata = document?["metadata"] else { throw .malformed("a list without metadata") }
        return try ListMetadata(
            version: metadata["resourceVersion"]?.text ?? "",
            continuation: metadata["continue"]?.text ?? ""
        )
    }

    private func checkLength() throws(APIError) {
        guard item.count <= maximumLength, rest.count <= maximumLength else {
            throw .malformed("a list item of more than \(maximumLength) bytes")
        }
    }

    private mutating func step(_ byte: UInt8) throws(APIError) {
        if isInString {
            stepInString(byte)
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            guard !(isInItems && depth == 2) else { throw .malformed("a list item that is no object") }
            isInString = true
            if depth == 1, !isKeyOpen {
                key = []
                isKeyOpen = true
            }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if byte == UInt8(ascii: "["), depth == 1, key == Array("items".utf8) { isInItems = true }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if isInItems, depth == 2 { isInItems = false }
            depth -= 1
            guard depth >= 0 else { throw .malformed("a list with a bracket too many") }
        case UInt8(ascii: ","):
            if depth == 1 { isKeyOpen = false }
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): break
        default:
            guard !(isInItems && depth == 2) else { throw .malformed("a list item that is no object") }
        }
    }

    private mutating func stepInString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
            return
        }
        // Longer than any key that counts here.
        if depth == 1, key.count < 16 { key.append(byte) }
    }
}
