// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting

/// Servers on addresses of a link of their own, and connections to them through virtual servers.
enum DumpTraffic {
    private static let addresses4 = [
        "10.96.0.20", "10.96.0.21", "10.96.0.22", "10.96.0.23", "10.96.0.30", "10.244.9.1",
    ]
    private static let addresses6 = ["fd00::20", "fd00:90::1"]

    /// The lines for `ipvsadm -R`.
    static var rules: String {
        KernelFeature.present.contains(.persistenceEngines) ? everyRule : everyRule.replacing(" --pe sip", with: "")
    }

    private static let everyRule = """
        -A -t 10.96.0.20:80 -s rr
        -a -t 10.96.0.20:80 -r 10.244.9.1:8000 -m
        -A -t [fd00::20]:80 -s rr -p 7200
        -a -t [fd00::20]:80 -r [fd00:90::1]:8000 -m
        -A -t 10.96.0.21:80 -s rr -p 7200 -M 255.255.0.0
        -a -t 10.96.0.21:80 -r 10.244.9.1:8000 -m
        -A -u 10.96.0.22:53 -s rr
        -a -u 10.96.0.22:53 -r 10.244.9.1:8000 -m
        -A -u 10.96.0.23:5060 -s rr -p 7200 --pe sip
        -a -u 10.96.0.23:5060 -r 10.244.9.1:8000 -m
        -A -f 77 -s rr -p 7200
        -a -f 77 -r 10.244.9.1:0 -m

        """

    /// Makes the connections, hands over, and takes everything away again.
    ///
    /// While `body` runs two TCP connections stay established, and the rates are what they were: the kernel estimates no
    /// more.
    static func during(_ body: () async throws -> Void) async throws {
        try await bash("ip link add dump0 type dummy && ip link set lo up && ip link set dump0 up")
        let outcome: Result<Void, any Error>
        do {
            try await start()
            try await body()
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await bash(
            """
            xargs -r kill </run/dump-traffic.pids; rm -f /run/dump-traffic.pids
            sysctl -qw net.ipv4.vs.run_estimation=1
            ipvsadm --set 900 120 300
            iptables -t mangle -D OUTPUT -d 10.96.0.30 -j MARK --set-mark 77
            ip link delete dump0
            """
        )
        try outcome.get()
    }

    private static func start() async throws {
        try await bash(
            """
            for a in \(addresses4.joined(separator: " ")); do ip address add $a/32 dev dump0; done
            for a in \(addresses6.joined(separator: " ")); do ip address add $a/128 dev dump0 nodad; done
            ipvsadm --set 7200 7200 7200
            iptables -t mangle -A OUTPUT -d 10.96.0.30 -j MARK --set-mark 77
            spawn() { "$@" </dev/null >/dev/null 2>&1 & echo $! >>/run/dump-traffic.pids; }
            spawn socat -u TCP-LISTEN:8000,bind=10.244.9.1,fork,reuseaddr OPEN:/dev/null
            spawn socat -u TCP6-LISTEN:8000,bind=[fd00:90::1],fork,reuseaddr OPEN:/dev/null
            spawn socat -u UDP-RECV:8000,bind=10.244.9.1 OPEN:/dev/null
            until [ $(ss -Hltun sport = :8000 | wc -l) = 3 ]; do :; done

            for i in 1 2 3; do echo $i | socat -u - TCP:10.96.0.20:80; done
            echo | socat -u - TCP:10.96.0.30:8000
            echo | socat -u - UDP:10.96.0.22:53
            printf 'INVITE sip:a@b SIP/2.0\\r\\nCall-ID: 12345@example.com\\r\\n\\r\\n' | socat -u - UDP:10.96.0.23:5060
            hold() { (exec 3<>/dev/tcp/$1/80; head -c $2 /dev/zero >&3; : >$3; exec sleep 7200); }
            spawn hold 10.96.0.21 120000000 /run/dump-traffic.v4
            spawn hold fd00::20 1000 /run/dump-traffic.v6
            until [ -e /run/dump-traffic.v4 ] && [ -e /run/dump-traffic.v6 ]; do read -t 0.1 <> <(:) || :; done
            rm /run/dump-traffic.v4 /run/dump-traffic.v6
            until ipvsadm -Ln --rate -t 10.96.0.21:80 | grep -q '  -> .*[1-9]$'; do :; done
            sysctl -qw net.ipv4.vs.run_estimation=0
            """
        )
    }

    private static func bash(_ script: String) async throws {
        try await command("bash", "-euo", "pipefail", "-c", script)
    }
}
