// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
public import Reconcile

/// The kernel's settings as a dictionary, some of which may be read-only.
public final class FakeSettings: SettingsDataplane {
    /// By key; assign to change one behind the daemon's back.
    public var values: [String: String]
    public var readOnly: Set<String> = []
    public private(set) var writes: [String] = []

    public init(_ values: [String: String]) {
        self.values = values
    }

    public func read(_ setting: KernelSetting) throws(DataplaneError) -> String {
        guard let value = values[setting.key] else {
            throw DataplaneError(part: .sysctls, number: 2, explanation: "cannot read \(setting.key)")
        }
        return value
    }

    public func write(_ value: String, to setting: KernelSetting) throws(DataplaneError) {
        guard values[setting.key] != nil, !readOnly.contains(setting.key) else {
            throw DataplaneError(part: .sysctls, number: 30, explanation: "cannot set \(setting.key) to \(value)")
        }
        values[setting.key] = value
        writes.append("\(setting.key)=\(value)")
    }
}
