// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CGNUSOURCE_H
#define CGNUSOURCE_H

#include <stddef.h>
#include <sys/types.h>

// What glibc shows only with `_GNU_SOURCE`, which Swift's import of it does not set.

/// Makes a file that exists only in memory, holds `size` bytes of `bytes` and is read from its start. Returns its
/// descriptor (close-on-exec), or -1 with `errno` set.
int memory_file(const char *_Nonnull name, const void *_Nullable bytes, size_t size);

/// Moves the calling thread into a new network namespace, as unshare(2) with CLONE_NEWNET does. Returns 0, or -1 with
/// `errno` set.
int unshare_network(void);

/// Waits for a datagram, and takes with it what else is there, `count` in all (and not more than 8): the first to
/// the start of `buffer`, and each other one `size` bytes behind the one before. `lengths` gets the full length of each, also
/// where it is more than `size` and the rest is lost. Returns how many came, or -1 with `errno` set.
int receive_datagrams(int socket, void *_Nonnull buffer, size_t size, size_t *_Nonnull lengths, size_t count, int flags);

/// Names the calling thread, as ps and debuggers show it: the first 15 bytes of `name`.
void name_thread(const char *_Nonnull name);

/// Notes a group of processes that this process has started, for `end_groups_with_process`. At most 64 at a time.
void remember_group(pid_t group);

/// Ends whoever is left in a group by SIGKILL, and forgets the group.
void end_group(pid_t group);

/// Makes exit(3) end the groups that are remembered too, and SIGHUP, SIGINT and SIGTERM where they would end this process: groups
/// of their own get none of a terminal's signals. Who handles these signals himself, before or later, has them.
void end_groups_with_process(void);

/// Has free(3) give what was 1 MiB or more back to the kernel at once, in the whole process. By itself glibc does so only until
/// the first such piece was freed: from then on pieces of that size are cut from a heap, which shrinks at its end alone
/// (M_MMAP_THRESHOLD, mallopt(3)).
void return_large_memory(void);

#endif
