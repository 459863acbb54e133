// SPDX-License-Identifier: GPL-2.0-or-later
/// Goes over the fields of a document, to read or to write them. There is one list of fields for both.
protocol FieldVisitor {
    mutating func field(_ name: String, _ value: inout String)
    mutating func field(_ name: String, _ value: inout Bool)
    mutating func field(_ name: String, _ value: inout Int32)
    mutating func field(_ name: String, _ value: inout Float)
    mutating func field(_ name: String, _ value: inout Duration)
    mutating func field(_ name: String, _ value: inout [String])
    /// A duration that may also be a number of nanoseconds.
    mutating func durationOrNanoseconds(_ name: String, _ value: inout Duration)
    /// A string that may also be a number.
    mutating func quantity(_ name: String, _ value: inout String)
    /// Left out when it is empty.
    mutating func switches(_ name: String, _ value: inout [String: Bool])
    /// Left out when it is empty.
    mutating func list<Element: VisitableFields>(_ name: String, _ value: inout [Element])
    /// Left out when it is false.
    mutating func optionalField(_ name: String, _ value: inout Bool)
    mutating func section(_ name: String, _ visit: (inout Self) -> Void)
}

protocol VisitableFields {
    init()
    mutating func visit(_ visitor: inout some FieldVisitor)
}

extension KubeProxyConfiguration: VisitableFields {
    /// All fields but `apiVersion` and `kind`.
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.switches("featureGates", &featureGates)
        visitor.section("clientConnection") { clientConnection.visit(&$0) }
        visitor.section("logging") { logging.visit(&$0) }
        visitor.field("hostnameOverride", &hostnameOverride)
        visitor.field("bindAddress", &bindAddress)
        visitor.field("healthzBindAddress", &healthzBindAddress)
        visitor.field("metricsBindAddress", &metricsBindAddress)
        visitor.field("bindAddressHardFail", &bindAddressHardFail)
        visitor.field("enableProfiling", &enableProfiling)
        visitor.field("showHiddenMetricsForVersion", &showHiddenMetricsForVersion)
        visitor.field("mode", &mode)
        visitor.section("iptables") { iptables.visit(&$0) }
        visitor.section("ipvs") { ipvs.visit(&$0) }
        visitor.section("nftables") { nftables.visit(&$0) }
        visitor.section("winkernel") { winkernel.visit(&$0) }
        visitor.field("detectLocalMode", &detectLocalMode)
        visitor.section("detectLocal") { detectLocal.visit(&$0) }
        visitor.field("clusterCIDR", &clusterCIDR)
        visitor.field("nodePortAddresses", &nodePortAddresses)
        visitor.field("oomScoreAdj", &oomScoreAdj)
        visitor.section("conntrack") { conntrack.visit(&$0) }
        visitor.field("configSyncPeriod", &configSyncPeriod)
        visitor.field("portRange", &portRange)
        visitor.optionalField("windowsRunAsService", &windowsRunAsService)
    }
}

extension KubeProxyConfiguration.ClientConnection: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("kubeconfig", &kubeconfig)
        visitor.field("acceptContentTypes", &acceptContentTypes)
        visitor.field("contentType", &contentType)
        visitor.field("qps", &qps)
        visitor.field("burst", &burst)
    }
}

extension KubeProxyConfiguration.Logging: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("format", &format)
        visitor.durationOrNanoseconds("flushFrequency", &flushFrequency)
        visitor.field("verbosity", &verbosity)
        visitor.list("vmodule", &vmodule)
        visitor.section("options") { options in
            options.section("text") { textOptions.visit(&$0) }
            options.section("json") { jsonOptions.visit(&$0) }
        }
    }
}

extension KubeProxyConfiguration.FileVerbosity: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("filePattern", &filePattern)
        visitor.field("verbosity", &verbosity)
    }
}

extension KubeProxyConfiguration.OutputOptions: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.optionalField("splitStream", &splitStream)
        visitor.quantity("infoBufferSize", &infoBufferSize)
    }
}

extension KubeProxyConfiguration.IPTables: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("masqueradeBit", &masqueradeBit)
        visitor.field("masqueradeAll", &masqueradeAll)
        visitor.field("localhostNodePorts", &localhostNodePorts)
        visitor.field("syncPeriod", &syncPeriod)
        visitor.field("minSyncPeriod", &minSyncPeriod)
    }
}

extension KubeProxyConfiguration.IPVS: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("syncPeriod", &syncPeriod)
        visitor.field("minSyncPeriod", &minSyncPeriod)
        visitor.field("scheduler", &scheduler)
        visitor.field("excludeCIDRs", &excludeCIDRs)
        visitor.field("strictARP", &strictARP)
        visitor.field("tcpTimeout", &tcpTimeout)
        visitor.field("tcpFinTimeout", &tcpFinTimeout)
        visitor.field("udpTimeout", &udpTimeout)
    }
}

extension KubeProxyConfiguration.NFTables: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("masqueradeBit", &masqueradeBit)
        visitor.field("masqueradeAll", &masqueradeAll)
        visitor.field("syncPeriod", &syncPeriod)
        visitor.field("minSyncPeriod", &minSyncPeriod)
    }
}

extension KubeProxyConfiguration.Winkernel: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("networkName", &networkName)
        visitor.field("sourceVip", &sourceVip)
        visitor.field("enableDSR", &enableDSR)
        visitor.field("rootHnsEndpointName", &rootHnsEndpointName)
        visitor.field("forwardHealthCheckVip", &forwardHealthCheckVip)
    }
}

extension KubeProxyConfiguration.DetectLocal: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("bridgeInterface", &bridgeInterface)
        visitor.field("interfaceNamePrefix", &interfaceNamePrefix)
    }
}

extension KubeProxyConfiguration.Conntrack: VisitableFields {
    mutating func visit(_ visitor: inout some FieldVisitor) {
        visitor.field("maxPerCore", &maxPerCore)
        visitor.field("min", &min)
        visitor.field("tcpEstablishedTimeout", &tcpEstablishedTimeout)
        visitor.field("tcpCloseWaitTimeout", &tcpCloseWaitTimeout)
        visitor.field("tcpBeLiberal", &tcpBeLiberal)
        visitor.field("udpTimeout", &udpTimeout)
        visitor.field("udpStreamTimeout", &udpStreamTimeout)
    }
}
