// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Testing

struct IPVSNameTests {
    @Test(arguments: ["r", "rr", "sip", "12345678", "123456789", "123456789012345"])
    func `a name comes out as it went in`(text: String) throws {
        let name = try #require(IPVSName(text))
        #expect(name.description == text)
        #expect(try #require(Scheduler(text)).name == text)
    }

    @Test(arguments: ["", "1234567890123456", "r r", "rö", "r\0"])
    func `what the kernel has no room or use for is no name`(text: String) {
        #expect(IPVSName(text) == nil)
        #expect(Scheduler(text) == nil)
    }

    @Test func `names are equal when their texts are`() throws {
        #expect(IPVSName("sip") == "sip")
        #expect(IPVSName("sip") != "sipp")
        #expect(IPVSName("12345678a") != "12345678b")
    }
}
