// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// Keeps the kernel's settings as the data plane needs them, and writes only those that are not.
public struct SettingsKeeper: Sendable {
    public let settings: [KernelSetting]
    /// What could not be kept when the daemon began, and has been logged.
    public var degradedAtStart: [DegradedSetting] = []

    public init(_ settings: [KernelSetting]) {
        self.settings = settings
    }

    /// Reads every setting, and writes those that differ. One that fails does not stop the others.
    public func keep(on dataplane: any SettingsDataplane) -> SettingsReport {
        var report = SettingsReport()
        for setting in settings {
            do throws(DataplaneError) {
                guard let value = setting.value(over: try dataplane.read(setting)) else { continue }
                try dataplane.write(value, to: setting)
                report.written.append(setting)
            } catch {
                var failure = error
                failure.explanation += "; without \(setting) there is no \(setting.purpose)"
                report.degraded.append(DegradedSetting(setting: setting, failure: failure))
            }
        }
        return report
    }
}

/// A setting that is not as the data plane needs it, and cannot be read or written.
public struct DegradedSetting: Hashable, Sendable {
    public var setting: KernelSetting
    /// Says what does not work now.
    public var failure: DataplaneError

    public init(setting: KernelSetting, failure: DataplaneError) {
        self.setting = setting
        self.failure = failure
    }
}

/// What was found and done about the kernel's settings.
public struct SettingsReport: Hashable, Sendable {
    /// Those that were different and are now as they should be.
    public var written: [KernelSetting] = []
    /// Those that could not be read or written.
    public var degraded: [DegradedSetting] = []
    /// One for each that could not be read or written.
    public var failures: [DataplaneError] { degraded.map(\.failure) }

    public init() {}
}
