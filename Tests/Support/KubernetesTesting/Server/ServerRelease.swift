// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A minor version of Kubernetes, and what its API server refuses of lists and watches.
package struct ServerRelease: Hashable, Sendable, CustomStringConvertible {
    /// Of `1.minor`.
    package var minor: Int

    package init(minor: Int) {
        self.minor = minor
    }

    /// The latest that is known here.
    package static let newest = ServerRelease(minor: 35)
    /// From the first that serves `discovery.k8s.io/v1` on.
    package static let all = (21...newest.minor).map(ServerRelease.init)

    package var description: String { "1.\(minor)" }

    /// Services are selected by `spec.clusterIP` from 1.31 on (kubernetes #123905).
    var selectsByClusterIP: Bool { minor >= 31 }

    /// The feature gate `WatchList`: off before 1.32, on in it, off again in 1.33 (kubernetes #131359), and on since 1.34
    /// (kubernetes #132704).
    package var offersStreamingLists: Bool { minor == 32 || minor >= 34 }

    /// Refuses what this release does not know of a request's options, in its words: `validation.go` of
    /// `apis/meta/internalversion` in k8s.io/apimachinery, and then the kind's own field selectors.
    func check(_ request: ServerRequest, _ kind: KubernetesObject.Kind) throws(ServerRefusal) {
        if let problem = request.isWatch ? problem(ofWatch: request) : problem(ofList: request) {
            throw ServerRefusal(
                status: ServerStatus(
                    code: 422,
                    reason: "Invalid",
                    message: "ListOptions.meta.k8s.io \"\" is invalid: \(problem)"
                )
            )
        }
        guard !selectsByClusterIP, kind == .service, let selector = request.query["fieldSelector"],
            selector.hasPrefix("spec.")
        else { return }
        let label = selector.prefix { $0 != "=" && $0 != "!" }
        throw ServerRefusal(
            status: ServerStatus(
                code: 400,
                reason: "BadRequest",
                message:
                    "\"\(label)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            )
        )
    }

    private func problem(ofWatch request: ServerRequest) -> String? {
        let match = request.query["resourceVersionMatch"]
        // Before 1.27 the option is none: it is passed over as any other word would be.
        guard minor >= 27 else {
            return match == nil
                ? nil : "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch"
        }
        guard request.query["sendInitialEvents"] != nil else {
            return match == nil
                ? nil
                : "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents "
                    + "is provided"
        }
        if match != "NotOlderThan" {
            return "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
                + "NotOlderThan"
        }
        return offersStreamingLists
            ? nil
            : "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is "
                + "enabled"
    }

    private func problem(ofList request: ServerRequest) -> String? {
        if request.query["sendInitialEvents"] != nil, minor >= 27 {
            return "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"
        }
        let version = request.query["resourceVersion"] ?? ""
        if request.query["resourceVersionMatch"] != nil, version.isEmpty {
            return "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
                + "provided"
        }
        if request.query["continue"] != nil, !version.isEmpty, version != "0" {
            return "resourceVersion: Forbidden: specifying resource version is not allowed when using continue"
        }
        return nil
    }
}
