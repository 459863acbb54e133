// SPDX-License-Identifier: GPL-2.0-or-later
import CNetlinkBench
import Glibc

/// The kernel's own pace for the IPVS objects of a scale, with nothing around it. It takes an empty network namespace,
/// and leaves the objects there: real servers that were removed make each new one dearer for two minutes
/// (`ip_vs_trash_get_dest` of the kernel looks through them one by one).
struct Baseline {
    let scale: Scale

    init(_ scale: Scale) {
        self.scale = scale
    }

    func run() throws {
        let services = UInt32(scale.services)
        let endpoints = UInt32(scale.endpoints)
        let load = bench_baseline_load(services, endpoints)
        guard load >= 0 else { throw BenchError("the baseline cannot add servers") }
        Record("raw load", scale, seconds: load).print()

        try measureDump("raw dump") { bench_baseline_dump(services, endpoints) }
        try measureDump("raw dump by getsockopt") { bench_sockopt_dump(services, endpoints) }
    }

    /// A kernel that fits its table to the number of virtual servers goes on with that after the load, and a dump then comes
    /// out short: that one does not count.
    private func measureDump(_ name: String, _ dump: () -> Double) throws {
        var dumps: [Double] = []
        var attempts = 0
        while dumps.count < 5, attempts < 50 {
            attempts += 1
            let seconds = dump()
            if seconds >= 0 { dumps.append(seconds) } else { usleep(100_000) }
        }
        guard dumps.count == 5 else { throw BenchError("the baseline cannot read what it added") }
        Record(name, scale, repetitions: dumps.count, Cost(wall: dumps.reduce(0, +))).print()
    }
}
