// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

// Services and EndpointSlices straight from their bytes: the same fields as by way of the generated messages
// (`Fields+Protobuf.swift`), which cost as much again as the checks. The numbers are those of `kubernetes.proto`.

extension WireCursor {
    /// What is read of `metadata` for both kinds, and a look at each label.
    mutating func metadata(
        _ parts: inout WireMetadata,
        _ label: (WireCursor, _ key: Range<Int>, _ value: Range<Int>) throws(Unusual) -> Void
    ) throws(Unusual) {
        try message { cursor throws(Unusual) in
            while let field = try cursor.nextField() {
                switch field {
                case .bytes(1): parts.name = try cursor.string()
                case .bytes(3): parts.namespace = try cursor.string()
                case .bytes(6): parts.version = try cursor.string()
                case .bytes(8): try cursor.time(&parts.creationSeconds)
                // Looked at because it could be malformed.
                case .bytes(9): try cursor.time(&parts.deletionSeconds)
                case .bytes(11):
                    let entry = try cursor.entry()
                    try label(cursor, entry.key, entry.value)
                case .bytes(12):
                    let entry = try cursor.entry()
                    if cursor.holds("endpoints.kubernetes.io/last-change-trigger-time", in: entry.key) {
                        parts.triggerTime = try cursor.string(in: entry.value)
                    } else if cursor.mayHoldSetting(in: entry.key) {
                        parts.annotations.note(
                            try cursor.string(in: entry.key), try cursor.string(in: entry.value))
                    }
                default: try cursor.skip(field)
                }
            }
        }
    }

    /// Whether a key may be that of a setting; few objects have any, and most keys are seen not to be at the first look.
    private func mayHoldSetting(in key: Range<Int>) -> Bool {
        begins("kube-ipvs.io/", in: key) || begins("kube-router.io/", in: key)
    }

    private mutating func time(_ seconds: inout Int64?) throws(Unusual) {
        try message(only: .varint(1)) { cursor throws(Unusual) in seconds = try cursor.int64() }
    }
}

/// What is read of `metadata`.
struct WireMetadata {
    var name = ""
    var namespace = ""
    var version = ""
    var creationSeconds: Int64?
    var deletionSeconds: Int64?
    var triggerTime: String?
    var annotations = SettingAnnotations()

    var objectName: ObjectName { ObjectName(namespace: namespace, name: name) }

    var observed: ObservedMetadata {
        ObservedMetadata(
            name: name.isEmpty ? nil : objectName,
            version: version.isEmpty ? nil : ResourceVersion(rawValue: version),
            lastChangeTriggerTime: triggerTime
        )
    }
}

// MARK: - EndpointSlice

extension EndpointSliceFields {
    /// - Throws: Where the generated decoder has to look.
    static func read(wire bytes: [UInt8]) throws(WireCursor.Unusual) -> (ObservedMetadata, EndpointSliceFields) {
        var cursor = WireCursor(bytes)
        var metadata = WireMetadata()
        var fields = EndpointSliceFields(name: metadata.objectName)
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1):
                try cursor.metadata(&metadata) { cursor, key, value throws(WireCursor.Unusual) in
                    if cursor.holds("kubernetes.io/service-name", in: key) {
                        fields.serviceName = try cursor.string(in: value)
                    } else if cursor.holds("service.kubernetes.io/headless", in: key) {
                        fields.isHeadless = true
                    }
                }
            case .bytes(2):
                // In its place: an endpoint is large to copy.
                let index = fields.endpoints.count
                fields.endpoints.append(Endpoint())
                try cursor.message { cursor throws(WireCursor.Unusual) in
                    try fields.endpoints[index].read(&cursor)
                }
            case .bytes(3):
                var port = Port(name: "")
                try cursor.message { cursor throws(WireCursor.Unusual) in try port.read(&cursor) }
                fields.ports.append(port)
            case .bytes(4): fields.addressType = try cursor.string()
            default: try cursor.skip(field)
            }
        }
        fields.name = metadata.objectName
        fields.annotations = metadata.annotations
        return (metadata.observed, fields)
    }
}

extension EndpointSliceFields.Port {
    fileprivate mutating func read(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1): name = try cursor.string()
            case .bytes(2): transport = try cursor.string()
            case .varint(3): port = try cursor.int32()
            default: try cursor.skip(field)
            }
        }
    }
}

