// SPDX-License-Identifier: GPL-2.0-or-later
extension KubeProxyConfiguration {
    private var document: DocumentValue {
        var fields = FieldWriter.fields(of: self)
        fields["apiVersion"] = .string(Self.apiVersion)
        fields["kind"] = .string(Self.kind)
        return .object(fields)
    }

    /// The document, as kube-proxy's `--write-config-to` writes it: every field, keys in order.
    ///
    /// kube-proxy since 1.33 writes `0s` for the periods of the modes that are not selected; here they are kept. Both are read
    /// back as the same, unless they differed from the defaults.
    public var yaml: String { document.yaml }

    /// The document as one line of JSON.
    public var json: String { document.json }

    /// The body of `/configz`: an object with the configuration under its group's name.
    public var configz: String { DocumentValue.object([Self.group: document]).json }
}
