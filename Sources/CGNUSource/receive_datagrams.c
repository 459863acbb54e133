// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "CGNUSource.h"

#include <sys/socket.h>

int receive_datagrams(int socket, void *buffer, size_t size, size_t *lengths, size_t count, int flags) {
    struct iovec places[8];
    struct mmsghdr messages[8] = {0};
    size_t most = sizeof places / sizeof places[0];
    if (count > most)
        count = most;
    for (size_t i = 0; i < count; i++) {
        places[i] = (struct iovec){(char *)buffer + i * size, size};
        messages[i].msg_hdr.msg_iov = &places[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int received = recvmmsg(socket, messages, (unsigned)count, flags | MSG_TRUNC | MSG_WAITFORONE, NULL);
    for (int i = 0; i < received; i++)
        lengths[i] = messages[i].msg_len;
    return received;
}
