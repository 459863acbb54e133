/// Puts the flags that were given into a configuration.
struct FlagApplier {
    var configuration: KubeProxyConfiguration
    /// The flags that were given, with their hyphens.
    private(set) var given: [String] = []
    /// Which flag a field comes from, by its path.
    private(set) var sources: [String: SettingSource] = [:]
    private(set) var invalid: [InvalidSetting] = []

    init(_ configuration: KubeProxyConfiguration) {
        self.configuration = configuration
    }

    mutating func refuse(_ flag: String, _ value: String, wanted: String) {
        invalid.append(
            InvalidSetting(
                field: "--\(flag)",
                value: DocumentValue.quoted(value),
                wanted: wanted,
                source: .flag("--\(flag)")
            )
        )
    }

    /// Notes that a flag was given, and for which field.
    mutating func note(_ flag: String, at field: String) {
        given.append("--\(flag)")
        sources[field] = .flag("--\(flag)")
    }

    mutating func set<Value>(
        _ flag: String,
        _ text: String?,
        _ keyPath: WritableKeyPath<KubeProxyConfiguration, Value>,
        at field: String,
        _ form: FlagValue<Value>
    ) {
        guard let text else { return }
        note(flag, at: field)
        if let value = form.parse(text) {
            configuration[keyPath: keyPath] = value
        } else {
            refuse(flag, text, wanted: form.wanted)
        }
    }

    /// An empty address changes nothing, as with kube-proxy.
    mutating func setAddress(
        _ flag: String,
        _ text: String?,
        _ keyPath: WritableKeyPath<KubeProxyConfiguration, String>,
        at field: String
    ) {
        set(flag, text == "" ? nil : text, keyPath, at: field, .text)
    }

    /// A list with commas, of which all that were given are joined.
    mutating func setList(
        _ flag: String,
        _ texts: [String],
        _ keyPath: WritableKeyPath<KubeProxyConfiguration, [String]>,
        at field: String
    ) {
        guard !texts.isEmpty else { return }
        note(flag, at: field)
        configuration[keyPath: keyPath] = texts.flatMap { $0.split(separator: ",").map(String.init) }
    }
}
