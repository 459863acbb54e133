// SPDX-License-Identifier: GPL-2.0-or-later
/// How a Service wants its virtual servers, beyond what the API has fields for: from annotations.
///
/// Each value is one that some kernel can carry out. Whether this node's can is found out where it is planned.
public struct ServiceSettings: Hashable, Sendable {
    /// A setting by its annotation.
    public enum Name: String, CaseIterable, Hashable, Sendable {
        case scheduler = "kube-ipvs.io/scheduler"
        case schedulerFlags = "kube-ipvs.io/scheduler-flags"
        case weights = "kube-ipvs.io/weights"
        case slowStart = "kube-ipvs.io/slow-start"

        /// kube-router's annotation for the same.
        public var alias: String? {
            switch self {
            case .scheduler: "kube-router.io/service.scheduler"
            case .schedulerFlags: "kube-router.io/service.schedflags"
            case .weights, .slowStart: nil
            }
        }
    }

    enum Value: Hashable, Sendable {
        case scheduler(String)
        case schedulerFlags(SchedulerFlagNames)
        case weights(EndpointWeights)
        case slowStart(UInt32)
    }

    private struct Setting: Hashable {
        var value: Value
        var annotation: String
    }

    /// A list, because few Services have any setting: an empty one takes eight bytes.
    private var list: [Setting] = []

    public init() {}

    public var isEmpty: Bool { list.isEmpty }

    /// The name of an IPVS scheduler, such as `wrr`.
    public var scheduler: String? {
        get { first { if case .scheduler(let name) = $0 { name } else { nil } } }
        set { replace(.scheduler, with: newValue.map(Value.scheduler)) }
    }

    public var schedulerFlags: SchedulerFlagNames? {
        get { first { if case .schedulerFlags(let flags) = $0 { flags } else { nil } } }
        set { replace(.schedulerFlags, with: newValue.map(Value.schedulerFlags)) }
    }

    public var weights: EndpointWeights? {
        get { first { if case .weights(let weights) = $0 { weights } else { nil } } }
        set { replace(.weights, with: newValue.map(Value.weights)) }
    }

    /// Over how many seconds the weight of a new endpoint rises.
    public var slowStart: UInt32? {
        get { first { if case .slowStart(let seconds) = $0 { seconds } else { nil } } }
        set { replace(.slowStart, with: newValue.map(Value.slowStart)) }
    }

    /// The annotation that a setting was read from: the own one or its alias.
    public func annotation(of name: Name) -> String {
        list.first { $0.value.name == name }?.annotation ?? name.rawValue
    }

    mutating func set(_ value: Value, by annotation: String) {
        list.removeAll { $0.value.name == value.name }
        list.append(Setting(value: value, annotation: annotation))
    }

    private mutating func replace(_ name: Name, with value: Value?) {
        list.removeAll { $0.value.name == name }
        if let value { set(value, by: name.rawValue) }
    }

    private func first<Result>(_ body: (Value) -> Result?) -> Result? {
        for setting in list {
            if let result = body(setting.value) { return result }
        }
        return nil
    }
}

/// What is wrong with the value of a setting, as the rest of a sentence that begins with the value.
struct SettingError: Error {
    var reason: String
}

extension ServiceSettings.Value {
    var name: ServiceSettings.Name {
        switch self {
        case .scheduler: .scheduler
        case .schedulerFlags: .schedulerFlags
        case .weights: .weights
        case .slowStart: .slowStart
        }
    }

    init(_ name: ServiceSettings.Name, _ text: String) throws(SettingError) {
        switch name {
        case .scheduler: self = .scheduler(try Self.scheduler(text))
        case .schedulerFlags: self = .schedulerFlags(try SchedulerFlagNames(text))
        case .weights: self = .weights(try EndpointWeights(text))
        case .slowStart: self = .slowStart(try Self.seconds(text))
        }
    }

    /// The kernel loads the module `ip_vs_NAME` for a name that it does not know (`ip_vs_sched_get` in `ip_vs_sched.c`). So
    /// whoever may write a Service must not name a module that is no scheduler.
    private static func scheduler(_ text: String) throws(SettingError) -> String {
        let isName = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isName, (1...15).contains(text.utf8.count), text != "ftp" else {
            throw SettingError(reason: "is no name of a scheduler such as rr, wrr or mh")
        }
        return text
    }

    /// From 1 second to 1 hour, such as `30s` or `1m30s`.
    private static func seconds(_ text: String) throws(SettingError) -> UInt32 {
        let error = SettingError(reason: "is no duration such as 30s or 1m30s, from 1s to 1h")
        var total: UInt32 = 0
        var rest = text[...]
        var lastUnit = UInt32.max
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard (1...4).contains(digits.count), let number = UInt32(digits) else { throw error }
            rest = rest[digits.endIndex...]
            let unit: UInt32
            switch rest.popFirst() {
            case "h": unit = 3600
            case "m": unit = 60
            case "s": unit = 1
            default: throw error
            }
            guard unit < lastUnit else { throw error }
            lastUnit = unit
            total += number * unit
        }
        guard (1...3600).contains(total) else { throw error }
        return total
    }
}
