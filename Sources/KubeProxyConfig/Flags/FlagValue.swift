// SPDX-License-Identifier: GPL-2.0-or-later
public import ArgumentParser
import YAMLDocuments

/// How the text of a flag becomes a value, and a value a text.
struct FlagValue<Value> {
    /// What would be right, to be read after "is not".
    var wanted: String
    var text: (Value) -> String
    var parse: (String) -> Value?

    init(wanted: String, text: @escaping (Value) -> String = { "\($0)" }, parse: @escaping (String) -> Value?) {
        self.wanted = wanted
        self.text = text
        self.parse = parse
    }
}

extension FlagValue<String> {
    static var text: Self { FlagValue(wanted: "a text") { $0 } }
}

extension FlagValue<Bool> {
    static var bool: Self { FlagValue(wanted: "true or false") { GoBool($0)?.value } }
}

extension FlagValue<Int32> {
    static var number: Self {
        FlagValue(wanted: "a whole number from \(Int32.min) to \(Int32.max)") {
            PlainScalar.value(of: $0).asInteger.flatMap(Int32.init(exactly:))
        }
    }

    static var verbosity: Self {
        FlagValue(wanted: "a number from 0 to \(Int32.max)") { text in
            FlagValue.number.parse(text).flatMap { $0 >= 0 ? $0 : nil }
        }
    }
}

extension FlagValue<Float> {
    static var number: Self {
        FlagValue(wanted: "a number", text: { number in Int32(exactly: number).map { "\($0)" } ?? "\(number)" }) {
            text in
            Float(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }
}

extension FlagValue<Duration> {
    static var duration: Self {
        FlagValue(wanted: GoDuration.wanted, text: { "\(GoDuration($0))" }) { GoDuration($0)?.duration }
    }
}

/// A boolean in the words of Go's `strconv.ParseBool`.
public struct GoBool: Hashable, Sendable, ExpressibleByArgument {
    public var value: Bool

    public init(_ value: Bool) {
        self.value = value
    }

    /// `1`, `t`, `true`, `0`, `f`, `false`, and what is the same in capitals.
    public init?(_ text: String) {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": value = true
        case "0", "f", "F", "FALSE", "false", "False": value = false
        default: return nil
        }
    }

    public init?(argument: String) {
        self.init(argument)
    }
}

extension GoDuration: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument)
    }
}

/// The value of `--version`.
public enum VersionRequest: Hashable, Sendable, ExpressibleByArgument {
    /// `false`
    case none
    /// `true`: one line.
    case line
    /// `raw`: all there is to say.
    case raw

    public init?(argument: String) {
        if argument == "raw" {
            self = .raw
        } else if let isOn = GoBool(argument) {
            self = isOn.value ? .line : .none
        } else {
            return nil
        }
    }
}
