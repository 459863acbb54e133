// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "CGNUSource.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { GROUP_COUNT = 64 };
static _Atomic pid_t groups[GROUP_COUNT];

void remember_group(pid_t group) {
    for (int i = 0; i < GROUP_COUNT; i++) {
        pid_t none = 0;
        if (atomic_compare_exchange_strong(&groups[i], &none, group))
            return;
    }
}

void end_group(pid_t group) {
    kill(-group, SIGKILL);
    for (int i = 0; i < GROUP_COUNT; i++) {
        pid_t known = group;
        if (atomic_compare_exchange_strong(&groups[i], &known, 0))
            return;
    }
}

// Nothing in it, and in what it calls, but what signal-safety(7) allows.
static void end_groups(void) {
    for (int i = 0; i < GROUP_COUNT; i++) {
        pid_t group = atomic_load(&groups[i]);
        if (group > 0)
            kill(-group, SIGKILL);
    }
}

static void end_with_groups(int number) {
    end_groups();
    signal(number, SIG_DFL);
    raise(number);
}

void end_groups_with_process(void) {
    static atomic_flag known = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&known))
        atexit(end_groups);
    const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
    for (int i = 0; i < 3; i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) != 0 || action.sa_handler != SIG_DFL)
            continue;
        action.sa_handler = end_with_groups;
        action.sa_flags = 0;
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, NULL);
    }
}
