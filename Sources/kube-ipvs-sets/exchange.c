// SPDX-License-Identifier: GPL-2.0-or-later
#include "exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>

void read_whole(int socket, void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = recv(socket, (char *)bytes + done, size - done, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            exit(EXIT_FAILURE);
        if (count == 0)
            exit(EXIT_SUCCESS);
        done += (size_t)count;
    }
}

void write_whole(int socket, const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = send(socket, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            exit(errno == EPIPE ? EXIT_SUCCESS : EXIT_FAILURE);
        done += (size_t)count;
    }
}
