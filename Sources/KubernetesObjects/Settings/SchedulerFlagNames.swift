// SPDX-License-Identifier: GPL-2.0-or-later
/// Flags of a scheduler by the names that ipvsadm gives them, and by those that kube-router does.
public struct SchedulerFlagNames: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Another real server than the hashed one, where that takes no connections.
    public static let shFallback = Self(rawValue: 1)
    /// The client's port is hashed too.
    public static let shPort = Self(rawValue: 2)
    public static let mhFallback = Self(rawValue: 4)
    public static let mhPort = Self(rawValue: 8)
    /// The fallback flag of whatever scheduler has one.
    public static let flag1 = Self(rawValue: 16)
    /// The port flag of whatever scheduler has one.
    public static let flag2 = Self(rawValue: 32)

    private static let names: KeyValuePairs<String, Self> = [
        "sh-fallback": .shFallback, "sh-port": .shPort, "mh-fallback": .mhFallback, "mh-port": .mhPort,
        "flag-1": .flag1, "flag-2": .flag2,
    ]

    /// Names with commas between them. No name, or `none`, is no flag.
    init(_ text: String) throws(SettingError) {
        self = []
        guard !text.isEmpty, text != "none" else { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.trimmingBlanks
            if let flag = Self.names.first(where: { $0.key == name })?.value {
                insert(flag)
            } else if name == "flag-3" {
                throw SettingError(reason: "has flag-3, which no scheduler looks at")
            } else {
                let wanted = Self.names.map(\.key).joined(separator: ", ")
                throw SettingError(
                    reason: "has \(name.quotedForMessage), which is no flag: want some of \(wanted), or none")
            }
        }
    }
}

extension SchedulerFlagNames: CustomStringConvertible {
    /// Such as `mh-fallback,mh-port`.
    public var description: String {
        isEmpty ? "none" : Self.names.filter { contains($0.value) }.map(\.key).joined(separator: ",")
    }
}
