// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// Gathers what is rejected of one object: the first of it, where it is much.
struct RejectionList {
    /// Nobody reads on after as many, and each is a line of the log.
    private static let mostRejections = 100

    let kind: String
    let object: ObjectName
    private(set) var rejections: [Rejection] = []

    init(kind: String, object: ObjectName) {
        self.kind = kind
        self.object = object
    }

    mutating func reject(_ field: @autoclosure () -> String, _ reason: Rejection.Reason, _ explanation: String) {
        guard rejections.count < Self.mostRejections else { return }
        let isLast = rejections.count + 1 == Self.mostRejections
        rejections.append(
            Rejection(
                kind: kind,
                object: object,
                field: field(),
                reason: reason,
                explanation: explanation + (isLast ? "; what else is wrong with the object is not told of" : "")
            )
        )
    }

    /// The address in a text; rejects what is none and what no packet can be sent to.
    mutating func address(_ text: String, _ field: @autoclosure () -> String) -> IPAddress? {
        guard let address = IPAddress(text) else {
            reject(field(), .invalidAddress, "\(text.quotedForMessage) is not an IP address")
            return nil
        }
        guard !address.isUnspecified, !address.isMulticast else {
            reject(field(), .invalidAddress, "\(address) is not the address of one host")
            return nil
        }
        return address
    }

    /// The port number in a field that is there.
    mutating func port(_ number: Int64, _ field: @autoclosure () -> String) -> UInt16? {
        guard let port = UInt16(exactly: number), port != 0 else {
            reject(field(), .invalidPort, "\(number) is not a port: want 1 to 65535")
            return nil
        }
        return port
    }

    /// The protocol of a port: TCP when the field is absent.
    mutating func transport(_ name: String?, _ field: @autoclosure () -> String) -> TransportProtocol? {
        guard let name, !name.isEmpty else { return .tcp }
        guard let transport = TransportProtocol(kubernetesName: name) else {
            reject(field(), .unknownProtocol, "\(name.quotedForMessage) is not a protocol: want TCP, UDP or SCTP")
            return nil
        }
        return transport
    }

    /// The value of an enumeration field. The first of the `choices` is the default, for an absent, an empty and an unknown
    /// value.
    mutating func choice<Value>(
        _ name: String?,
        _ field: @autoclosure () -> String,
        _ choices: KeyValuePairs<String, Value>
    ) -> Value {
        if let name, !name.isEmpty {
            if let known = choices.first(where: { $0.key == name }) { return known.value }
            let wanted = choices.map(\.key).joined(separator: ", ")
            reject(
                field(),
                .unknownValue,
                "\(name.quotedForMessage) is unknown: want one of \(wanted); taken as \(choices[0].key)"
            )
        }
        return choices[0].value
    }
}
