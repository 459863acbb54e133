// SPDX-License-Identifier: GPL-2.0-or-later
#include "CGNUSource.h"

#include <malloc.h>

void return_large_memory(void) { (void)mallopt(M_MMAP_THRESHOLD, 1 << 20); }
