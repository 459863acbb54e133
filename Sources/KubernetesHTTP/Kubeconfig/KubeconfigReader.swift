// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import YAMLDocuments

/// Reads a kubeconfig file. Fields that are not known are nobody's business here, as for client-go.
struct KubeconfigReader {
    private let file: String
    private(set) var kubeconfig = Kubeconfig()
    private(set) var problems: [ConnectionError.Problem] = []

    /// - Parameter file: Its name, for messages.
    init(_ bytes: [UInt8], file: String) {
        self.file = file
        kubeconfig.files = [file]
        do throws(DocumentSyntaxError) {
            let documents = try YAMLReader.read(bytes)
            guard let root = documents.first else { return }
            guard documents.count == 1 else {
                fail(documents[1], "", "more than one document")
                return
            }
            read(root)
        } catch {
            problems.append(.init(place: "\(file):\(error.line)", key: "", reason: error.reason))
        }
    }

    private mutating func read(_ root: DocumentNode) {
        guard case .mapping = root.value else {
            fail(root, "", "not a kubeconfig: want a mapping")
            return
        }
        let kind = string(root, "kind")
        if !kind.isEmpty, kind != "Config" {
            fail(root, "kind", "\"\(kind)\" is no kubeconfig, want Config")
            return
        }
        kubeconfig.currentContext = string(root, "current-context")
        for (name, node, key) in named(root, "clusters", "cluster") {
            let entry = Kubeconfig.Entry(value: cluster(node, key), origin: origin(node, key))
            kubeconfig.clusters[name] = kubeconfig.clusters[name] ?? entry
        }
        for (name, node, key) in named(root, "users", "user") {
            let entry = Kubeconfig.Entry(value: user(node, key), origin: origin(node, key))
            kubeconfig.users[name] = kubeconfig.users[name] ?? entry
        }
        for (name, node, key) in named(root, "contexts", "context") {
            let context = Kubeconfig.Context(cluster: string(node, "cluster", key), user: string(node, "user", key))
            let entry = Kubeconfig.Entry(value: context, origin: origin(node, key))
            kubeconfig.contexts[name] = kubeconfig.contexts[name] ?? entry
        }
    }

    private mutating func cluster(_ node: DocumentNode, _ key: String) -> Kubeconfig.Cluster {
        var cluster = Kubeconfig.Cluster()
        cluster.server = string(node, "server", key)
        cluster.tlsServerName = string(node, "tls-server-name", key)
        cluster.insecureSkipTLSVerify = boolean(node, "insecure-skip-tls-verify", key)
        cluster.certificateAuthority = string(node, "certificate-authority", key)
        cluster.certificateAuthorityData = string(node, "certificate-authority-data", key)
        cluster.proxyURL = string(node, "proxy-url", key)
        for (name, node, _) in named(node, "extensions", "extension", in: key)
        where name == "client.authentication.k8s.io/exec" {
            cluster.execConfiguration = node
        }
        return cluster
    }

    private mutating func user(_ node: DocumentNode, _ key: String) -> Kubeconfig.User {
        var user = Kubeconfig.User()
        user.clientCertificate = string(node, "client-certificate", key)
        user.clientCertificateData = string(node, "client-certificate-data", key)
        user.clientKey = string(node, "client-key", key)
        user.clientKeyData = string(node, "client-key-data", key)
        user.token = string(node, "token", key)
        user.tokenFile = string(node, "tokenFile", key)
        user.username = string(node, "username", key)
        user.password = string(node, "password", key)
        if let provider = node.present("auth-provider") {
            user.authProvider = string(provider, "name", "\(key).auth-provider")
        }
        if let exec = node.present("exec") { user.exec = self.exec(exec, "\(key).exec") }
        user.impersonate = string(node, "as", key)
        user.impersonateUID = string(node, "as-uid", key)
        user.impersonateGroups = strings(node, "as-groups", key)
        if let extra = node.present("as-user-extra") {
            for entry in mapping(extra, "\(key).as-user-extra") {
                // The entry alone, so that many do not each search for themselves among all.
                let values = strings(
                    DocumentNode(.mapping([entry]), line: extra.line),
                    entry.key,
                    "\(key).as-user-extra"
                )
                user.impersonateExtra.append((entry.key, values))
            }
        }
        return user
    }

