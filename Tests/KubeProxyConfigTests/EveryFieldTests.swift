// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import Testing

struct EveryFieldTests {
    private static let body = """
        bindAddress: 9.8.7.6
        bindAddressHardFail: true
        clientConnection:
          acceptContentTypes: abc
          burst: 100
          contentType: content-type
          kubeconfig: /path/to/kubeconfig
          qps: 7.5
        clusterCIDR: 1.2.3.0/24
        configSyncPeriod: 15s
        conntrack:
          maxPerCore: 2
          min: 1
          tcpBeLiberal: true
          tcpCloseWaitTimeout: 10s
          tcpEstablishedTimeout: 20s
          udpStreamTimeout: 2m0s
          udpTimeout: 30s
        detectLocal:
          bridgeInterface: cbr0
          interfaceNamePrefix: veth
        detectLocalMode: BridgeInterface
        enableProfiling: true
        featureGates:
          ComponentFlagz: false
        healthzBindAddress: 1.2.3.4:12345
        hostnameOverride: foo
        iptables:
          localhostNodePorts: false
          masqueradeAll: true
          masqueradeBit: 17
          minSyncPeriod: 10s
          syncPeriod: 1m0s
        ipvs:
          excludeCIDRs:
          - 10.20.30.40/16
          - fd00:1::0/64
          minSyncPeriod: 11s
          scheduler: wrr
          strictARP: true
          syncPeriod: 1m1s
          tcpFinTimeout: 3s
          tcpTimeout: 2s
          udpTimeout: 4s
        kind: KubeProxyConfiguration
        logging:
          flushFrequency: 1s
          format: json
          options:
            json:
              infoBufferSize: 64Ki
              splitStream: true
            text:
              infoBufferSize: 1M
              splitStream: true
          verbosity: 10
          vmodule:
          - filePattern: foo.go
            verbosity: 6
          - filePattern: bar.go
            verbosity: 8
        metricsBindAddress: '[fd00:2::5]:23456'
        mode: ipvs
        nftables:
          masqueradeAll: true
          masqueradeBit: 18
          minSyncPeriod: 12s
          syncPeriod: 1m2s
        nodePortAddresses:
        - 10.20.30.40/16
        - fd00:1::0/64
        oomScoreAdj: 17
        portRange: 2-7
        showHiddenMetricsForVersion: "1.35"
        windowsRunAsService: true
        winkernel:
          enableDSR: true
          forwardHealthCheckVip: true
          networkName: net
          rootHnsEndpointName: root
          sourceVip: 10.0.0.9

        """

    @Test func `every field is read, written, and read again`() throws {
        let text = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\n" + Self.body
        let read = try KubeProxyConfiguration.reading(yaml: text)
        #expect(read.warnings == [])
        #expect(read.configuration.yaml == text)
        let configuration = read.configuration
        #expect(configuration.clientConnection.qps == 7.5)
        #expect(configuration.conntrack.udpStreamTimeout == .seconds(120))
        #expect(configuration.ipvs.excludeCIDRs == ["10.20.30.40/16", "fd00:1::0/64"])
        #expect(configuration.logging.vmodule.map(\.filePattern) == ["foo.go", "bar.go"])
        #expect(configuration.featureGates == ["ComponentFlagz": false])
        #expect(try KubeProxyConfiguration.reading(yaml: configuration.json).configuration == configuration)
    }
}
