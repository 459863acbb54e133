// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import ManifestFiles
import Testing

/// Each bad input gets one message that names file and field, and everything else comes through.
@Suite(.timeLimit(.minutes(1)))
struct BadInputTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("good.yaml", service("good", "10.0.0.1"))
    }

    static let slice = """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: bad-1, labels: {kubernetes.io/service-name: bad}}
        addressType: IPv4
        ports: [{name: "", port: 80}]
        endpoints:
          - addresses: [10.1.0.1]

        """

    @Test(arguments: [
        (
            "unparsable", "a: [1\nb: 2\n",
            "bad.yaml:2: while parsing a flow sequence did not find expected ',' or ']'"
        ),
        ("not text", "\u{0}", "bad.yaml:1: control characters are not allowed"),
        (
            "unknown kind", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n",
            "bad.yaml:1: kind: 1 object of the kind apps/v1 Deployment, which routing does not need, ignored"
        ),
        (
            "port 0", service("bad", "10.0.0.2", port: "0"),
            "bad.yaml:8: Service default/bad: spec.ports[0].port: 0 is not a port: want 1 to 65535"
        ),
        (
            "port as text", service("bad", "10.0.0.2", port: "\"80\""),
            "bad.yaml:8: Service default/bad: spec.ports[0].port: found the string \"80\", want an integer"
        ),
        (
            "bad cluster IP", service("bad", "10.0.0.999"),
            "bad.yaml:6: Service default/bad: spec.clusterIP: \"10.0.0.999\" is not an IP address"
        ),
        (
            "bad endpoint IP", slice + "  - addresses: [10.1.0]\n",
            "bad.yaml:8: EndpointSlice default/bad-1: endpoints[1].addresses[0]: \"10.1.0\" is not an IP address"
        ),
        (
            "wrong family", slice + "  - addresses: [\"fd00::1\"]\n",
            "bad.yaml:8: EndpointSlice default/bad-1: endpoints[1].addresses[0]: \"fd00::1\" is not IPv4 as addressType says"
        ),
        (
            "duplicate Service", "# again\n" + service("good", "10.0.0.3"),
            "good.yaml:1: Service default/good: metadata.name: the same object is in bad.yaml:2, which is used; this one is not"
        ),
        (
            "duplicate key", service("bad", "10.0.0.2") + "  clusterIP: 10.0.0.3\n",
            "bad.yaml:6: the same mapping has more than one \"clusterIP\""
        ),
        (
            "no kind", "apiVersion: v1\nmetadata: {name: x}\n",
            "bad.yaml:1: kind: found nothing, want the kind of object"
        ),
        ("no object", "- 1\n", "bad.yaml:1: found a list, want a mapping"),
        (
            "no cluster IP", "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 80}]}\n",
            "bad.yaml:1: Service default/bad: spec.clusterIP: ignored: nothing allocates a cluster IP for a Service in a file"
        ),
    ])
    func `one message for one mistake`(what: String, text: String, message: String) async throws {
        try directory.write("bad.yaml", text)
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.told.count == 1)
        #expect(follower.told.first?.hasPrefix(message) == true, "\(follower.told)")
        #expect(follower.services["good"] != nil)

        // Read again with a line more, it is no news; the sentinel shows that it was read.
        try directory.write("bad.yaml", text + "\n# touched\n")
        try directory.write("sentinel.yaml", service("sentinel", "10.0.9.9"))
        try await follower.follow { $0.services["sentinel"] != nil }
        #expect(follower.told.count == 1)
    }

    @Test func `a mistake that an edit elsewhere moved to another line is no news`() async throws {
        try directory.write("bad.yaml", service("bad", "10.0.0.2", port: "0"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.write("bad.yaml", service("first", "10.0.0.3") + "---\n" + service("bad", "10.0.0.2", port: "0"))
        try await follower.follow { $0.services["first"] != nil }
        #expect(follower.told.count == 1)
    }

    @Test func `another mistake in the same field is news`() async throws {
        try directory.write("bad.yaml", service("bad", "10.0.0.2", port: "0"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.write("bad.yaml", service("bad", "10.0.0.2", port: "70000"))
        let update = try await follower.next()
        #expect(update.reports.map(\.rejection?.reason) == [.invalidPort])
        #expect(follower.told.count == 2)
    }

    @Test func `an object that becomes wrong as a whole stays as it was`() async throws {
        try directory.write("bad.yaml", service("bad", "10.0.0.2"))
        var follower = try Follower(directory)
        try await follower.next()
        try directory.write(
            "bad.yaml",
            service("bad", "10.0.0.3", port: "http") + "---\n" + service("other", "10.0.0.4")
        )
        let update = try await follower.next()
        #expect(update.reports.map(\.severity) == [.error])
        #expect(update.reports.first?.message.hasSuffix("the object's last good version is kept") == true)
        #expect(follower.clusterIPs == ["good": "10.0.0.1", "bad": "10.0.0.2", "other": "10.0.0.4"])
    }

    @Test func `the first of two equal objects by file name and position counts`() async throws {
        try directory.write("b.yaml", service("x", "10.0.0.2") + "---\n" + service("x", "10.0.0.3"))
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.clusterIPs["x"] == "10.0.0.2")
        #expect(follower.told.count == 1)

        try directory.write("a.yaml", service("x", "10.0.0.1"))
        try await follower.follow { $0.clusterIPs["x"] == "10.0.0.1" }
        // Both of b.yaml lose against a.yaml now.
        #expect(follower.told.count == 3)

        try directory.remove("a.yaml")
        try await follower.follow { $0.clusterIPs["x"] == "10.0.0.2" }
        try directory.write("b.yaml", service("x", "10.0.0.3"))
        try await follower.follow { $0.clusterIPs["x"] == "10.0.0.3" }
    }

    @Test func `objects of other kinds are counted`() async throws {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\n"
        try directory.write("a.yaml", deployment + deployment)
        try directory.write("b.yaml", deployment + "apiVersion: v1\nkind: ConfigMap\n")
        var follower = try Follower(directory)
        var update = try await follower.next()
        #expect(update.otherKinds == ["apps/v1 Deployment": 3, "v1 ConfigMap": 1])
        #expect(update.reports.map(\.severity) == [.notice, .notice, .notice])

        try directory.remove("b.yaml")
        update = try await follower.next()
        #expect(update.otherKinds == ["apps/v1 Deployment": 2])
    }

    @Test func `a list as kubectl prints it is read`() async throws {
        try directory.write(
            "list.yaml",
            """
            apiVersion: v1
            items:
            - apiVersion: v1
              kind: Service
              metadata:
                annotations:
                  kubectl.kubernetes.io/last-applied-configuration: |
                    {"apiVersion":"v1","kind":"Service"}
                creationTimestamp: "2025-01-01T00:00:00Z"
                managedFields:
                - apiVersion: v1
                  fieldsType: FieldsV1
                  fieldsV1:
                    f:spec:
                      f:ports:
                        .: {}
                        k:{"port":80,"protocol":"TCP"}:
                          .: {}
                          f:port: {}
                name: web
                namespace: shop
                resourceVersion: "42"
              spec:
                clusterIP: 10.0.0.7
                clusterIPs:
                - 10.0.0.7
                internalTrafficPolicy: Cluster
                ipFamilies:
                - IPv4
                ipFamilyPolicy: SingleStack
                ports:
                - port: 80
                  protocol: TCP
                  targetPort: 8080
                sessionAffinity: None
                type: ClusterIP
              status:
                loadBalancer: {}
            kind: List
            metadata:
              resourceVersion: ""
            """
        )
        var follower = try Follower(directory)
        try await follower.next()
        #expect(follower.told.isEmpty)
        #expect(follower.services["web"]?.name.namespace == "shop")
        #expect(follower.clusterIPs["web"] == "10.0.0.7")
    }
}
