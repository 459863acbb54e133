// SPDX-License-Identifier: GPL-2.0-or-later
package import DataplaneModel

extension VirtualIPMode {
    /// The environment variable that counts without the flag, so that an overlay of the DaemonSet can set it beside arguments
    /// that it leaves alone.
    package static let environmentVariable = "KUBE_IPVS_VIRTUAL_IPS"

    /// What the flag, or else the environment, says. An empty text counts as none.
    ///
    /// - Throws: what is wrong with the one that counts.
    static func chosen(flag: String?, environment: [String: String]) throws(InvalidSetting) -> VirtualIPMode {
        let name = "--virtual-ips"
        if let flag, !flag.isEmpty { return try parse(flag, field: name, from: .flag(name)) }
        guard let text = environment[environmentVariable], !text.isEmpty else { return .addresses }
        return try parse(text, field: environmentVariable, from: .environment(environmentVariable))
    }

    private static func parse(
        _ text: String,
        field: String,
        from source: SettingSource
    ) throws(InvalidSetting) -> VirtualIPMode {
        guard let mode = VirtualIPMode(rawValue: text) else {
            throw InvalidSetting(
                field: field,
                value: DocumentValue.quoted(text),
                wanted: "addresses or routes",
                source: source
            )
        }
        return mode
    }
}
