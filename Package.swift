// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-or-later

import PackageDescription

// Package.resolved is not kept: exact versions here are what makes two builds alike.
let dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let inMemoryLogging = Target.Dependency.product(name: "InMemoryLogging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let swiftASN1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let targets: [Target] = [
    // MARK: The system's C headers, and what Swift cannot form itself

    // Headers of libnl-3 and libnl-genl-3.
    .systemLibrary(
        name: "CLibNL",
        pkgConfig: "libnl-genl-3.0",
        providers: [.apt(["libnl-3-dev", "libnl-genl-3-dev"])]
    ),
    // Headers of libipset.
    .systemLibrary(name: "CIPSet", pkgConfig: "libipset", providers: [.apt(["libipset-dev"])]),
    // The kernel's own headers.
    .systemLibrary(name: "CLinuxUAPI"),
    // What kube-ipvs and kube-ipvs-sets say to each other.
    .target(name: "CSetsProtocol"),
    // Calls of the C library that Swift does not see: memfd_create(2), unshare(2), recvmmsg(2), mallopt(3).
    .target(name: "CGNUSource"),

    // MARK: Pure: values and functions; no file descriptor, no clock

    // IP addresses, networks, families and transport protocols.
    .target(name: "Addressing"),
    // What the kernel holds, what is wanted of it, and the changes between the two.
    .target(name: "DataplaneModel", dependencies: ["Addressing"]),
    // `dump`'s output: ipvsadm's listings, its restore commands, JSON.
    .target(name: "IPVSListing", dependencies: ["Addressing", "DataplaneModel", "JSONStrings"]),
    // Strings as JSON has them.
    .target(name: "JSONStrings"),
    // Service, EndpointSlice and Node, cut down to what is used, and how they are checked.
    .target(name: "KubernetesObjects", dependencies: ["Addressing", "JSONStrings"]),
    // Services, EndpointSlices and facts of the node → contributions to the data plane.
    .target(name: "ServicePlan", dependencies: ["Addressing", "DataplaneModel", "KubernetesObjects"]),
    // The way of one packet through rules, routing and IPVS, for `trace`.
    .target(name: "PacketTrace", dependencies: ["Addressing", "DataplaneModel", "KubernetesObjects"]),
    // Counters, gauges and histograms, and their text for Prometheus.
    .target(name: "Telemetry"),
    // Passes over one family: mirror, order, drift, retry, draining; the data plane protocols.
    .target(name: "Reconcile", dependencies: ["Addressing", "DataplaneModel"]),
    // The one loop: objects in, passes over both families out, step by step on any clock.
    .target(
        name: "NodeSync",
        dependencies: ["Addressing", "DataplaneModel", "Reconcile", "ServicePlan"]
    ),
    // The status of a running daemon and the names of its servers, as text and JSON.
    .target(
        name: "NodeStatus",
        dependencies: [
            "Addressing", "DataplaneModel", "IPVSListing", "KubernetesObjects", "Reconcile", "ServicePlan",
        ]
    ),
    // Files as a tape archive that tar reads.
    .target(name: "TapeArchive"),
    // The API's messages in protobuf, generated.
    .target(
        name: "KubernetesProto",
        dependencies: [protobuf],
        exclude: ["kubernetes.proto"]
    ),
    // List and watch over any transport: requests, framing, decoding, reflector, store.
    .target(name: "KubernetesWatch", dependencies: ["KubernetesObjects", "KubernetesProto", protobuf]),

    // MARK: I/O: the kernel, files and the network

    // A thread of its own for an actor whose calls block.
    .target(name: "BlockingExecution", dependencies: ["CGNUSource"]),
    // Programs of the system, with bounds on their time and output.
    .target(
        name: "ChildPrograms",
        dependencies: ["BlockingExecution", "CGNUSource", subprocess, systemPackage]
    ),
    // The real IPVS, ipset, iptables, addresses, flows and sysctls, behind `Reconcile`'s protocols.
    .target(
        name: "DataplaneKernel",
        dependencies: [
            "Addressing", "CGNUSource", "ChildPrograms", "CLinuxUAPI", "CSetsProtocol", "DataplaneModel", "Netlink",
            "Reconcile",
        ]
    ),
    // HTTP servers for a daemon's small answers, with limits against floods.
    .target(
        name: "HTTPSurfaces",
        dependencies: ["Addressing", httpTypes, hummingbird, lifecycle, logging, nioCore, nioHTTPTypes, nioPosix]
    ),
    // The API server over HTTPS: connections, trust, credentials, proxies; Events.
    .target(
        name: "KubernetesHTTP",
        dependencies: [
            "Addressing", "ChildPrograms", "KubernetesObjects", "KubernetesWatch", "SmallFiles", "YAMLDocuments",
            asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix, nioSSL, nioTLS, swiftASN1, x509,
        ]
    ),
    // A directory of YAML and JSON, watched.
    .target(
        name: "ManifestFiles",
        dependencies: ["BlockingExecution", "CGNUSource", "KubernetesObjects", "YAMLDocuments"]
    ),
    // libnl behind Swift types: socket, message, batch, dump, subscription.
    .target(name: "Netlink", dependencies: ["CGNUSource", "CLibNL", "CLinuxUAPI"]),
    // Files that are read and written whole.
    .target(name: "SmallFiles", dependencies: [systemPackage]),
    // YAML to document trees, within limits; the only target that knows the parser.
    .target(name: "YAMLDocuments", dependencies: ["KubernetesObjects", yams]),

    // MARK: Composition and commands

    // kube-proxy's configuration file and flags, and the settings they come to.
    .target(
        name: "KubeProxyConfig",
        dependencies: [
            "Addressing", "DataplaneModel", "JSONStrings", "KubernetesObjects", "ServicePlan", "YAMLDocuments",
            argumentParser,
        ]
    ),
    // What daemon and inspection begin with: facts of the host, the kernel's settings, an opened source of objects.
    .target(
        name: "NodeStartup",
        dependencies: [
            "Addressing", "DataplaneKernel", "DataplaneModel", "KubeProxyConfig", "KubernetesHTTP",
            "KubernetesObjects", "KubernetesWatch", "ManifestFiles", "NodeSync", "Reconcile", "ServicePlan",
            "SmallFiles", logging,
        ]
    ),
    // What happens on the node, told in metrics, health and the log.
    .target(
        name: "ProxyTelemetry",
        dependencies: [
            "Addressing", "DataplaneModel", "KubeProxyConfig", "KubernetesHTTP", "KubernetesObjects", "KubernetesWatch",
            "NodeSync", "Reconcile", "ServicePlan", "SmallFiles", "Telemetry", logging,
        ]
    ),
    // The node beside what it should be, for the commands: `plan`, `explain`, `check`, `cleanup`.
    .target(
        name: "NodeInspection",
        dependencies: [
            "Addressing", "DataplaneKernel", "DataplaneModel", "IPVSListing", "KubeProxyConfig",
            "KubernetesHTTP", "KubernetesObjects", "KubernetesWatch", "ManifestFiles", "NodeStartup", "NodeStatus",
            "NodeSync", "PacketTrace",
            "Reconcile", "ServicePlan", "SmallFiles", "YAMLDocuments", logging,
        ]
    ),
    // The daemon's parts as services of one group.
    .target(
        name: "NodeDaemon",
        dependencies: [
            "Addressing", "BlockingExecution", "DataplaneKernel", "DataplaneModel", "HTTPSurfaces", "KubeProxyConfig",
            "IPVSListing", "KubernetesHTTP", "KubernetesObjects", "KubernetesWatch", "ManifestFiles", "NodeStartup",
            "NodeStatus",
            "NodeSync",
            "ProxyTelemetry", "Reconcile", "ServicePlan", "SmallFiles", "Telemetry", lifecycle, logging, signals,
        ]
    ),
    // Notes the commit that is built, and has the program know it.
    .plugin(name: "CommitStamp", capability: .buildTool()),
    .target(name: "BuildCommit", plugins: ["CommitStamp"]),
    // The commands.
    .executableTarget(
        name: "kube-ipvs",
        dependencies: [
            "Addressing", "BuildCommit", "CGNUSource", "DataplaneKernel", "DataplaneModel", "IPVSListing",
            "KubeProxyConfig", "KubernetesHTTP", "KubernetesObjects", "NodeDaemon", "NodeInspection", "NodeStartup",
            "NodeStatus", "NodeSync", "PacketTrace", "ProxyTelemetry", "Reconcile", "SmallFiles", "TapeArchive",
            argumentParser,
            logging, subprocess, systemPackage,
        ]
    ),

    // Writes sets for `kube-ipvs`, with libipset, and has nothing that is not compatible with version 2 of the GPL.
    .executableTarget(
        name: "kube-ipvs-sets",
        dependencies: ["CIPSet", "CSetsProtocol"],
        // Swift's compiler links, and these two keep Swift's libraries out of a program in C.
        linkerSettings: [.unsafeFlags(["-nostartfiles", "-enable-experimental-feature", "Embedded"])]
    ),

    // MARK: Not shipped: what tests stand on

    // Fakes that refuse what the kernel refuses.
    .target(
        name: "DataplaneTesting",
        dependencies: [
            "Addressing", "DataplaneModel", "NodeSync", "Reconcile",
        ],
        path: "Tests/Support/DataplaneTesting"
    ),
    // A cluster and a node that live at random, and what is wrong after each step.
    .target(
        name: "HistoryTesting",
        dependencies: [
            "Addressing", "DataplaneModel", "DataplaneTesting", "KubernetesObjects", "NodeSync", "Reconcile",
            "ServicePlan", "SystemTesting",
        ],
        path: "Tests/Support/HistoryTesting"
    ),
    // Such histories on a kernel.
    .target(
        name: "KernelHistoryTesting",
        dependencies: [
            "Addressing", "CLinuxUAPI", "DataplaneKernel", "DataplaneModel", "HistoryTesting", "Netlink",
            "NodeInspection", "NodeSync", "Reconcile", "SystemTesting", systemPackage,
        ],
        path: "Tests/Support/KernelHistoryTesting"
    ),
    // An API server that pages, watches, expires and fails when told to.
    .target(
        name: "KubernetesTesting",
        dependencies: [
            "Addressing", "KubernetesObjects", "KubernetesProto", "KubernetesWatch", "SystemTesting", nioCore,
            nioHTTP1, nioPosix, nioSSL, protobuf,
        ],
        path: "Tests/Support/KubernetesTesting"
    ),
    // Programs of the system, waiting, seeded random numbers.
    .target(name: "SystemTesting", dependencies: [subprocess], path: "Tests/Support/SystemTesting"),

    // Each parser of foreign input, behind one function that a fuzzer calls.
    .target(
        name: "FuzzReaders",
        dependencies: [
            "Addressing", "DataplaneKernel", "DataplaneModel", "HTTPSurfaces", "IPVSListing", "KubeProxyConfig",
            "KubernetesHTTP", "KubernetesObjects", "KubernetesWatch", "Netlink", "NodeStartup", "YAMLDocuments",
        ],
        path: "Tests/fuzz/readers"
    ),

    // MARK: Not shipped: measuring, and following histories

    // A bare netlink program to compare with, and a count of what is sent.
    .target(name: "CNetlinkBench", path: "Tests/performance/CNetlinkBench"),
    // The scenarios of `docs/performance.md`.
    .executableTarget(
        name: "kube-ipvs-bench",
        dependencies: [
            "Addressing", "CNetlinkBench", "DataplaneKernel", "DataplaneModel", "KubeProxyConfig", "KubernetesObjects",
            "KubernetesHTTP", "KubernetesTesting", "KubernetesWatch", "NodeSync", "NodeDaemon", "Reconcile",
            "ServicePlan",
            "SmallFiles", argumentParser, logging,
        ],
        path: "Tests/performance/bench"
    ),
    // Follows many histories on a kernel.
    .executableTarget(
        name: "kube-ipvs-histories",
        dependencies: ["DataplaneKernel", "HistoryTesting", "KernelHistoryTesting", argumentParser],
        path: "Tests/kernel/histories-program"
    ),

    // MARK: Tests

    .testTarget(name: "AddressingTests", dependencies: ["Addressing"]),
    .testTarget(name: "BlockingExecutionTests", dependencies: ["BlockingExecution", "SmallFiles", "SystemTesting"]),
    .testTarget(name: "ChildProgramsTests", dependencies: ["ChildPrograms", "SystemTesting"]),
    .testTarget(
        name: "CommandTests",
        dependencies: ["kube-ipvs", "KubernetesHTTP", "NodeInspection", "Reconcile", logging, subprocess],
        exclude: ["Golden"]
    ),
    .testTarget(
        name: "DataplaneKernelTests",
        dependencies: [
            "Addressing", "ChildPrograms", "CLinuxUAPI", "CSetsProtocol", "DataplaneKernel", "DataplaneModel",
            "kube-ipvs-sets", "Netlink", "Reconcile", "SystemTesting",
        ]
    ),
    .testTarget(
        name: "DataplaneModelTests",
        dependencies: ["Addressing", "DataplaneModel", "DataplaneTesting", "SystemTesting"]
    ),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzReaders"]),
    .testTarget(
        name: "HTTPSurfacesTests",
        dependencies: ["Addressing", "HTTPSurfaces", "SystemTesting", lifecycle, logging, nioCore, nioPosix]
    ),
    .testTarget(
        name: "IPVSListingTests",
        dependencies: ["Addressing", "DataplaneModel", "IPVSListing"],
        exclude: ["Golden"]
    ),
    .testTarget(
        name: "KernelTests",
        dependencies: [
            "Addressing", "CLinuxUAPI", "DataplaneKernel", "DataplaneModel", "DataplaneTesting", "HistoryTesting",
            "IPVSListing", "KernelHistoryTesting", "kube-ipvs", "KubernetesObjects", "Netlink", "NodeDaemon",
            "NodeStatus", "NodeSync", "Reconcile", "ServicePlan", "SmallFiles", "SystemTesting", argumentParser,
            logging,
        ]
    ),
    .testTarget(
        name: "KubeProxyConfigTests",
        dependencies: [
            "Addressing", "DataplaneModel", "KubeProxyConfig", "KubernetesObjects", "ServicePlan", "SystemTesting",
            "YAMLDocuments", argumentParser,
        ],
        resources: [.copy("Fixtures")]
    ),
    .testTarget(
        name: "KubernetesHTTPTests",
        dependencies: [
            "Addressing", "KubernetesHTTP", "KubernetesObjects", "KubernetesTesting", "KubernetesWatch",
            "SystemTesting", inMemoryLogging, logging, nioCore, nioHTTP1, nioPosix, nioSSL, subprocess,
        ],
        exclude: ["PKI"]
    ),
    .testTarget(name: "KubernetesObjectsTests", dependencies: ["Addressing", "KubernetesObjects"]),
    .testTarget(
        name: "KubernetesWatchTests",
        dependencies: [
            "Addressing", "KubernetesObjects", "KubernetesProto", "KubernetesTesting", "KubernetesWatch",
            "SystemTesting", protobuf,
        ]
    ),
    .testTarget(
        name: "ManifestFilesTests",
        dependencies: ["Addressing", "KubernetesObjects", "ManifestFiles", "SystemTesting", "YAMLDocuments"]
    ),
    .testTarget(name: "ManifestsTests", dependencies: ["KubernetesTesting", subprocess]),
    .testTarget(
        name: "NodeSyncTests",
        dependencies: [
            "Addressing", "DataplaneModel", "DataplaneTesting", "HistoryTesting", "KubernetesObjects", "NodeSync",
            "Reconcile",
            "ServicePlan", "SystemTesting",
        ]
    ),
    .testTarget(name: "NetlinkTests", dependencies: ["Netlink"]),
    .testTarget(
        name: "NodeStatusTests",
        dependencies: [
            "Addressing", "DataplaneModel", "IPVSListing", "KubernetesObjects", "NodeStatus", "Reconcile",
            "ServicePlan",
        ],
        exclude: ["Golden"]
    ),
    .testTarget(
        name: "NodeDaemonTests",
        dependencies: [
            "Addressing", "DataplaneKernel", "DataplaneModel", "DataplaneTesting", "HTTPSurfaces", "KubeProxyConfig",
            "KubernetesHTTP", "KubernetesObjects", "KubernetesTesting", "KubernetesWatch", "IPVSListing", "NodeDaemon",
            "NodeStartup", "NodeStatus", "NodeSync", "ProxyTelemetry", "Reconcile", "ServicePlan", "SystemTesting",
            "Telemetry", argumentParser,
            inMemoryLogging, lifecycle, logging, subprocess,
        ]
    ),
    .testTarget(
        name: "NodeInspectionTests",
        dependencies: [
            "Addressing", "DataplaneKernel", "DataplaneModel", "DataplaneTesting", "KubeProxyConfig",
            "KubernetesHTTP", "KubernetesObjects", "KubernetesTesting", "KubernetesWatch", "NodeInspection",
            "NodeStartup", "NodeSync", "Reconcile", "ServicePlan", "SystemTesting", argumentParser, logging,
        ]
    ),
    .testTarget(
        name: "NodeStartupTests",
        dependencies: ["Addressing", "DataplaneModel", "KubeProxyConfig", "NodeStartup", "Reconcile", argumentParser]
    ),
    .testTarget(
        name: "ProxyTelemetryTests",
        dependencies: [
            "Addressing", "DataplaneModel", "DataplaneTesting", "KubernetesHTTP", "KubernetesObjects",
            "KubernetesTesting", "KubernetesWatch", "NodeSync", "ProxyTelemetry", "Reconcile", "ServicePlan",
            "SystemTesting", "Telemetry", inMemoryLogging, logging, subprocess,
        ]
    ),
    .testTarget(
        name: "PacketTraceTests",
        dependencies: ["Addressing", "DataplaneModel", "KubernetesObjects", "PacketTrace"],
        exclude: ["Golden"]
    ),
    .testTarget(
        name: "ReconcileTests",
        dependencies: [
            "Addressing", "DataplaneModel", "DataplaneTesting", "HistoryTesting", "KubernetesObjects", "NodeSync",
            "Reconcile", "ServicePlan", "SystemTesting",
        ]
    ),
    .testTarget(
        name: "ScenarioTests",
        dependencies: [
            "Addressing", "DataplaneModel", "DataplaneTesting", "IPVSListing", "KubeProxyConfig", "KubernetesObjects",
            "NodeStartup", "NodeSync", "Reconcile", "ServicePlan", "YAMLDocuments",
        ],
        exclude: ["README.md", "Scenarios", "defaults.txt"]
    ),
    .testTarget(
        name: "ServicePlanTests",
        dependencies: [
            "Addressing", "DataplaneModel", "HistoryTesting", "KubernetesObjects", "ServicePlan", "SystemTesting",
        ]
    ),
    .testTarget(name: "TapeArchiveTests", dependencies: ["TapeArchive", subprocess]),
    .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"]),
    .testTarget(
        name: "TrafficTests",
        dependencies: ["Addressing", "KubernetesObjects", "KubernetesTesting", "SystemTesting", subprocess]
    ),
    .testTarget(name: "YAMLDocumentsTests", dependencies: ["KubernetesObjects", "SystemTesting", "YAMLDocuments"]),
]

/// For what swift-protobuf's plugin writes: it does not mark its unsafe expressions.
let generated: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Generic code is compiled for the types it is used with in other modules too: `FamilyReconciler` and its tables above all.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

for target in targets where target.type != .system && target.type != .plugin {
    target.swiftSettings = target.name == "KubernetesProto" ? generated : strict
}
for target in targets where ["CSetsProtocol", "kube-ipvs-sets"].contains(target.name) {
    target.cSettings = [
        .unsafeFlags(["-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fstack-protector-strong"])
    ]
}

// libFuzzer brings its own main function, and each module is built so that it sees which branches an input takes.
// `Tests/fuzz/run` builds this way, into a folder of its own.
var fuzzing: [Target] = []
if Context.environment["KUBE_IPVS_FUZZ"] != nil {
    let driver = Target.executableTarget(
        name: "kube-ipvs-fuzz",
        dependencies: ["FuzzReaders"],
        path: "Tests/fuzz/driver",
        swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]
    )
    fuzzing = [driver]
    for target in targets where target.type == .regular || target.type == .executable {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer,address", "-O"]))
    }
}

let package = Package(name: "kube-ipvs", dependencies: dependencies, targets: targets + fuzzing)
