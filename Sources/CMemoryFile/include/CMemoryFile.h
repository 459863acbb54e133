#ifndef CMEMORYFILE_H
#define CMEMORYFILE_H

#include <stddef.h>

/// Makes a file that exists only in memory, holds `size` bytes of `bytes` and is read from its start. Returns its
/// descriptor (close-on-exec), or -1 with `errno` set.
///
/// It exists because glibc shows memfd_create(2) only with `_GNU_SOURCE`, which Swift's import of it does not set.
int memory_file(const char *_Nonnull name, const void *_Nullable bytes, size_t size);

#endif
