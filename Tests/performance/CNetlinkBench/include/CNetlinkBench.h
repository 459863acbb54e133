// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CNETLINK_BENCH_H
#define CNETLINK_BENCH_H

#include <stdint.h>

// MARK: The objects of a measurement, by number: what the daemon is given and what the baseline writes are the same

/// The virtual IP of Service `service`, as a number in host order: from 10.96.0.0/12 on. Its port is 80, TCP.
static inline uint32_t bench_virtual_ip(uint32_t service) {
    return 0x0a600001u + service;
}

/// The address of an endpoint, as a number in host order: from 11.0.0.0/8 on. Its port is 8080.
static inline uint32_t bench_endpoint(uint32_t service, uint32_t endpoint, uint32_t endpoints) {
    return 0x0b000001u + service * endpoints + endpoint;
}

// MARK: The baseline: what the kernel needs for the same objects

/// Adds virtual servers with real servers by generic netlink, with as little around it as can be: one socket, 64 KiB to a
/// `send(2)`, an answer for the last message of each.
///
/// Returns the seconds it took; negative when something failed, told on stderr.
double bench_baseline_load(uint32_t services, uint32_t endpoints);

/// Reads all virtual servers, and the real servers of each, without looking at what comes.
///
/// Returns the seconds it took; negative when something failed, told on stderr, or when it did not find all.
double bench_baseline_dump(uint32_t services, uint32_t endpoints);

/// Reads the same by the interface before netlink, getsockopt(2): a call for all virtual servers, and one for the real servers of
/// each. It knows neither IPv6 nor persistence engines nor counters of 64 bits.
///
/// Returns the seconds it took; negative when something failed, told on stderr, or when it did not find all.
double bench_sockopt_dump(uint32_t services, uint32_t endpoints);

// MARK: What this process and its libraries send and receive

struct bench_traffic {
    /// System calls that send, and netlink messages in them.
    uint64_t sends, messages;
    /// System calls that receive.
    uint64_t receives;
};

/// Counts since the process began. All its sockets are netlink sockets.
struct bench_traffic bench_traffic_so_far(void);

/* Bytes that are allocated and not freed: mallinfo2(3). */
uint64_t bench_allocated(void);

#endif