extension EndpointSliceFields.Endpoint {
    fileprivate mutating func read(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        var hasTarget = false
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1):
                // Only the first counts, and all have to be texts.
                let text = try cursor.string()
                if address == nil { address = text }
            case .bytes(2):
                try cursor.message { cursor throws(WireCursor.Unusual) in try readConditions(&cursor) }
            case .bytes(4):
                // Given twice, the parts of both count.
                guard !hasTarget else { throw WireCursor.Unusual() }
                hasTarget = true
                try cursor.message { cursor throws(WireCursor.Unusual) in try readTarget(&cursor) }
            case .bytes(6): nodeName = try cursor.string()
            case .bytes(7): zone = try cursor.string()
            case .bytes(8):
                try cursor.message { cursor throws(WireCursor.Unusual) in try readHints(&cursor) }
            default: try cursor.skip(field)
            }
        }
    }

    private mutating func readTarget(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        var (kind, name) = ("", "")
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1): kind = try cursor.string()
            case .bytes(3): name = try cursor.string()
            default: try cursor.skip(field)
            }
        }
        if kind == "Pod" { podName = name }
    }

    private mutating func readConditions(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        while let field = try cursor.nextField() {
            switch field {
            case .varint(1): ready = try cursor.bool()
            case .varint(2): serving = try cursor.bool()
            case .varint(3): terminating = try cursor.bool()
            default: try cursor.skip(field)
            }
        }
    }

    private mutating func readHints(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1): zoneHints.append(try Self.readHint(&cursor))
            case .bytes(2): nodeHints.append(try Self.readHint(&cursor))
            default: try cursor.skip(field)
            }
        }
    }

    private static func readHint(_ cursor: inout WireCursor) throws(WireCursor.Unusual) -> String {
        var name = ""
        try cursor.message(only: .bytes(1)) { cursor throws(WireCursor.Unusual) in name = try cursor.string() }
        return name
    }
}

// MARK: - Service

extension ServiceFields {
    /// - Throws: Where the generated decoder has to look.
    static func read(wire bytes: [UInt8]) throws(WireCursor.Unusual) -> (ObservedMetadata, ServiceFields) {
        var cursor = WireCursor(bytes)
        var metadata = WireMetadata()
        var fields = ServiceFields(name: metadata.objectName)
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1):
                try cursor.metadata(&metadata) { cursor, key, _ in
                    if cursor.holds("service.kubernetes.io/service-proxy-name", in: key) {
                        fields.isOfOtherProxy = true
                    }
                }
            case .bytes(2):
                try cursor.message { cursor throws(WireCursor.Unusual) in try fields.readSpec(&cursor) }
            case .bytes(3): try fields.readStatus(&cursor)
            default: try cursor.skip(field)
            }
        }
        fields.name = metadata.objectName
        fields.annotations = metadata.annotations
        fields.creationTimestamp = metadata.creationSeconds.map(CreationTimestamp.seconds)
        return (metadata.observed, fields)
    }

    private mutating func readSpec(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1):
                var port = Port()
                try cursor.message { cursor throws(WireCursor.Unusual) in try port.read(&cursor) }
                ports.append(port)
            case .bytes(3): clusterIP = try cursor.string()
            case .bytes(4): type = try cursor.string()
            case .bytes(5): externalIPs.append(try cursor.string())
            case .bytes(7): sessionAffinity = try cursor.string()
            case .bytes(9): loadBalancerSourceRanges.append(try cursor.string())
            case .bytes(11): externalTrafficPolicy = try cursor.string()
            case .varint(12): healthCheckNodePort = try cursor.int32()
            case .bytes(14): try readAffinity(&cursor)
            case .bytes(18): clusterIPs.append(try cursor.string())
            case .bytes(19): ipFamilies.append(try cursor.string())
            case .bytes(22): internalTrafficPolicy = try cursor.string()
            default: try cursor.skip(field)
            }
        }
    }

    /// `sessionAffinityConfig`: of its `clientIP` the timeout.
    private mutating func readAffinity(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        try cursor.message(only: .bytes(1)) { cursor throws(WireCursor.Unusual) in
            try cursor.message(only: .varint(1)) { cursor throws(WireCursor.Unusual) in
                clientAffinityTimeout = try cursor.int32()
            }
        }
    }

    /// `status`: of its `loadBalancer` each `ingress`.
    private mutating func readStatus(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        try cursor.message(only: .bytes(1)) { cursor throws(WireCursor.Unusual) in
            try cursor.message(only: .bytes(1)) { cursor throws(WireCursor.Unusual) in
                var ingress = Ingress()
                try cursor.message { cursor throws(WireCursor.Unusual) in try ingress.read(&cursor) }
                loadBalancerIngress.append(ingress)
            }
        }
    }
}

extension ServiceFields.Port {
    fileprivate mutating func read(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1): name = try cursor.string()
            case .bytes(2): transport = try cursor.string()
            case .varint(3): port = try cursor.int32()
            case .varint(5): nodePort = try cursor.int32()
            default: try cursor.skip(field)
            }
        }
    }
}

extension ServiceFields.Ingress {
    fileprivate mutating func read(_ cursor: inout WireCursor) throws(WireCursor.Unusual) {
        while let field = try cursor.nextField() {
            switch field {
            case .bytes(1): ip = try cursor.string()
            case .bytes(3): ipMode = try cursor.string()
            default: try cursor.skip(field)
            }
        }
    }
}
