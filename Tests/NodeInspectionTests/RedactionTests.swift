// SPDX-License-Identifier: GPL-2.0-or-later
import NodeInspection
import Testing

/// What is taken out of a bug report.
struct RedactionTests {
    private static func clean(_ text: String, secrets: [String] = []) -> String {
        String(decoding: Redaction(secrets: secrets).clean(Array(text.utf8)), as: UTF8.self)
    }

    @Test func `a secret is left out wherever it stands, and the text around it stays`() {
        #expect(Self.clean("a tokentoken b token", secrets: ["tokentoken"]) == "a (left out) b token")
        #expect(Self.clean("s3cr3t-1s3cr3t-1", secrets: ["s3cr3t-1"]) == "(left out)(left out)")
        // One is a part of the other.
        #expect(
            Self.clean("<s3cr3t-long> <s3cr3t>", secrets: ["s3cr3t", "s3cr3t-long"]) == "<(left out)> <(left out)>")
    }

    @Test func `what is too short for a secret takes nothing away`() {
        #expect(Self.clean("a b c", secrets: ["", "a", "b c"]) == "a b c")
    }

    @Test(arguments: [
        ("https://u:p@host:6443/path", "https://(left out)@host:6443/path"),
        ("see http://a@b and http://c@d", "see http://(left out)@b and http://(left out)@d"),
        ("https://host/path?mail=a@b", "https://host/path?mail=a@b"),
        ("https://p@ss:w@rd@host/", "https://(left out)@host/"), ("://", "://"), ("a@b", "a@b"),
        ("\"https://u:p@h\"", "\"https://(left out)@h\""),
    ])
    func `an account in an address is left out`(text: String, expected: String) {
        #expect(Self.clean(text) == expected)
    }

    @Test func `a kubeconfig that is not there has no secrets, and harms nothing`() {
        let redaction = Redaction(kubeconfig: "/none")
        #expect(redaction.clean(Array("text".utf8)) == Array("text".utf8))
        #expect(Redaction(kubeconfig: nil).clean([]) == [])
    }
}