    private mutating func exec(_ node: DocumentNode, _ key: String) -> Kubeconfig.Exec {
        var exec = Kubeconfig.Exec()
        exec.apiVersion = string(node, "apiVersion", key)
        exec.command = string(node, "command", key)
        exec.arguments = strings(node, "args", key)
        exec.installHint = string(node, "installHint", key)
        exec.providesClusterInfo = boolean(node, "provideClusterInfo", key)
        exec.interactiveMode = string(node, "interactiveMode", key)
        for (index, variable) in elements(node, "env", key).enumerated() {
            let place = "\(key).env[\(index)]"
            exec.environment.append((string(variable, "name", place), string(variable, "value", place)))
        }
        return exec
    }
}

// MARK: - Fields

extension KubeconfigReader {
    private func origin(_ node: DocumentNode, _ key: String) -> Kubeconfig.Origin {
        Kubeconfig.Origin(file: file, line: node.line, key: key)
    }

    private mutating func fail(_ node: DocumentNode, _ key: String, _ reason: String) {
        // Nobody reads on after a hundred.
        guard problems.count < 100 else { return }
        problems.append(.init(place: "\(file):\(node.line)", key: key, reason: reason))
    }

    private func path(_ parent: String, _ key: String) -> String {
        parent.isEmpty ? key : "\(parent).\(key)"
    }

    /// The elements of a list of `name` and one more field, which must be a mapping where it is given.
    private mutating func named(
        _ node: DocumentNode,
        _ list: String,
        _ field: String,
        in parent: String = ""
    ) -> [(name: String, node: DocumentNode, key: String)] {
        var found: [(name: String, node: DocumentNode, key: String)] = []
        for (index, element) in elements(node, list, parent).enumerated() {
            let name = string(element, "name", "\(path(parent, list))[\(index)]")
            let key = "\(path(parent, list))[\(name)].\(field)"
            let value = element.present(field) ?? DocumentNode(.mapping([]), line: element.line)
            _ = mapping(value, key)
            found.append((name, value, key))
        }
        return found
    }

    private mutating func elements(_ node: DocumentNode, _ key: String, _ parent: String) -> [DocumentNode] {
        guard let field = node.present(key) else { return [] }
        guard case .sequence(let elements) = field.value else {
            fail(field, path(parent, key), "want a list")
            return []
        }
        return elements
    }

    private mutating func mapping(_ node: DocumentNode, _ key: String) -> [DocumentNode.Entry] {
        guard case .mapping(let entries) = node.value else {
            fail(node, key, "want a mapping")
            return []
        }
        return entries
    }

    private mutating func strings(_ node: DocumentNode, _ key: String, _ parent: String) -> [String] {
        elements(node, key, parent).enumerated().map { text($1, "\(path(parent, key))[\($0)]") }
    }

    private mutating func string(_ node: DocumentNode, _ key: String, _ parent: String = "") -> String {
        node.present(key).map { text($0, path(parent, key)) } ?? ""
    }

    private mutating func boolean(_ node: DocumentNode, _ key: String, _ parent: String) -> Bool {
        guard let field = node.present(key) else { return false }
        guard case .bool(let value) = field.value else {
            fail(field, path(parent, key), "want true or false")
            return false
        }
        return value
    }

    /// - Returns: A number stands for its digits: nobody quotes a name or token because it happens to have no letters.
    private mutating func text(_ node: DocumentNode, _ key: String) -> String {
        switch node.value {
        case .string(let text): return text
        case .integer(let number): return String(number)
        default:
            fail(node, key, "want a string; what looks like another type stands in quotes")
            return ""
        }
    }
}

extension DocumentNode {
    /// The value of a field that is there and not `null`.
    func present(_ key: String) -> DocumentNode? {
        guard case .mapping(let entries) = value else { return nil }
        guard let found = entries.first(where: { $0.key == key })?.value, found.value != .null else { return nil }
        return found
    }
}
