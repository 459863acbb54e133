// SPDX-License-Identifier: GPL-2.0-or-later
import CNetlinkBench
import Glibc

/// What something cost.
struct Cost {
    /// Seconds.
    var wall = 0.0
    /// Seconds of all threads, in the kernel and out of it.
    var cpu = 0.0
    /// Netlink messages sent.
    var messages = 0.0
    /// System calls that send or receive.
    var calls = 0.0
    /// Pages of memory that were touched for the first time: each costs some 0.2 µs on hardware, and a hundred times that in
    /// User Mode Linux.
    var faults = 0.0
    /// Processes and threads that the kernel made, on the whole machine: a guest has nobody else's.
    var forks = 0.0
}

/// The state of all that a cost is measured by.
struct Meter {
    private let wall: Double
    private let cpu: Double
    private let traffic: bench_traffic
    private let forks: UInt64
    private let faults: Int

    private init() {
        faults = Self.faultsSoFar
        forks = Self.forksSoFar
        traffic = bench_traffic_so_far()
        cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        wall = Self.seconds(CLOCK_MONOTONIC)
    }

    static func measure(_ body: () async throws -> Void) async rethrows -> Cost {
        let start = Meter()
        try await body()
        let wall = seconds(CLOCK_MONOTONIC)
        let cpu = seconds(CLOCK_PROCESS_CPUTIME_ID)
        let traffic = bench_traffic_so_far()
        return Cost(
            wall: wall - start.wall,
            cpu: cpu - start.cpu,
            messages: Double(traffic.messages - start.traffic.messages),
            calls: Double(traffic.sends + traffic.receives - start.traffic.sends - start.traffic.receives),
            faults: Double(faultsSoFar - start.faults),
            forks: Double(forksSoFar - start.forks)
        )
    }

    static var now: Double { seconds(CLOCK_MONOTONIC) }

    /// The most memory that the process has held, in MiB.
    static var peakResident: Double {
        number(after: "VmHWM:", in: text(of: "/proc/self/status")) / 1024
    }

    /// The most memory that any child has held that has ended, in MiB.
    static var peakResidentOfChildren: Double { Double(childrenUsage.ru_maxrss) / 1024 }

    /// The seconds of all children that have ended, in the kernel and out of it.
    static var childrenCPU: Double {
        let usage = childrenUsage
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    private static var childrenUsage: rusage {
        var usage = rusage()
        unsafe getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        return usage
    }

    /// What is allocated and not freed, in MiB.
    static var allocated: Double {
        Double(bench_allocated()) / 1_048_576
    }

    private static var forksSoFar: UInt64 {
        UInt64(number(after: "\nprocesses", in: text(of: "/proc/stat")))
    }

    private static var faultsSoFar: Int {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_minflt
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func number(after key: String, in text: String) -> Double {
        guard let range = text.utf8Range(of: key) else { return 0 }
        let digits = text.utf8[range.upperBound...].drop { $0 == 0x20 || $0 == 0x09 }
            .prefix { (0x30...0x39).contains($0) }
        return Double(String(Substring(digits))) ?? 0
    }

    private static func text(of path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while case let count = unsafe read(file, &buffer, buffer.count), count > 0 {
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension String {
    fileprivate func utf8Range(of key: String) -> Range<String.Index>? {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: key.utf8) { return start..<utf8.index(start, offsetBy: key.utf8.count) }
            start = utf8.index(after: start)
        }
        return nil
    }
}
