// SPDX-License-Identifier: GPL-2.0-or-later
/// A table of everything that `ipvsadm -R` can make on this kernel, as the lines that it reads.
struct MixedTable {
    private(set) var lines: [String] = []
    /// The options that select one virtual server each, such as `-f 1 -6`.
    private(set) var selectors: [String] = []
    private var random: UInt64

    static let schedulers = KernelFeature.schedulers + ["none"]

    init(seed: UInt64) {
        random = seed
        addEachScheduler()
        addPersistence()
        addFlags()
        addTunnels()
        addMarks()
        addLongList()
        addScatteredAddresses()
    }

    /// What makes the table, thresholds included.
    var restoreText: String { lines.joined(separator: "\n") + "\n" }

    private mutating func add(_ selector: String, _ options: String, _ realServers: [String] = []) {
        guard KernelFeature.present.contains(.persistenceEngines) || !options.contains("--pe") else { return }
        selectors.append(selector)
        lines.append("-A \(selector) \(options)")
        lines += realServers.map { "-a \(selector) -r \($0)" }
    }

    private mutating func addEachScheduler() {
        for (index, scheduler) in Self.schedulers.enumerated() {
            for (option, v4, v6) in [("-t", "1", "1"), ("-u", "2", "2"), ("--sctp-service", "3", "3")] {
                let port = [80, 443, 53, 8080, 65535][index % 5]
                add(
                    "\(option) 10.100.\(v4).\(index + 1):\(port)", "-s \(scheduler)",
                    realServers(index % 4, "10.9.0.", ""))
                add(
                    "\(option) [fd00:\(v6)::\(index + 1)]:\(port)", "-s \(scheduler)",
                    realServers(index % 3, "[fd00:9::", "]"))
            }
        }
    }

    private func realServers(_ count: Int, _ prefix: String, _ suffix: String) -> [String] {
        (0..<count).map { number in
            let weight = [1, 0, 65535, 7][number]
            // Direct routing and tunnels keep the virtual server's port.
            let (port, method) = [
                ("8000", "-m"), ("9000", "-g"), ("10000", "-i -x 70000 -y 60000"), ("65535", "-m -x 1"),
            ][number]
            return "\(prefix)\(9 - number)\(suffix):\(port) \(method) -w \(weight)"
        }
    }

    private mutating func addPersistence() {
        for (index, mask) in ["255.255.255.255", "255.255.255.0", "255.0.255.0", "128.0.0.0"].enumerated() {
            add(
                "-t 10.101.0.\(index + 1):443", "-s rr -p \(index * 1000 + 1) -M \(mask)", realServers(2, "10.9.1.", "")
            )
            add("-u 10.101.1.\(index + 1):0", "-s wlc -p 300 -M \(mask)", ["10.9.1.1:0 -m", "10.9.1.2:0 -g"])
        }
        for (index, mask) in ["128", "64", "1"].enumerated() {
            add("-t [fd00:4::\(index + 1)]:443", "-s rr -p 10800 -M \(mask)", realServers(2, "[fd00:9::", "]"))
            add("--sctp-service [fd00:5::\(index + 1)]:0", "-s rr -p 60 -M \(mask)", ["[fd00:9::1]:0 -m"])
        }
        add("-u 10.101.2.1:5060", "-s rr -p 360 --pe sip", ["10.9.1.1:5060 -m"])
        add("-u [fd00:6::1]:5060", "-s wlc -p 360 -M 56 --pe sip -o")
    }

    private mutating func addFlags() {
        for (index, flags) in ["sh-fallback", "sh-port", "sh-fallback,sh-port"].enumerated() {
            add("-t 10.102.0.\(index + 1):80", "-s sh -b \(flags)", realServers(3, "10.9.2.", ""))
        }
        for (index, flags) in ["mh-fallback", "mh-port", "mh-fallback,mh-port"].enumerated() {
            add("-u [fd00:7::\(index + 1)]:80", "-s mh -b \(flags) -p 5", realServers(3, "[fd00:9::", "]"))
        }
        for (index, flags) in ["flag-1", "flag-2", "flag-3", "flag-1,flag-2,flag-3"].enumerated() {
            add("-t 10.102.1.\(index + 1):80", "-s wrr -b \(flags)")
        }
        for index in 1...4 { add("-u 10.102.2.\(index):53", "-s rr -o", realServers(index - 1, "10.9.2.", "")) }
    }

    private mutating func addTunnels() {
        let kinds = [
            "--tun-type ipip", "--tun-type gue --tun-port 6080 --tun-nocsum",
            "--tun-type gue --tun-port 65535 --tun-csum",
            "--tun-type gue --tun-port 1 --tun-remcsum", "--tun-type gre --tun-nocsum", "--tun-type gre --tun-csum",
        ]
        for (selector, prefix, suffix) in [
            ("-t 10.103.0.1:80", "10.9.3.", ""), ("-t [fd00:8::1]:80", "[fd00:9::", "]"),
        ] {
            let servers = kinds.enumerated().map { "\(prefix)\($0.offset + 1)\(suffix):80 -i \($0.element)" }
            add(selector, "-s rr", servers + ["\(prefix)99\(suffix):80 -m"])
        }
        // Only a tunnel may lead into the other family.
        add("-t 10.103.0.2:80", "-s rr", ["[fd00:9::1]:80 -i", "10.9.3.1:80 -i", "[1:9::1]:80 -i", "200.9.3.1:80 -i"])
        add("-t [fd00:8::2]:80", "-s rr", ["[fd00:9::1]:80 -i", "10.9.3.1:80 -i"])
    }

    private mutating func addMarks() {
        for (index, mark) in [1, 2, 3, 80, 443, 65536, 1_000_000_000, 2_147_483_647].enumerated() {
            add("-f \(mark)", "-s \(Self.schedulers[index])", realServers(index % 3, "10.9.4.", ""))
            add("-f \(mark) -6", "-s rr -p \(index + 1) -M \(128 - index)", realServers(index % 3, "[fd00:9::", "]"))
        }
    }

    private mutating func addLongList() {
        let servers = (0..<120).map { number in "\(nextUnicast()):\(number * 500 + 1) -m -w \(number)" }
        add("-t 10.104.0.1:80", "-s wlc", servers)
        add("-t [fd00:8::3]:80", "-s wlc", (0..<60).map { _ in "[\(nextGlobal())]:80 -m" })
    }

    /// Over the whole space, for the order of ipvsadm is a strange one.
    private mutating func addScatteredAddresses() {
        for number in 0..<60 { add("-t \(nextUnicast()):\(number % 7)", number % 7 == 0 ? "-s rr -p 1" : "-s rr") }
        for number in 0..<30 { add("-u [\(nextGlobal())]:\(number + 1)", "-s rr") }
    }

    private mutating func next(_ range: ClosedRange<UInt64>) -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + (random >> 33) % (range.upperBound - range.lowerBound + 1)
    }

    /// Not loopback, and below the multicast addresses.
    private mutating func nextUnicast() -> String {
        let first = next(1...222)
        return "\(first == 127 ? 223 : first).\(next(0...255)).\(next(0...255)).\(next(1...254))"
    }

    private mutating func nextGlobal() -> String {
        let words = (0..<7).map { _ in String(next(0...3) == 0 ? 0 : next(1...0xffff), radix: 16) }
        return "2001:" + words.joined(separator: ":")
    }
}
