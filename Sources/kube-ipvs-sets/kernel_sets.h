// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KERNEL_SETS_H
#define KERNEL_SETS_H

#include <CSetsProtocol.h>
#include <libipset/linux_ip_set.h>
#include <stdbool.h>
#include <stdint.h>

// Sets through libipset. Its line parser ends the process on an error, so no command line is parsed here: libipset is given values.
// `ipset_load_types` comes first.

/// A libipset session. libipset keeps state of the process besides it, so two must not be used at once.
struct kernel_session;

/// Makes a session, or returns NULL when memory is out. Nothing is sent to the kernel yet.
struct kernel_session *kernel_sets_open(void);

/// Closes `session` and frees it.
void kernel_sets_close(struct kernel_session *session);

/// The functions below return 0, or -1: then these two tell why, until the next call.
///
/// The number is the kernel's: an errno or an `IPSET_ERR_*`; 0 when the failure is not an answer of the kernel, and the
/// session is of no more use.
int kernel_sets_error_number(const struct kernel_session *session);
const char *kernel_sets_error_text(const struct kernel_session *session);

/// Agrees with the kernel on a protocol version. The first thing to do in a session.
int kernel_sets_greet(struct kernel_session *session);

/// The request is one that `sets_request_fault` finds nothing wrong with.
int kernel_sets_create(struct kernel_session *session, const struct sets_request *request);
int kernel_sets_destroy(struct kernel_session *session, const char *name);
int kernel_sets_swap(struct kernel_session *session, const char *name, const char *other);

/// A row of entries to one set, on its way to the kernel.
struct kernel_change {
    const struct sets_request *request;
    const struct ipset_type *type;
    enum ipset_cmd command;
    /// Entries given to libipset so far.
    uint32_t count;
    /// After a failure: whether it is that of one entry, and of which.
    bool refuses_entry;
    uint32_t refused;
};

/// Begins a row of entries. `request` lives until its end.
int kernel_sets_begin_change(struct kernel_session *session, struct kernel_change *change,
                             const struct sets_request *request);

/// Adds or removes one more. Many go into a netlink message, so the failure may be that of an earlier one. After a failure the row
/// is over.
int kernel_sets_change(struct kernel_session *session, struct kernel_change *change, const struct sets_entry *entry);

/// Sends what is left of the row.
int kernel_sets_end_change(struct kernel_session *session, struct kernel_change *change);

#endif
