// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

struct DocumentItemTests {
    private let web =
        #"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"clusterIP": "10.0.0.1"}}"#

    private func refusal(_ json: String) throws -> (ObjectDecodingError, KubernetesObject.ID?) {
        let item = try item(json)
        guard case .refused(let error, let id) = item.outcome else { throw UnexpectedOutcome(outcome: item.outcome) }
        return (error, id)
    }

    @Test(arguments: [
        (#""clusterIP": 5"#, "spec.clusterIP: found the integer 5, want a string"),
        (#""ports": [{"port": 80}, {"port": "80"}]"#, "spec.ports[1].port: found the string \"80\", want an integer"),
        (#""ports": [{"port": 80.5}]"#, "spec.ports[0].port: found the number 80.5, want an integer"),
        (#""ports": {"port": 80}"#, "spec.ports: found a mapping, want a list"),
        (#""ports": [80]"#, "spec.ports[0]: found the integer 80, want a mapping"),
        (#""externalIPs": ["192.0.2.1", null]"#, "spec.externalIPs[1]: found null, want a string"),
        (#""sessionAffinityConfig": []"#, "spec.sessionAffinityConfig: found a list, want a mapping"),
        (
            #""sessionAffinityConfig": {"clientIP": {"timeoutSeconds": true}}"#,
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: found the boolean true, want an integer"
        ),
    ])
    func `a field of the wrong type refuses the object and names the field`(spec: String, text: String) throws {
        let (error, id) = try refusal(serviceText(spec))
        #expect(error.description == text)
        #expect(error.line == 2)
        #expect(id?.description == "Service default/web")
    }

    @Test(arguments: [
        (#"{"kind": "Service", "metadata": {"name": "web"}}"#, "apiVersion"),
        (#"{"apiVersion": "v1", "metadata": {"name": "web"}}"#, "kind"),
        (#"{"apiVersion": "v1", "kind": 5}"#, "kind"),
        (#"{"apiVersion": "v1", "kind": "Service"}"#, "metadata.name"),
        (#"{"apiVersion": "v1", "kind": "Service", "metadata": {}}"#, "metadata.name"),
        (#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": 1}}"#, "metadata.name"),
        (#"{"apiVersion": "v1", "kind": "List", "items": {}}"#, "items"),
        (#"{"apiVersion": "v1", "kind": "List", "items": [[]]}"#, "items[0]"),
        (#"{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Service"}]}"#, "items[0].apiVersion"),
        ("[]", ""),
        ("5", ""),
    ])
    func `a document that is no object is refused with the field that is wrong`(json: String, field: String) throws {
        #expect(try refusal(json).0.field == field)
    }

    @Test func `a label that is no string is named with its key in brackets`() throws {
        let (error, _) = try refusal(sliceText(labels: #""kubernetes.io/service-name": 5"#))
        #expect(error.field == "metadata.labels[kubernetes.io/service-name]")
    }

    @Test(arguments: [
        (#"{"apiVersion": "v1", "kind": "List", "items": [WEB, WEB]}"#, ["items[0]", "items[1]"]),
        (#"{"apiVersion": "v1", "kind": "ServiceList", "items": [BARE]}"#, ["items[0]"]),
        (
            #"{"apiVersion": "v1", "kind": "ServiceList", "metadata": {}, "items": [WEB, BARE]}"#,
            ["items[0]", "items[1]"]
        ),
        (
            #"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [WEB]}]}"#,
            ["items[0].items[0]"]
        ),
        (#"{"apiVersion": "v1", "kind": "List", "items": []}"#, []),
        (#"{"apiVersion": "v1", "kind": "List"}"#, []),
        (#"{"apiVersion": "v1", "kind": "List", "items": null}"#, []),
        ("WEB", [""]),
    ])
    func `the items of lists are objects of their own`(json: String, paths: [String]) throws {
        let bare = #"{"metadata": {"name": "web"}, "spec": {"clusterIP": "10.0.0.1"}}"#
        let text = json.replacing("WEB", with: web).replacing("BARE", with: bare)
        let items = try items(text)
        #expect(items.map(\.path) == paths)
        for item in items { #expect(try service(item).name.name == "web") }
    }

    @Test func `slices and Nodes have lists of their own`() throws {
        let slices = try items(
            """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSliceList", "items": [{"addressType": "IPv6",
             "metadata": {"name": "a", "labels": {"kubernetes.io/service-name": "web"}}}]}
            """
        )
        #expect(try slice(#require(slices.first)).service == ObjectName(namespace: "default", name: "web"))
        let nodes = try items(#"{"apiVersion": "v1", "kind": "NodeList", "items": [{"metadata": {"name": "n"}}]}"#)
        #expect(try node(#require(nodes.first)).name == "n")
    }

    @Test(arguments: [
        ("apps/v1", "Deployment"), ("v1", "PodList"), ("serving.knative.dev/v1", "Service"),
        ("discovery.k8s.io/v1beta1", "EndpointSlice"), ("v1", "Endpoints"), ("apps/v1", "List"),
    ])
    func `an object of another kind or another group is none of ours`(apiVersion: String, kind: String) throws {
        let item = try item(#"{"apiVersion": "\#(apiVersion)", "kind": "\#(kind)", "spec": 5, "items": 5}"#)
        #expect(item.outcome == .otherKind("\(apiVersion) \(kind)"))
    }

    @Test func `a refused item of a list leaves the others`() throws {
        let items = try items(
            """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": 5}},
              \(web)]}
            """
        )
        guard case .refused(let error, let id) = items.first?.outcome else {
            Issue.record("the first item was not refused")
            return
        }
        #expect(error.field == "items[0].spec.ports")
        #expect(error.line == 2)
        #expect(id?.name.name == "bad")
        #expect(try service(#require(items.last)).name.name == "web")
    }

    @Test func `a rejection knows the line of its field`() throws {
        let item = try item(
            """
            {"apiVersion": "v1", "kind": "Service",
             "metadata": {"name": "web"},
             "spec": {"clusterIP": "10.0.0.1",
                "ports": [
                   {"port": 80},
                   {"name": "b",
                    "port": 0},
                   {"name": "c"}]}}
            """
        )
        #expect(item.rejections.map(\.line) == [7, 8])
    }
}
