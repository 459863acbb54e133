// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "CNetlinkBench.h"

#define BATCH (64 * 1024)

// MARK: A socket with one batch

static int fd = -1;
static uint16_t family;
static uint32_t sequence = 1;
static _Alignas(8) char batch[BATCH + 4096];
static size_t length;
static _Alignas(8) char answer[256 * 1024];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double failed(const char *what) {
    fprintf(stderr, "baseline: %s: %s\n", what, strerror(errno));
    return -1;
}

static struct nlmsghdr *begin(uint16_t type, uint8_t command, uint16_t flags) {
    struct nlmsghdr *header = (struct nlmsghdr *)(batch + length);
    *header = (struct nlmsghdr){
        .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
        .nlmsg_type = type,
        .nlmsg_flags = NLM_F_REQUEST | flags,
        .nlmsg_seq = sequence++,
    };
    *(struct genlmsghdr *)NLMSG_DATA(header) = (struct genlmsghdr){.cmd = command, .version = IPVS_GENL_VERSION};
    return header;
}

static struct nlattr *put(struct nlmsghdr *header, uint16_t type, const void *value, size_t size) {
    struct nlattr *attribute = (struct nlattr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
    if (size > 0)
        memcpy((char *)attribute + NLA_HDRLEN, value, size);
    memset((char *)attribute + attribute->nla_len, 0, NLA_ALIGN(attribute->nla_len) - attribute->nla_len);
    header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(attribute->nla_len);
    return attribute;
}

static void put16(struct nlmsghdr *header, uint16_t type, uint16_t value) {
    put(header, type, &value, sizeof value);
}

static void put32(struct nlmsghdr *header, uint16_t type, uint32_t value) {
    put(header, type, &value, sizeof value);
}

static void end(struct nlmsghdr *header, struct nlattr *nest) {
    nest->nla_len = (uint16_t)((char *)header + header->nlmsg_len - (char *)nest);
}

static bool submit(struct nlmsghdr *last) {
    if (length == 0)
        return true;
    last->nlmsg_flags |= NLM_F_ACK;
    uint32_t wanted = last->nlmsg_seq;
    if (send(fd, batch, length, 0) < 0)
        return false;
    length = 0;
    while (true) {
        ssize_t received = recv(fd, answer, sizeof answer, 0);
        if (received < 0)
            return false;
        int rest = (int)received;
        for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, rest);
             message = NLMSG_NEXT(message, rest)) {
            if (message->nlmsg_type != NLMSG_ERROR)
                continue;
            int error = ((struct nlmsgerr *)NLMSG_DATA(message))->error;
            if (error != 0) {
                errno = -error;
                return false;
            }
            if (message->nlmsg_seq == wanted)
                return true;
        }
    }
}

static bool append(struct nlmsghdr *header) {
    length += NLMSG_ALIGN(header->nlmsg_len);
    return length < BATCH || submit(header);
}

static bool connect_family(void) {
    if (fd >= 0)
        return true;
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
    int size = 4 << 20, on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) != 0)
        return false;
    struct nlmsghdr *header = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
    put(header, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
    if (send(fd, header, header->nlmsg_len, 0) < 0)
        return false;
    ssize_t received = recv(fd, answer, sizeof answer, 0);
    header = (struct nlmsghdr *)answer;
    if (received < (ssize_t)NLMSG_LENGTH(GENL_HDRLEN) || header->nlmsg_type == NLMSG_ERROR) {
        errno = ENOENT;
        return false;
    }
    char *position = (char *)NLMSG_DATA(header) + GENL_HDRLEN;
    char *limit = answer + header->nlmsg_len;
    while (position + NLA_HDRLEN <= limit) {
        struct nlattr *attribute = (struct nlattr *)position;
        if (attribute->nla_type == CTRL_ATTR_FAMILY_ID)
            family = *(uint16_t *)(position + NLA_HDRLEN);
        position += NLA_ALIGN(attribute->nla_len);
    }
    return family != 0;
}

// MARK: The objects

static void put_service(struct nlmsghdr *header, uint32_t service, bool full) {
    struct nlattr *nest = put(header, IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED, NULL, 0);
    uint32_t address = htonl(bench_virtual_ip(service));
    put16(header, IPVS_SVC_ATTR_AF, AF_INET);
    put16(header, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
    put32(header, IPVS_SVC_ATTR_ADDR, address);
    put16(header, IPVS_SVC_ATTR_PORT, htons(80));
    if (full) {
        struct ip_vs_flags flags = {.flags = 0, .mask = ~0u};
        put(header, IPVS_SVC_ATTR_SCHED_NAME, "rr", 3);
        put(header, IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
        put32(header, IPVS_SVC_ATTR_TIMEOUT, 0);
        put32(header, IPVS_SVC_ATTR_NETMASK, ~0u);
    }
    end(header, nest);
}

static void put_endpoint(struct nlmsghdr *header, uint32_t number) {
    struct nlattr *nest = put(header, IPVS_CMD_ATTR_DEST | NLA_F_NESTED, NULL, 0);
    put16(header, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
    put32(header, IPVS_DEST_ATTR_ADDR, htonl(number));
    put16(header, IPVS_DEST_ATTR_PORT, htons(8080));
    put32(header, IPVS_DEST_ATTR_FWD_METHOD, 0);
    put32(header, IPVS_DEST_ATTR_WEIGHT, 1);
    put32(header, IPVS_DEST_ATTR_U_THRESH, 0);
    put32(header, IPVS_DEST_ATTR_L_THRESH, 0);
    end(header, nest);
}

double bench_baseline_load(uint32_t services, uint32_t endpoints) {
    if (!connect_family())
        return failed("open");
    double start = now();
    struct nlmsghdr *last = NULL;
    for (uint32_t service = 0; service < services; service++) {
        last = begin(family, IPVS_CMD_NEW_SERVICE, 0);
        put_service(last, service, true);
        if (!append(last))
            return failed("add");
        for (uint32_t endpoint = 0; endpoint < endpoints; endpoint++) {
            last = begin(family, IPVS_CMD_NEW_DEST, 0);
            put_service(last, service, false);
            put_endpoint(last, bench_endpoint(service, endpoint, endpoints));
            if (!append(last))
                return failed("add");
        }
    }
    return submit(last) ? now() - start : failed("add");
}

// The number of messages of a dump; negative when it failed.
static long dump(uint8_t command, const uint32_t *service) {
    struct nlmsghdr *header = begin(family, command, NLM_F_DUMP);
    if (service != NULL)
        put_service(header, *service, false);
    if (send(fd, header, header->nlmsg_len, 0) < 0)
        return -1;
    long count = 0;
    while (true) {
        ssize_t received = recv(fd, answer, sizeof answer, 0);
        if (received < 0)
            return -1;
        int rest = (int)received;
        for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, rest);
             message = NLMSG_NEXT(message, rest)) {
            if (message->nlmsg_type == NLMSG_DONE)
                return count;
            if (message->nlmsg_type == NLMSG_ERROR)
                return -1;
            count++;
        }
    }
}

double bench_baseline_dump(uint32_t services, uint32_t endpoints) {
    if (!connect_family())
        return failed("open");
    double start = now();
    long servers = dump(IPVS_CMD_GET_SERVICE, NULL), destinations = 0;
    for (uint32_t service = 0; service < services; service++)
        destinations += dump(IPVS_CMD_GET_DEST, &service);
    double seconds = now() - start;
    return servers == (long)services && destinations == (long)services * (long)endpoints ? seconds : -1;
}
