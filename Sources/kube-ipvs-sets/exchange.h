// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stddef.h>

/// Reads `size` bytes. Ends the process where the other end has gone: nobody is there to be told anything.
void read_whole(int socket, void *bytes, size_t size);

/// Writes `size` bytes. Ends the process where the other end has gone.
void write_whole(int socket, const void *bytes, size_t size);

#endif
