// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

struct StringInternerTests {
    /// Where the text lies: equal for strings that share one storage.
    private func storage(_ string: String) -> UnsafeRawPointer? {
        var string = string
        return string.withUTF8 { unsafe UnsafeRawPointer($0.baseAddress) }
    }

    private func name(_ number: Int, length: Int = 40) -> String {
        let head = "node-\(number)."
        return head + String(repeating: "x", count: max(0, length - head.utf8.count))
    }

    @Test func `equal names share one storage, also after many others`() {
        var interner = StringInterner()
        let first = interner.intern(name(0))
        for number in 1..<15_000 { _ = interner.intern(name(number)) }
        let again = interner.intern(name(0))
        #expect(again == name(0))
        #expect(unsafe storage(again) == storage(first))
    }

    @Test func `a name that keeps coming is kept through any number of others`() {
        var interner = StringInterner()
        let first = interner.intern(name(0))
        for number in 1..<200_000 {
            _ = interner.intern(name(number))
            if number % 1_000 == 0 { #expect(unsafe storage(interner.intern(name(0))) == storage(first)) }
        }
    }

    @Test func `a name that has not come for long is forgotten`() {
        var interner = StringInterner()
        let first = interner.intern(name(0))
        for number in 1..<100_000 { _ = interner.intern(name(number)) }
        let again = interner.intern(name(0))
        #expect(again == first)
        #expect(unsafe storage(again) != storage(first))
    }

    @Test(arguments: [0, 1, 15, 16, 253, 254, 100_000])
    func `a string of any length comes back equal`(length: Int) {
        var interner = StringInterner()
        let text = String(repeating: "é", count: length / 2) + String(repeating: "a", count: length % 2)
        #expect(interner.intern(text) == text)
        #expect(interner.intern(text) == text)
    }
}
