// SPDX-License-Identifier: GPL-2.0-or-later
/// The bytes of a listing while they are put together.
///
/// Bytes and not characters, because ipvsadm cuts and pads by `printf`, which counts bytes.
struct ListingText {
    private(set) var bytes: [UInt8] = []

    /// `%s`.
    mutating func append(_ text: some StringProtocol) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ text: [UInt8]) {
        bytes.append(contentsOf: text)
    }

    /// `%u`, `%d`.
    mutating func append(_ number: some BinaryInteger) {
        append(String(number))
    }

    /// `%-WIDTHs`.
    mutating func append(_ text: some StringProtocol, paddedTo width: Int) {
        append(text)
        pad(width - text.utf8.count)
    }

    mutating func append(_ text: [UInt8], paddedTo width: Int) {
        append(text)
        pad(width - text.count)
    }

    /// `%-WIDTHu`.
    mutating func append(_ number: some BinaryInteger, paddedTo width: Int) {
        append(String(number), paddedTo: width)
    }

    /// `%WIDTHu`.
    mutating func append(_ text: some StringProtocol, rightAlignedIn width: Int) {
        pad(width - text.utf8.count)
        append(text)
    }

    private mutating func pad(_ count: Int) {
        guard count > 0 else { return }
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: count))
    }
}
