// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "CGNUSource.h"

#include <pthread.h>
#include <stdio.h>

void name_thread(const char *name) {
    // A longer name would be refused (pthread_setname_np(3)).
    char shown[16];
    snprintf(shown, sizeof shown, "%s", name);
    pthread_setname_np(pthread_self(), shown);
}
