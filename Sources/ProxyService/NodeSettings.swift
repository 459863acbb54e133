import DataplaneKernel
import DataplaneModel
import Logging
import Reconcile

/// What the kernel has to be told once for IPVS to serve Services.
struct NodeSettings {
    private struct Setting {
        var key: String
        var value: String
        /// What does not work without it.
        var purpose: String
    }

    private static let settings = [
        Setting(
            key: "net/ipv4/vs/conntrack",
            value: "1",
            purpose: "masquerading of IPVS connections"
        ),
        Setting(
            key: "net/ipv4/vs/expire_nodest_conn",
            value: "1",
            purpose: "ending connections whose endpoint is gone"
        ),
        Setting(
            key: "net/ipv4/vs/expire_quiescent_template",
            value: "1",
            purpose: "letting clients with session affinity leave an endpoint that is gone"
        ),
        Setting(
            key: "net/ipv4/ip_forward",
            value: "1",
            purpose: "reaching endpoints from outside this node"
        ),
    ]

    /// Writes what is not yet as it should be.
    ///
    /// - Throws: a sentence that says which feature suffers.
    static func apply(logger: Logger) throws(StartError) {
        let sysctls = KernelSysctls()
        for setting in settings {
            do throws(DataplaneError) {
                if try sysctls.set(setting.key, to: setting.value) {
                    logger.info("sysctl set", metadata: ["key": "\(setting.key)", "value": "\(setting.value)"])
                }
            } catch {
                throw StartError("\(error); without it there is no \(setting.purpose)")
            }
        }
    }

    /// Sets the timeouts that were given; a failure is told and nothing more, as in kube-proxy.
    static func applyTimeouts(_ timeouts: IPVSTimeouts, to ipvs: KernelIPVS, logger: Logger) {
        guard timeouts != IPVSTimeouts(tcp: 0, tcpFin: 0, udp: 0) else { return }
        do throws(DataplaneError) {
            try ipvs.setTimeouts(timeouts)
        } catch {
            logger.error("IPVS timeouts stay as they are", metadata: ["error": "\(error)"])
        }
    }
}
