// SPDX-License-Identifier: GPL-2.0-or-later
/// Puts the flags that were given into a configuration, or says what a configuration makes of all flags.
struct FlagApplier {
    var configuration: KubeProxyConfiguration
    /// The flags that were given, with their hyphens.
    private(set) var given: [String] = []
    /// Which flag a field comes from, by its path.
    private(set) var sources: [String: SettingSource] = [:]
    private(set) var invalid: [InvalidSetting] = []
    /// What each flag would have to be for the configuration as it is.
    private(set) var values: [String: String] = [:]
    private let isReading: Bool

    /// - Parameter isReading: whether the flags that were given are left alone, and only `values` is filled.
    init(_ configuration: KubeProxyConfiguration, isReading: Bool = false) {
        self.configuration = configuration
        self.isReading = isReading
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

    /// - Returns: Whether the flag is only asked for its value, which is noted.
    mutating func reads(_ flag: String, _ value: (KubeProxyConfiguration) -> String) -> Bool {
        if isReading { values[flag] = value(configuration) }
        return isReading
    }

    mutating func set<Value>(
        _ flag: String,
        _ text: String?,
        _ keyPath: WritableKeyPath<KubeProxyConfiguration, Value>,
        at field: String,
        _ form: FlagValue<Value>
    ) {
        if reads(flag, { form.text($0[keyPath: keyPath]) }) { return }
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
        if reads(flag, { $0[keyPath: keyPath].joined(separator: ",") }) { return }
        guard !texts.isEmpty else { return }
        note(flag, at: field)
        configuration[keyPath: keyPath] = texts.flatMap { $0.split(separator: ",").map(String.init) }
    }
}
