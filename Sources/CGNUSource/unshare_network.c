// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "CGNUSource.h"

#include <sched.h>

int unshare_network(void) {
    return unshare(CLONE_NEWNET);
}
