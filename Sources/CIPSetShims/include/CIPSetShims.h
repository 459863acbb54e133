// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CIPSET_SHIMS_H
#define CIPSET_SHIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A libipset session. Not safe to use from two threads at once, and libipset keeps state of the process besides it, so
/// two sessions must not be used at once either.
///
/// It exists because libipset takes variadic callbacks, which Swift cannot form, and because its line parser ends the
/// process on an error. So no command line is parsed here: a session is given values.
struct cipset_session;

/// A set without its members.
struct cipset_definition {
    const char *_Nonnull name;
    /// Such as `hash:ip,port`.
    const char *_Nonnull type;
    /// `AF_INET` or `AF_INET6`; not looked at for `bitmap:port`.
    uint8_t family;
    /// Not looked at for `bitmap:port`.
    uint32_t maximum_elements;
};

/// A member of a set. Fields that the set's type does not have are not looked at.
struct cipset_entry {
    /// In network order; an IPv4 address takes the first four bytes.
    uint8_t address[16];
    uint8_t second_address[16];
    /// The prefix length of the second address, for types with a network.
    uint8_t second_length;
    /// An IANA number.
    uint8_t protocol;
    /// In host order.
    uint16_t port;
};

enum cipset_command { CIPSET_ADD, CIPSET_REMOVE };

/// Makes a session, or returns NULL when memory is out. Nothing is sent to the kernel yet.
struct cipset_session *_Nullable cipset_open(void);

/// Closes `session` and frees it.
void cipset_close(struct cipset_session *_Nonnull session);

/// The functions below return 0, or -1: then these two tell why, until the next call.
///
/// The number is the kernel's: an errno or an `IPSET_ERR_*`; 0 when the failure is not an answer of the kernel, and the
/// session is of no more use.
int cipset_error_number(const struct cipset_session *_Nonnull session);
const char *_Nonnull cipset_error_text(const struct cipset_session *_Nonnull session);

/// Agrees with the kernel on a protocol version. The first thing to do in a session.
int cipset_greet(struct cipset_session *_Nonnull session);

/// As `ipset create NAME TYPE family F hashsize 1024 maxelem N`, or `ipset create NAME bitmap:port range 0-65535`.
int cipset_create(struct cipset_session *_Nonnull session, const struct cipset_definition *_Nonnull set);

/// As `ipset destroy NAME`.
int cipset_destroy(struct cipset_session *_Nonnull session, const char *_Nonnull name);

/// As `ipset swap NAME OTHER`.
int cipset_swap(struct cipset_session *_Nonnull session, const char *_Nonnull name, const char *_Nonnull other);

/// As `ipset -exist add` or `ipset -exist del` of each entry in order, many to a netlink message.
///
/// On failure `*done` is the number of the entry that the kernel refused: those before it took effect, those after it
/// were not tried. It is `count` when the failure is not that of one entry.
int cipset_change(struct cipset_session *_Nonnull session, enum cipset_command command,
                  const struct cipset_definition *_Nonnull set, const struct cipset_entry *_Nonnull entries,
                  size_t count, size_t *_Nonnull done);

/// What the kernel answers when a hash set has as many members as it takes.
extern const int cipset_error_full;

/// What the kernel answers when a set that something refers to is to be destroyed.
extern const int cipset_error_in_use;

#endif
