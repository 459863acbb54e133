// SPDX-License-Identifier: GPL-2.0-or-later
extension EffectiveSettings {
    /// Gives the metrics and the health server other ports, so that a dry run can go beside a proxy with the same configuration.
    ///
    /// - Throws: where that is no port any more.
    public mutating func movePorts(by offset: Int) throws(ConfigurationError) {
        var invalid: [InvalidSetting] = []
        func move(_ endpoint: inout BindAddress?, _ field: String) {
            guard let current = endpoint else { return }
            guard let port = UInt16(exactly: Int(current.port) + offset) else {
                invalid.append(
                    InvalidSetting(
                        field: field, value: "\(current)",
                        wanted: "an address whose port is at most 65535 with --dry-run-port-offset \(offset)"))
                return
            }
            endpoint?.port = port
        }
        move(&healthEndpoint, "healthzBindAddress")
        move(&metricsEndpoint, "metricsBindAddress")
        guard invalid.isEmpty else { throw .invalid(invalid) }
    }
}
