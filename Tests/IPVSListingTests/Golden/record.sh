#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the golden files beside it: what the real ipvsadm prints for the table of table.rules, with a little traffic.
# Needs root, ipvsadm 1.31, socat, and a kernel with IPVS; changes only namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")"
if [ "${1-}" != inside ]; then
    exec unshare --net --mount "$0" inside
fi

# Names for the listings without -n, and a file of hosts that asks no name server.
hosts=$(mktemp)
trap 'rm -f "$hosts"; kill $(jobs -p) 2>/dev/null || true' EXIT
cat >"$hosts" <<'END'
127.0.0.1 localhost
10.96.0.1 kubernetes.default.svc.cluster.local
10.96.0.10 dns
10.244.1.10 a-pod-with-a-name-that-is-longer-than-the-column.default.pod.cluster.local
fd00::a dual.example
END
mount --bind "$hosts" /etc/hosts

ip link set lo up
ip link add dummy0 type dummy
ip link set dummy0 up
for address in 10.96.0.20 10.96.0.21 10.96.0.13 10.244.9.1 10.244.9.2; do ip address add $address/32 dev dummy0; done
ip route add 224.0.0.0/4 dev dummy0
ip address add fd00::20/128 dev dummy0 nodad
ip address add fd00:9::1/128 dev dummy0 nodad
ipvsadm --set 901 121 302
ipvsadm -R <table.rules

# 10.96.0.20 answers to each of three connections; 10.96.0.21 takes 120 MB and keeps the connection.
socat TCP-LISTEN:8000,bind=10.244.9.1,fork,reuseaddr SYSTEM:'cat >/dev/null; echo hello' &
socat 'TCP6-LISTEN:8000,bind=[fd00:9::1],fork,reuseaddr' SYSTEM:'cat >/dev/null; echo hello' &
socat -u TCP-LISTEN:8001,bind=10.244.9.2,fork,reuseaddr OPEN:/dev/null &
socat UDP-LISTEN:5060,bind=10.244.9.1,fork,reuseaddr SYSTEM:'cat >/dev/null' &
sleep 1
for _ in 1 2 3; do echo hi | socat -t 2 - TCP:10.96.0.20:80 >/dev/null; done
echo hi | socat -t 2 - 'TCP6:[fd00::20]:80' >/dev/null
exec 3<>/dev/tcp/10.96.0.21/80
head -c 120000000 /dev/zero >&3
printf 'INVITE sip:a@b SIP/2.0\r\nCall-ID: 3848276298220188511@atlanta.example.com\r\n\r\n' | socat -u - UDP:10.96.0.13:5060
sleep 4

cat /proc/net/ip_vs_conn >ip_vs_conn
record() { # FILE OPTIONS...
    local file=$1
    shift
    echo "ipvsadm $*" >"$file.txt"
    ipvsadm "$@" >>"$file.txt"
}
record connections -Lnc
record connections-persistent -Lnc --persistent-conn
record connections-names -Lc
record numeric -Ln
record names -L
record stats -Ln --stats
record stats-exact -Ln --stats --exact
record rate -Ln --rate
record rate-exact -Ln --rate --exact
record thresholds -Ln --thresholds
record persistent-conn -Ln --persistent-conn
record tunnels -Ln --tun-info
record nosort -Ln --nosort
record service -Ln -t 10.96.0.1:443
record service-mark -Ln -f 1 -6 --stats
record timeout -L --timeout
record save -Sn
record save-names -S
# No daemon starts while a real server's family is not its virtual server's.
ipvsadm -d -t 10.96.0.14:0 -r '[fd00:1::9]:0'
ipvsadm --start-daemon master --mcast-interface dummy0 --syncid 7 --mcast-group 224.0.1.99 --mcast-ttl 3
ipvsadm --start-daemon backup --mcast-interface dummy0 --syncid 8
record daemon -L --daemon
