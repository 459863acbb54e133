// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesHTTP
import KubernetesWatch
import Testing

@testable import NodeInspection

/// What `check` says of the API server.
@Suite struct APIServerFindingsTests {
    private func review(_ change: (inout APIServerReview) -> Void = { _ in }) -> [String] {
        var review = APIServerReview(server: "https://10.0.0.1:6443")
        review.version = "v1.30.4"
        review.minor = 30
        for permission in APIPermission.needed(nodeName: "node-1") { review.permissions[permission] = .allowed }
        change(&review)
        return review.findings.map { "\($0.verdict) \($0.subject): \($0.words)" }
    }

    @Test func `a server that allows all is told with its version`() {
        #expect(
            review() == [
                "ok API server: https://10.0.0.1:6443, v1.30.4",
                "ok permissions: all that the daemon does with the API is allowed",
            ])
    }

    @Test func `a list or watch that is forbidden is a failure, an event a warning`() {
        let found = review { review in
            for permission in review.permissions.keys where permission.verb != "list" {
                review.permissions[permission] = .denied(reason: "")
            }
        }.filter { $0.contains("permissions") }
        #expect(found.count == 5)
        #expect(found.count { $0.hasPrefix("failure") && $0.contains("may not watch") } == 3)
        #expect(found.count { $0.hasPrefix("warning") && $0.contains("events") } == 2)
    }

    @Test func `a server that cannot be reached, or is too old, is a failure`() {
        #expect(
            review { $0.failure = .transport(TransportFailure(.cannotConnect, "Connection refused")) } == [
                "failure API server: https://10.0.0.1:6443 does not answer: Connection refused. Without it the daemon serves "
                    + "nothing on a node that starts"
            ])
        #expect(review { $0.minor = 20 }.first?.hasPrefix("failure API server") == true)
        #expect(review { $0.minor = 21 }.first?.hasPrefix("ok API server") == true)
        #expect(review { $0.minor = nil }.first?.hasPrefix("notice API server") == true)
    }

    @Test func `questions that fail are one warning`() {
        let found = review { review in
            for permission in review.permissions.keys {
                review.permissions[permission] = .unknown(.status(APIStatus(code: 403)))
            }
        }
        #expect(found.count == 2)
        let words = "warning permissions: it is not known whether the daemon may create events"
        #expect(found.last?.hasPrefix(words) == true)
        #expect(found.last?.hasSuffix(": 403") == true)
    }
}
