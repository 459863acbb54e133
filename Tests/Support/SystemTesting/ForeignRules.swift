// SPDX-License-Identifier: GPL-2.0-or-later
/// Somebody else's rules, with names close to the daemon's, as input for `iptables-restore` of either family.
public let foreignRules = """
    *filter
    :KUBE-FIREWALL - [0:0]
    -A INPUT -j KUBE-FIREWALL
    -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FIREWALL
    COMMIT
    *nat
    :CNI-HOSTPORT - [0:0]
    -A PREROUTING -j CNI-HOSTPORT
    COMMIT
    """
