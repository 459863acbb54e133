// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import SmallFiles
import Telemetry

/// What Prometheus' client libraries tell of their process, read from `/proc/self`.
struct ProcessMetrics: Sendable {
    private let processorTime: Counter
    private let startTime: Gauge
    private let residentMemory: Gauge
    private let virtualMemory: Gauge
    private let maximumVirtualMemory: Gauge
    private let openFiles: Gauge
    private let maximumFiles: Gauge

    init(_ registry: MetricRegistry) {
        processorTime = registry.counter(
            "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
        startTime = registry.gauge(
            "process_start_time_seconds", "Start time of the process since unix epoch in seconds.")
        residentMemory = registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.")
        virtualMemory = registry.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.")
        maximumVirtualMemory = registry.gauge(
            "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.")
        openFiles = registry.gauge("process_open_fds", "Number of open file descriptors.")
        maximumFiles = registry.gauge("process_max_fds", "Maximum number of open file descriptors.")
    }

    /// `nil` when the file cannot be read.
    private static func text(of path: String) -> String? {
        (try? SmallFile.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Reads everything anew. What cannot be read stays as it was.
    func refresh() {
        if let stat = Self.text(of: "/proc/self/stat").flatMap(ProcessStatus.init) {
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            processorTime.replaceAll([[]: Double(stat.processorTicks) / ticks])
            virtualMemory.set(Double(stat.virtualBytes))
            residentMemory.set(Double(stat.residentPages) * Double(sysconf(Int32(_SC_PAGESIZE))))
            if let boot = Self.text(of: "/proc/stat").flatMap(ProcessStatus.bootTime) {
                startTime.set(Double(boot) + Double(stat.startTicks) / ticks)
            }
        }
        if let count = Self.countEntries("/proc/self/fd") {
            // The one that the directory is read with is not there any more.
            openFiles.set(count - 1)
        }
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 {
            maximumVirtualMemory.set(Double(limit.rlim_cur))
        }
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            maximumFiles.set(Double(limit.rlim_cur))
        }
    }

    private static func countEntries(_ path: String) -> Int? {
        guard let directory = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil {
            count += 1
        }
        // Without "." and "..".
        return count - 2
    }
}

/// What is used of `/proc/[pid]/stat` (proc(5)).
struct ProcessStatus: Hashable {
    /// User and system time, in clock ticks.
    var processorTicks: UInt64
    /// After the machine's start, in clock ticks.
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: UInt64

    init?(_ text: String) {
        // The second field is the program's name in parentheses, and may hold anything, also parentheses.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        // The first field here is the third one of proc(5).
        func number(_ field: Int) -> UInt64? {
            let index = field - 3
            return fields.indices.contains(index) ? UInt64(fields[index]) : nil
        }
        guard let user = number(14), let system = number(15), let start = number(22), let virtual = number(23),
            let resident = number(24)
        else { return nil }
        processorTicks = user + system
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }

    /// The line `btime` of `/proc/stat`: when the machine started, in seconds since 1970.
    static func bootTime(_ text: String) -> UInt64? {
        text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { UInt64($0.dropFirst("btime ".count)) }
    }
}
