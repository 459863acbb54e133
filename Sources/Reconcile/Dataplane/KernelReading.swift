// SPDX-License-Identifier: GPL-2.0-or-later
/// A reading of something that the kernel has many of. It is handed over in parts, and other calls may come in between.
///
/// It belongs to its reader, and goes on with each call that it is given to. One that is complete, or has lapsed, does
/// not go on: a new one begins at the beginning.
public struct KernelReading<Subject> {
    /// What is read, and what has become known of it on the way.
    public var subject: Subject
    /// The data plane gives it with the first part.
    fileprivate var number: UInt64?

    public init(of subject: Subject) {
        self.subject = subject
    }

    /// Whether no part has been asked for yet.
    public var isAtStart: Bool { number == nil }
}

extension KernelReading where Subject == Void {
    public init() {
        self.init(of: ())
    }
}

/// What has come of a reading with one more part.
public enum ReadingProgress: Hashable, Sendable {
    case more
    /// All has been handed over.
    case complete
    /// Another reading has begun meanwhile, or what is read has changed too much. Drop what was handed over.
    case lapsed
}

/// The one reading of a kind that a data plane has under way: it has one socket for them, and a socket one dump.
public struct ReadingUnderWay {
    private var lastNumber: UInt64 = 0
    private var current: UInt64?

    /// How a reading is to be gone on with.
    public enum Turn: Hashable, Sendable {
        case first
        case next
        /// Not at all.
        case none
    }

    public init() {}

    /// Takes up a reading for its next part. With a first part, the one that was under way lapses. So does this one, unless
    /// `putDown` follows.
    public mutating func takeUp<Subject>(_ reading: inout KernelReading<Subject>) -> Turn {
        if let number = reading.number {
            guard number == current else { return .none }
            current = nil
            return .next
        }
        lastNumber += 1
        reading.number = lastNumber
        current = nil
        return .first
    }

    /// Puts a reading down after a part.
    public mutating func putDown<Subject>(_ reading: KernelReading<Subject>, hasMore: Bool) -> ReadingProgress {
        current = hasMore ? reading.number : nil
        return hasMore ? .more : .complete
    }

    /// Lets the reading that is under way lapse.
    public mutating func end() {
        current = nil
    }
}
