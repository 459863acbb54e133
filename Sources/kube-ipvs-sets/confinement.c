// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "confinement.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void belong_to_starter(void) {
    // The end of the socket ends this process in any case; this ends it where it is stopped, too.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Those are for the starter, which needs this process until its own end. A service manager sends them to each process.
    const int numbers[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_IGN);
    // Nothing is printed. The starter's output may be a pipe whose end somebody waits for.
    dup2(STDERR_FILENO, STDOUT_FILENO);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
        return;
#endif
    // Before Linux 5.9.
    for (int descriptor = STDERR_FILENO + 1; descriptor < 1024; descriptor++)
        close(descriptor);
}

static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return;
    data[0].permitted &= 1U << CAP_NET_ADMIN;
    data[0].effective = data[0].permitted;
    data[0].inheritable = data[1].effective = data[1].permitted = data[1].inheritable = 0;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_capset, &header, data);
}

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

// Whatever else is called fails with EPERM. It is no reason to end: a C library may try what it can do without.
static const int permitted_calls[] = {
    // The starter's socket, and libmnl's.
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg, SYS_bind, SYS_getsockname,
    SYS_setsockopt, SYS_getsockopt, SYS_close, SYS_ppoll,
    // Memory.
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex,
    // Time and chance: a sequence number's start, and that of the heap.
    SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom,
#ifdef SYS_time
    SYS_time,
#endif
    // The end of it, also by abort(3).
    SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_restart_syscall, SYS_getpid,
    SYS_gettid, SYS_tgkill,
};

enum { PERMITTED = sizeof permitted_calls / sizeof *permitted_calls };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUALS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(answer) BPF_STMT(BPF_RET | BPF_K, (answer))
#define REFUSAL ANSWER(SECCOMP_RET_ERRNO | EPERM)

static void permit_calls(void) {
    struct sock_filter filter[8 + 2 * PERMITTED + 1] = {
        LOAD(arch),
        EQUALS(ARCHITECTURE, 1, 0),
        REFUSAL,
        LOAD(nr),
        // A socket, for a session after one that broke: the low half of its first argument is the family.
        EQUALS(SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        EQUALS(AF_NETLINK, 0, 2 + 2 * PERMITTED - 1),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    unsigned short length = 8;
    for (int i = 0; i < PERMITTED; i++) {
        filter[length++] = (struct sock_filter)EQUALS((unsigned)permitted_calls[i], 0, 1);
        filter[length++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    }
    filter[length++] = (struct sock_filter)REFUSAL;
    struct sock_fprog program = {.len = length, .filter = filter};
    // A kernel without it does without: the capability alone is left all the same.
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#else
static void permit_calls(void) {}
#endif

void confine(void) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    drop_capabilities();
    permit_calls();
}
