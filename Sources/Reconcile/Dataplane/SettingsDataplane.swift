// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// Settings of the kernel, of the network namespace or of the whole machine.
public protocol SettingsDataplane {
    /// The value, without white space around it.
    func read(_ setting: KernelSetting) throws(DataplaneError) -> String

    /// Writes the value, also when it is that already.
    func write(_ value: String, to setting: KernelSetting) throws(DataplaneError)
}
