// SPDX-License-Identifier: GPL-2.0-or-later
/// How long the steps of a verifying pass took, by the part of the data plane that each is about: reading, finding the
/// differences, writing, and the mirror.
///
/// A step has one part: it is the one that it asked. The last step of a pass, which removes, asks nobody on an empty
/// kernel, and counts with the servers.
struct StepTimes {
    private(set) var servers = 0.0
    private(set) var sets = 0.0
    private(set) var addresses = 0.0
    private(set) var rules = 0.0
    /// The longest step of each part.
    private(set) var longest: [PartialKeyPath<Self>: Double] = [:]

    private let times: DataplaneTimes
    private var last: DataplaneTimes.Times
    private var lastInstant = Meter.now

    init(_ times: DataplaneTimes) {
        self.times = times
        last = times.current
    }

    mutating func noteStep() {
        let now = times.current
        let instant = Meter.now
        let part: WritableKeyPath<Self, Double>
        if now.ipvs > last.ipvs {
            part = \.servers
        } else if now.sets > last.sets {
            part = \.sets
        } else if now.addresses > last.addresses {
            part = \.addresses
        } else if now.rules > last.rules {
            part = \.rules
        } else {
            part = \.servers
        }
        let duration = instant - lastInstant
        self[keyPath: part] += duration
        longest[part] = max(longest[part, default: 0], duration)
        (last, lastInstant) = (now, instant)
    }
}
