// SPDX-License-Identifier: GPL-2.0-or-later
/// Where a setting was given.
public enum SettingSource: Hashable, Sendable {
    /// A line of the configuration file, from 1.
    case line(Int)
    /// A flag with its two hyphens.
    case flag(String)
    /// An environment variable.
    case environment(String)
}

/// A setting with a value that cannot be used.
public struct InvalidSetting: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the field in the document, such as `ipvs.syncPeriod`, or the flag.
    public var field: String
    /// As it was given.
    public var value: String
    /// What would be right, to be read after "is not".
    public var wanted: String
    public var source: SettingSource?

    public init(field: String, value: String, wanted: String, source: SettingSource? = nil) {
        self.field = field
        self.value = value
        self.wanted = wanted
        self.source = source
    }

    public var description: String {
        let place: String =
            switch source {
            case .line(let line): "line \(line): \(field)"
            case .flag(let flag) where flag != field: "\(flag) (\(field))"
            case .environment(let name): "environment variable \(name)"
            case .flag, nil: field
            }
        return "\(place): \(value) is not \(wanted)"
    }
}

extension [InvalidSetting] {
    /// By their lines; those without one come first.
    var inOrder: [InvalidSetting] {
        func line(_ setting: InvalidSetting) -> Int {
            if case .line(let line) = setting.source { line } else { 0 }
        }
        return sorted { line($0) < line($1) }
    }
}

/// Why there is no configuration to work with.
public enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file is no YAML.
    case syntax(line: Int?, reason: String)
    /// The file is something else than a configuration of kube-proxy.
    case wrongKind(found: String)
    /// Everything that is wrong with the settings.
    case invalid([InvalidSetting])

    public var description: String {
        switch self {
        case .syntax(let line?, let reason): "line \(line): \(reason)"
        case .syntax(nil, let reason): reason
        case .wrongKind(let found):
            "the file must have apiVersion \"\(KubeProxyConfiguration.apiVersion)\" and kind "
                + "\"\(KubeProxyConfiguration.kind)\", but has \(found)"
        case .invalid(let settings):
            (settings.prefix(mostShown).map(\.description)
                + (settings.count > mostShown ? ["and \(settings.count - mostShown) more"] : []))
                .joined(separator: "\n")
        }
    }
}

/// Something that was given and has no effect.
public struct ConfigurationWarning: Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// A line of the configuration file, from 1.
    public var line: Int?

    public init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}

/// Nobody reads on after a hundred.
private let mostShown = 100

extension [ConfigurationWarning] {
    /// The first of them, and how many more there are.
    var shortened: [ConfigurationWarning] {
        guard count > mostShown else { return self }
        return prefix(mostShown) + [ConfigurationWarning("\(count - mostShown) more warnings are not shown")]
    }
}
