// SPDX-License-Identifier: GPL-2.0-or-later
// The C library's functions for sending and receiving, in a form that counts. The program's own definitions come before
// those of shared libraries, so libnl calls these too. What kube-ipvs-sets sends is not counted, for that is another process.

#define _GNU_SOURCE
#include <malloc.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CNetlinkBench.h"

static _Atomic uint64_t sends, messages, receives;

static void count_sent(const char *bytes, size_t length) {
    uint64_t found = 0;
    for (size_t offset = 0; offset + sizeof(struct nlmsghdr) <= length; found++) {
        uint32_t step = NLMSG_ALIGN(((const struct nlmsghdr *)(bytes + offset))->nlmsg_len);
        if (step < sizeof(struct nlmsghdr))
            break;
        offset += step;
    }
    sends++;
    messages += found;
}

static int is_netlink(int socket) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK;
}

ssize_t sendto(int socket, const void *bytes, size_t length, int flags, const struct sockaddr *address, socklen_t size) {
    if (is_netlink(socket))
        count_sent(bytes, length);
    return syscall(SYS_sendto, socket, bytes, length, flags, address, size);
}

ssize_t send(int socket, const void *bytes, size_t length, int flags) {
    return sendto(socket, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
    for (size_t part = 0; is_netlink(socket) && part < message->msg_iovlen; part++)
        count_sent(message->msg_iov[part].iov_base, message->msg_iov[part].iov_len);
    return syscall(SYS_sendmsg, socket, message, flags);
}

ssize_t recvfrom(int socket, void *bytes, size_t length, int flags, struct sockaddr *address, socklen_t *size) {
    receives++;
    return syscall(SYS_recvfrom, socket, bytes, length, flags, address, size);
}

ssize_t recv(int socket, void *bytes, size_t length, int flags) {
    return recvfrom(socket, bytes, length, flags, NULL, NULL);
}

ssize_t recvmsg(int socket, struct msghdr *message, int flags) {
    receives++;
    return syscall(SYS_recvmsg, socket, message, flags);
}

int recvmmsg(int socket, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    receives++;
    return (int)syscall(SYS_recvmmsg, socket, messages, count, flags, timeout);
}

struct bench_traffic bench_traffic_so_far(void) {
    return (struct bench_traffic){sends, messages, receives};
}

uint64_t bench_allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}
