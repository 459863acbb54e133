// swift-tools-version: 6.2

import PackageDescription

/// Settings every Swift target of this package compiles with.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    // Generic code is compiled for the types it is used with in other modules too: `FamilyReconciler` and its tables above all.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// For what swift-protobuf's plugin writes: it does not mark its unsafe expressions.
let generated: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "kube-ipvs",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        // MARK: C: headers of the system's libraries and of the kernel, and what Swift cannot form itself

        .systemLibrary(
            name: "CLibNL",
            pkgConfig: "libnl-genl-3.0",
            providers: [.apt(["libnl-3-dev", "libnl-genl-3-dev"])]
        ),
        .systemLibrary(
            name: "CIPSet",
            pkgConfig: "libipset",
            providers: [.apt(["libipset-dev"])]
        ),
        .systemLibrary(name: "CLinuxUAPI"),
        .target(name: "CIPSetShims", dependencies: ["CIPSet"]),
        .target(name: "CGNUSource"),
        .target(name: "CNetlinkBench"),

        // MARK: Pure: values and functions; no file descriptor, no clock

        .target(name: "Addressing", swiftSettings: strict),
        .target(name: "DataplaneModel", dependencies: ["Addressing"], swiftSettings: strict),
        .target(name: "IPVSListing", dependencies: ["Addressing", "DataplaneModel"], swiftSettings: strict),
        .target(name: "KubernetesObjects", dependencies: ["Addressing"], swiftSettings: strict),
        .target(
            name: "ServicePlan",
            dependencies: ["Addressing", "DataplaneModel", "KubernetesObjects"],
            swiftSettings: strict
        ),
        .target(name: "Telemetry", swiftSettings: strict),
        .target(name: "Reconcile", dependencies: ["Addressing", "DataplaneModel"], swiftSettings: strict),
        .target(
            name: "KubernetesProto",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["kubernetes.proto"],
            swiftSettings: generated
        ),
        .target(
            name: "KubernetesWatch",
            dependencies: [
                "KubernetesObjects", "KubernetesProto", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "KubeProxyConfig",
            dependencies: [
                "Addressing", "DataplaneModel", "KubernetesObjects", "ServicePlan", "YAMLDocuments",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // MARK: I/O: the kernel and the file system; no Kubernetes semantics

        .target(name: "Netlink", dependencies: ["CGNUSource", "CLibNL", "CLinuxUAPI"], swiftSettings: strict),
        .target(
            name: "ChildPrograms",
            dependencies: [
                "CGNUSource",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "DataplaneKernel",
            dependencies: [
                "Addressing",
                "ChildPrograms",
                "CIPSetShims",
                "CLinuxUAPI",
                "CGNUSource",
                "DataplaneModel",
                "Netlink",
                "Reconcile",
            ],
            swiftSettings: strict
        ),
        .target(name: "BlockingExecution", dependencies: ["CGNUSource"], swiftSettings: strict),
        .target(
            name: "SmallFiles",
            dependencies: [.product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict
        ),
        .target(
            name: "YAMLDocuments",
            dependencies: ["KubernetesObjects", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),
        .target(
            name: "ManifestFiles",
            dependencies: ["BlockingExecution", "KubernetesObjects", "YAMLDocuments"],
            swiftSettings: strict
        ),

        .target(
            name: "KubernetesHTTP",
            dependencies: [
                "Addressing",
                "ChildPrograms",
                "KubernetesObjects",
                "KubernetesWatch",
                "SmallFiles",
                "YAMLDocuments",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: strict
        ),

        .target(
            name: "HTTPSurfaces",
            dependencies: [
                "Addressing",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),

        // MARK: Composition and commands

        .target(
            name: "ProxyService",
            dependencies: [
                "Addressing",
                "BlockingExecution",
                "DataplaneKernel",
                "DataplaneModel",
                "HTTPSurfaces",
                "KubeProxyConfig",
                "KubernetesHTTP",
                "KubernetesObjects",
                "KubernetesWatch",
                "ManifestFiles",
                "Reconcile",
                "ServicePlan",
                "SmallFiles",
                "Telemetry",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "kube-ipvs",
            dependencies: [
                "Addressing",
                "DataplaneKernel",
                "DataplaneModel",
                "IPVSListing",
                "KubeProxyConfig",
                "KubernetesHTTP",
                "KubernetesObjects",
                "ProxyService",
                "SmallFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // MARK: Fakes, for tests only

        .target(
            name: "DataplaneTesting",
            dependencies: ["Addressing", "DataplaneModel", "Reconcile"],
            swiftSettings: strict
        ),

        // MARK: Test support

        .target(
            name: "HistoryTesting",
            dependencies: [
                "Addressing", "DataplaneModel", "KubernetesObjects", "Reconcile", "ServicePlan", "SystemTesting",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "KernelHistoryTesting",
            dependencies: [
                "Addressing",
                "CLinuxUAPI",
                "DataplaneKernel",
                "DataplaneModel",
                "HistoryTesting",
                "Netlink",
                "ProxyService",
                "Reconcile",
                "SystemTesting",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "SystemTesting",
            dependencies: [.product(name: "Subprocess", package: "swift-subprocess")],
            swiftSettings: strict
        ),
        .target(
            name: "KubernetesTesting",
            dependencies: [
                "Addressing", "KubernetesObjects", "KubernetesProto", "KubernetesWatch", "SystemTesting",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),

        // MARK: Measuring; not shipped

        .executableTarget(
            name: "kube-ipvs-bench",
            dependencies: [
                "Addressing",
                "CNetlinkBench",
                "DataplaneKernel",
                "DataplaneModel",
                "KubeProxyConfig",
                "KubernetesObjects",
                "KubernetesTesting",
                "ProxyService",
                "Reconcile",
                "ServicePlan",
                "SmallFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),

        // MARK: Following histories; not shipped

        .executableTarget(
            name: "kube-ipvs-histories",
            dependencies: [
                "DataplaneKernel",
                "HistoryTesting",
                "KernelHistoryTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // MARK: Tests

        .testTarget(name: "AddressingTests", dependencies: ["Addressing"], swiftSettings: strict),
        .testTarget(
            name: "DataplaneModelTests",
            dependencies: ["Addressing", "DataplaneModel", "DataplaneTesting", "SystemTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChildProgramsTests",
            dependencies: ["ChildPrograms", "SystemTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BlockingExecutionTests",
            dependencies: ["BlockingExecution", "SmallFiles", "SystemTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IPVSListingTests",
            dependencies: ["Addressing", "DataplaneModel", "IPVSListing"],
            exclude: ["Golden"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KubernetesObjectsTests",
            dependencies: ["Addressing", "KubernetesObjects"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ServicePlanTests",
            dependencies: [
                "Addressing", "DataplaneModel", "HistoryTesting", "KubernetesObjects", "ServicePlan", "SystemTesting",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ReconcileTests",
            dependencies: [
                "Addressing", "DataplaneModel", "DataplaneTesting", "HistoryTesting", "KubernetesObjects", "Reconcile",
                "ServicePlan",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KubernetesWatchTests",
            dependencies: [
                "Addressing", "KubernetesObjects", "KubernetesProto", "KubernetesTesting", "KubernetesWatch",
                "SystemTesting",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ManifestFilesTests",
            dependencies: ["Addressing", "KubernetesObjects", "ManifestFiles", "SystemTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "YAMLDocumentsTests",
            dependencies: ["KubernetesObjects", "SystemTesting", "YAMLDocuments"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KubernetesHTTPTests",
            dependencies: [
                "Addressing",
                "KubernetesHTTP",
                "KubernetesObjects",
                "KubernetesTesting",
                "KubernetesWatch",
                "SystemTesting",
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            exclude: ["PKI"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ProxyServiceTests",
            dependencies: [
                "Addressing",
                "DataplaneModel",
                "DataplaneTesting",
                "HTTPSurfaces",
                "KubeProxyConfig",
                "KubernetesHTTP",
                "KubernetesObjects",
                "KubernetesTesting",
                "KubernetesWatch",
                "ProxyService",
                "Reconcile",
                "ServicePlan",
                "SystemTesting",
                "Telemetry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: strict),
        .testTarget(
            name: "HTTPSurfacesTests",
            dependencies: [
                "Addressing",
                "HTTPSurfaces",
                "SystemTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ManifestsTests",
            dependencies: ["KubernetesTesting", .product(name: "Subprocess", package: "swift-subprocess")],
            swiftSettings: strict
        ),
        .testTarget(name: "NetlinkTests", dependencies: ["Netlink"], swiftSettings: strict),
        .testTarget(
            name: "DataplaneKernelTests",
            dependencies: [
                "Addressing",
                "DataplaneKernel",
                "DataplaneModel",
                "Netlink",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KernelTests",
            dependencies: [
                "Addressing",
                "CLinuxUAPI",
                "DataplaneKernel",
                "DataplaneModel",
                "DataplaneTesting",
                "HistoryTesting",
                "KernelHistoryTesting",
                "Netlink",
                "ProxyService",
                "Reconcile",
                "ServicePlan",
                "SmallFiles",
                "SystemTesting",
                "kube-ipvs",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrafficTests",
            dependencies: [
                "Addressing", "KubernetesObjects", "KubernetesTesting", "SystemTesting",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KubeProxyConfigTests",
            dependencies: [
                "Addressing", "DataplaneModel", "KubeProxyConfig", "ServicePlan", "SystemTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
    ]
)
