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
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        // MARK: C: headers of the system's libraries and of the kernel, and nothing else

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

        // MARK: Pure: values and functions; no file descriptor, no clock

        .target(name: "Addressing", swiftSettings: strict),
        .target(name: "DataplaneModel", dependencies: ["Addressing"], swiftSettings: strict),
        .target(name: "KubernetesObjects", dependencies: ["Addressing"], swiftSettings: strict),
        .target(
            name: "ServicePlan",
            dependencies: ["Addressing", "DataplaneModel", "KubernetesObjects"],
            swiftSettings: strict
        ),
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

        // MARK: I/O: no knowledge of Services

        .target(
            name: "ManifestFiles",
            dependencies: ["KubernetesObjects", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),

        // MARK: Test support

        .target(
            name: "KubernetesTesting",
            dependencies: [
                "Addressing", "KubernetesObjects", "KubernetesProto", "KubernetesWatch",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),

        // MARK: Tests

        .testTarget(name: "AddressingTests", dependencies: ["Addressing"], swiftSettings: strict),
        .testTarget(
            name: "KubernetesObjectsTests",
            dependencies: ["Addressing", "KubernetesObjects"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KubernetesWatchTests",
            dependencies: ["Addressing", "KubernetesObjects", "KubernetesProto", "KubernetesTesting", "KubernetesWatch"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ManifestFilesTests",
            dependencies: ["Addressing", "KubernetesObjects", "ManifestFiles"],
            swiftSettings: strict
        ),
    ]
)
