// SPDX-License-Identifier: GPL-2.0-or-later
#include "CSetsProtocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

// Whether a text ends in its place, with nothing but zeros behind it.
static bool ends(const char *text, size_t size) {
    size_t length = strnlen(text, size);
    for (size_t i = length; i < size; i++)
        if (text[i] != '\0')
            return false;
    return length < size;
}

static const char *set_fault(const struct sets_request *request) {
    if (request->type < SETS_BITMAP_PORT || request->type > SETS_HASH_IP_PORT_NET)
        return "a type of set that is none";
    if (request->type != SETS_BITMAP_PORT && request->family != AF_INET && request->family != AF_INET6)
        return "an address family that is none";
    return NULL;
}

const char *sets_request_fault(const struct sets_request *request) {
    if (request->magic != SETS_MAGIC)
        return "no request of this protocol";
    if (request->version != SETS_VERSION)
        return "a request of another version of this protocol";
    if (request->count > SETS_ENTRY_LIMIT)
        return "too many entries";
    if (!ends(request->name, sizeof request->name) || !ends(request->other, sizeof request->other))
        return "a name that does not end";
    if (request->reserved[0] != 0 || request->reserved[1] != 0 || request->reserved[2] != 0)
        return "a reserved field that is not zero";
    if ((request->other[0] != '\0') != (request->command == SETS_SWAP))
        return "a second name that is missing, or too many";
    if ((request->name[0] == '\0') != (request->command == SETS_GREET))
        return "a name that is missing, or too many";
    switch (request->command) {
    case SETS_GREET:
    case SETS_DESTROY:
    case SETS_SWAP:
        return request->count == 0 ? NULL : "entries of a command that has none";
    case SETS_CREATE:
        return request->count == 0 ? set_fault(request) : "entries of a command that has none";
    case SETS_ADD:
    case SETS_REMOVE:
        return set_fault(request);
    default:
        return "a command that is none";
    }
}

const char *sets_answer_fault(const struct sets_answer *answer) {
    if (answer->magic != SETS_MAGIC)
        return "no answer of this protocol";
    if (answer->version != SETS_VERSION)
        return "an answer of another version of this protocol";
    if (answer->outcome > SETS_MISUNDERSTOOD)
        return "an outcome that is none";
    if (!ends(answer->words, sizeof answer->words))
        return "words that do not end";
    // Numbers are looked at by others as the kernel's: only these can be.
    if (answer->number < 0 || answer->number > UINT16_MAX)
        return "a number that is none of the kernel's";
    if (answer->outcome == SETS_REFUSED_ENTRY && answer->index >= SETS_ENTRY_LIMIT)
        return "an entry that was not sent";
    return NULL;
}
