// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CSETS_PROTOCOL_H
#define CSETS_PROTOCOL_H

#include <stdint.h>

// What kube-ipvs and kube-ipvs-sets say to each other over a stream socket: docs/sets-protocol.md.
//
// Both ends are on one machine and of one release, so a message is a struct as it lies in memory. Each field has a fixed width, and
// no struct has padding.

/// "KISP" where the least significant byte comes first.
#define SETS_MAGIC 0x5053494bu

/// Another one whenever a message changes. The ends work together only where it is the same.
#define SETS_VERSION 1

enum {
    /// With the end: the kernel's `IPSET_MAXNAMELEN`.
    SETS_NAME_SIZE = 32,
    SETS_ADDRESS_SIZE = 16,
    /// With the end.
    SETS_WORDS_SIZE = 240,
    /// Entries in one request. The program needs no room for them: it takes them from the socket piece by piece.
    SETS_ENTRY_LIMIT = 1 << 20,
};

enum sets_command {
    /// Nothing but what every request does: agrees on the version, and opens libipset's session with the kernel.
    SETS_GREET = 1,
    /// As `ipset create NAME TYPE family F hashsize 1024 maxelem N`, or `ipset create NAME bitmap:port range 0-65535`.
    SETS_CREATE = 2,
    /// As `ipset destroy NAME`.
    SETS_DESTROY = 3,
    /// As `ipset swap NAME OTHER`.
    SETS_SWAP = 4,
    /// As `ipset -exist add` of each entry, in order.
    SETS_ADD = 5,
    /// As `ipset -exist del` of each entry, in order.
    SETS_REMOVE = 6,
};

/// The type of a set.
enum sets_type {
    SETS_BITMAP_PORT = 1,
    SETS_HASH_IP = 2,
    SETS_HASH_IP_PORT = 3,
    SETS_HASH_IP_PORT_IP = 4,
    SETS_HASH_IP_PORT_NET = 5,
};

/// A request. `count` entries follow it.
struct sets_request {
    uint32_t magic;
    uint16_t version;
    /// An `enum sets_command`.
    uint8_t command;
    /// An `enum sets_type`, for create, add and remove; otherwise 0.
    uint8_t type;
    /// `AF_INET` or `AF_INET6`, for create, add and remove; otherwise 0. Not looked at for a bitmap.
    uint8_t family;
    uint8_t reserved[3];
    /// For create; not looked at for a bitmap.
    uint32_t maximum_elements;
    /// For add and remove; otherwise 0.
    uint32_t count;
    /// Ends with a zero, as all that follows in its place is.
    char name[SETS_NAME_SIZE];
    /// For swap; otherwise empty.
    char other[SETS_NAME_SIZE];
};

/// A member of a set. Fields that the set's type does not have are not looked at.
struct sets_entry {
    /// In network order; an IPv4 address takes the first four bytes.
    uint8_t address[SETS_ADDRESS_SIZE];
    uint8_t second_address[SETS_ADDRESS_SIZE];
    /// The prefix length of the second address, for types with a network.
    uint8_t second_length;
    /// An IANA number.
    uint8_t protocol;
    /// In host order.
    uint16_t port;
};

enum sets_outcome {
    SETS_DONE = 0,
    /// The kernel refused the command as a whole. No entry of it is known to have taken effect.
    SETS_REFUSED = 1,
    /// Entries before `index` took effect, that at `index` was refused, those after it were not tried.
    SETS_REFUSED_ENTRY = 2,
    /// The exchange with the kernel broke: what took effect is not known.
    SETS_BROKEN = 3,
    /// There is no session with the kernel, so nothing was tried.
    SETS_UNAVAILABLE = 4,
    /// The request is not one of this protocol. The program ends after it.
    SETS_MISUNDERSTOOD = 5,
};

/// The answer to a request, after all of its entries.
struct sets_answer {
    uint32_t magic;
    uint16_t version;
    /// An `enum sets_outcome`.
    uint8_t outcome;
    uint8_t reserved;
    /// The kernel's number: an errno or an `IPSET_ERR_*`; 0 where it gave none.
    int32_t number;
    /// Of the refused entry.
    uint32_t index;
    /// The kernel's words in libipset's translation, or our own. They end with a zero.
    char words[SETS_WORDS_SIZE];
};

_Static_assert(sizeof(struct sets_request) == 84, "a request has no padding");
_Static_assert(sizeof(struct sets_entry) == 36, "an entry has no padding");
_Static_assert(sizeof(struct sets_answer) == 256, "an answer has no padding");

/// What is wrong with a request, for a person; NULL when nothing is. It is looked at alone, without the entries.
const char *_Nullable sets_request_fault(const struct sets_request *_Nonnull request);

/// What is wrong with an answer, for a person; NULL when nothing is.
const char *_Nullable sets_answer_fault(const struct sets_answer *_Nonnull answer);

#endif
