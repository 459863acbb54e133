// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "CGNUSource.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int memory_file(const char *name, const void *bytes, size_t size) {
    int file = memfd_create(name, MFD_CLOEXEC);
    if (file < 0)
        return -1;
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(file, (const char *)bytes + done, size - done, (off_t)done);
        if (written < 0 && errno != EINTR) {
            int number = errno;
            close(file);
            errno = number;
            return -1;
        }
        if (written > 0)
            done += (size_t)written;
    }
    return file;
}
