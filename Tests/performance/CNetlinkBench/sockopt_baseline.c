// SPDX-License-Identifier: GPL-2.0-or-later
// The interface that IPVS had before netlink: getsockopt(2) on a raw socket. Not used by anybody but the measurement.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "CNetlinkBench.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// How many virtual servers and real servers were read; negative when something failed.
static long read_all(int fd, struct ip_vs_get_services *services, size_t room, struct ip_vs_get_dests *servers,
                     uint32_t endpoints) {
    socklen_t length = (socklen_t)room;
    if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_SERVICES, services, &length) != 0)
        return -1;
    long count = services->num_services;
    for (unsigned int index = 0; index < services->num_services; index++) {
        const struct ip_vs_service_entry *service = &services->entrytable[index];
        servers->protocol = service->protocol;
        servers->addr = service->addr;
        servers->port = service->port;
        servers->fwmark = service->fwmark;
        servers->num_dests = endpoints;
        length = (socklen_t)(sizeof *servers + endpoints * sizeof servers->entrytable[0]);
        if (getsockopt(fd, IPPROTO_IP, IP_VS_SO_GET_DESTS, servers, &length) != 0)
            return -1;
        count += service->num_dests;
    }
    return count;
}

double bench_sockopt_dump(uint32_t services, uint32_t endpoints) {
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    size_t room = sizeof(struct ip_vs_get_services) + services * sizeof(struct ip_vs_service_entry);
    struct ip_vs_get_services *table = calloc(1, room);
    struct ip_vs_get_dests *servers = calloc(1, sizeof *servers + endpoints * sizeof servers->entrytable[0]);
    double seconds = -1;
    if (fd >= 0 && table != NULL && servers != NULL) {
        table->num_services = services;
        double start = now();
        long count = read_all(fd, table, room, servers, endpoints);
        seconds = now() - start;
        if (count < 0)
            fprintf(stderr, "baseline: getsockopt: %s\n", strerror(errno));
        if (count != (long)services + (long)services * (long)endpoints)
            seconds = -1;
    }
    free(servers);
    free(table);
    if (fd >= 0)
        close(fd);
    return seconds;
}
