public import DataplaneModel
public import Reconcile

/// The settings of this machine, and of the calling thread's network namespace.
public struct KernelSettings: SettingsDataplane, Sendable {
    private let sysctls = KernelSysctls()
    private let moduleParameters = KernelSysctls(root: "/sys/module")

    public init() {}

    public func read(_ setting: KernelSetting) throws(DataplaneError) -> String {
        try files(of: setting.place).read(setting.key)
    }

    public func write(_ value: String, to setting: KernelSetting) throws(DataplaneError) {
        try files(of: setting.place).write(value, to: setting.key)
    }

    private func files(of place: KernelSetting.Place) -> KernelSysctls {
        switch place {
        case .sysctl: sysctls
        case .moduleParameter: moduleParameters
        }
    }
}
