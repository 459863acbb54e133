// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel_sets.h"

#include <errno.h>
#include <libipset/data.h>
#include <libipset/errcode.h>
#include <libipset/linux_ip_set.h>
#include <libipset/linux_ip_set_hash.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernel_session {
    struct ipset_session *ipset;
    int error_number;
    char error_text[IPSET_ERRORBUFLEN];
};

// The session's own function prints to stdout. Nothing is listed here, so there is nothing to print.
static int print_nothing(struct ipset_session *ipset, void *private, const char *format, ...) {
    (void)ipset;
    (void)private;
    (void)format;
    return 0;
}

// MARK: Failures

static int failed_with(struct kernel_session *session, int number, const char *text) {
    session->error_number = number;
    snprintf(session->error_text, sizeof session->error_text, "%s", text);
    return -1;
}

// The kernel's number for the words in `report`.
//
// libipset turns the number into words and keeps only those, so its own table is asked which number has them.
static int number_of_report(struct ipset_session *ipset, enum ipset_cmd command, const char *report) {
    // As its table has it: the numbers of errno.h, those of ipset, and those of the set's type. The full set leads, for it
    // may have to be looked up often.
    static const struct {
        int first, last;
    } ranges[] = {
        {IPSET_ERR_HASH_FULL, IPSET_ERR_HASH_FULL + 31},
        {1, 133},
        {IPSET_ERR_PRIVATE, IPSET_ERR_PRIVATE + 63},
    };
    for (size_t range = 0; range < sizeof ranges / sizeof *ranges; range++)
        for (int number = ranges[range].first; number <= ranges[range].last; number++) {
            ipset_session_report_reset(ipset);
            ipset_errcode(ipset, command, number);
            if (strcmp(ipset_session_report_msg(ipset), report) == 0)
                return number;
        }
    return 0;
}

// Takes over what libipset reported of `command`. `*line` becomes the entry's line, or 0.
static int failed(struct kernel_session *session, enum ipset_cmd command, uint32_t *line) {
    char report[IPSET_ERRORBUFLEN];
    snprintf(report, sizeof report, "%s", ipset_session_report_msg(session->ipset));
    // The line, if any, is still set in the session, so the words compared with begin with it too.
    int number = number_of_report(session->ipset, command, report);
    ipset_session_report_reset(session->ipset);
    ipset_session_lineno(session->ipset, 0);

    const char *text = report;
    unsigned int found = 0;
    int skipped = 0;
    if (sscanf(report, "Error in line %u: %n", &found, &skipped) == 1 && skipped > 0)
        text += skipped;
    if (line != NULL)
        *line = found;

    failed_with(session, number, *text != '\0' ? text : "libipset gave no reason");
    session->error_text[strcspn(session->error_text, "\n")] = '\0';
    return -1;
}

static int finish(struct kernel_session *session, enum ipset_cmd command, int status) {
    if (status >= 0) {
        ipset_session_report_reset(session->ipset);  // a warning may be left there
        return 0;
    }
    return failed(session, command, NULL);
}

int kernel_sets_error_number(const struct kernel_session *session) {
    return session->error_number;
}

const char *kernel_sets_error_text(const struct kernel_session *session) {
    return session->error_text;
}

// MARK: The session

struct kernel_session *kernel_sets_open(void) {
    struct kernel_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->ipset = ipset_session_init(print_nothing, NULL);
    if (session->ipset == NULL) {
        free(session);
        return NULL;
    }
    return session;
}

void kernel_sets_close(struct kernel_session *session) {
    ipset_session_fini(session->ipset);
    free(session);
}

int kernel_sets_greet(struct kernel_session *session) {
    ipset_session_report_reset(session->ipset);
    return finish(session, IPSET_CMD_PROTOCOL, ipset_cmd(session->ipset, IPSET_CMD_NONE, 0));
}

// MARK: Whole sets

static const char *type_name(uint8_t type) {
    switch (type) {
    case SETS_BITMAP_PORT: return "bitmap:port";
    case SETS_HASH_IP: return "hash:ip";
    case SETS_HASH_IP_PORT: return "hash:ip,port";
    case SETS_HASH_IP_PORT_IP: return "hash:ip,port,ip";
    default: return "hash:ip,port,net";
    }
}

// Starts a command on the named set.
static void begin(struct kernel_session *session, const char *name) {
    ipset_data_reset(ipset_session_data(session->ipset));
    ipset_session_report_reset(session->ipset);
    ipset_session_lineno(session->ipset, 0);
    ipset_envopt_unset(session->ipset, IPSET_ENV_EXIST);
    ipset_session_data_set(session->ipset, IPSET_SETNAME, name);
}

// The type in the revision that kernel and library have in common. It sends a message once for each type.
static const struct ipset_type *find_type(struct kernel_session *session, const struct sets_request *request) {
    if (request->type != SETS_BITMAP_PORT)
        ipset_session_data_set(session->ipset, IPSET_OPT_FAMILY, &request->family);
    ipset_session_data_set(session->ipset, IPSET_OPT_TYPENAME, type_name(request->type));
    const struct ipset_type *type = ipset_type_get(session->ipset, IPSET_CMD_CREATE);
    if (type == NULL)
        failed(session, IPSET_CMD_TYPE, NULL);
    return type;
}

int kernel_sets_create(struct kernel_session *session, const struct sets_request *request) {
    begin(session, request->name);
    if (find_type(session, request) == NULL)
        return -1;
    if (request->type == SETS_BITMAP_PORT) {
        uint16_t first = 0, last = UINT16_MAX;
        ipset_session_data_set(session->ipset, IPSET_OPT_PORT, &first);
        ipset_session_data_set(session->ipset, IPSET_OPT_PORT_TO, &last);
    } else {
        uint32_t hash_size = 1024;
        ipset_session_data_set(session->ipset, IPSET_OPT_HASHSIZE, &hash_size);
        ipset_session_data_set(session->ipset, IPSET_OPT_MAXELEM, &request->maximum_elements);
    }
    return finish(session, IPSET_CMD_CREATE, ipset_cmd(session->ipset, IPSET_CMD_CREATE, 0));
}

int kernel_sets_destroy(struct kernel_session *session, const char *name) {
    begin(session, name);
    return finish(session, IPSET_CMD_DESTROY, ipset_cmd(session->ipset, IPSET_CMD_DESTROY, 0));
}

int kernel_sets_swap(struct kernel_session *session, const char *name, const char *other) {
    begin(session, name);
    ipset_session_data_set(session->ipset, IPSET_OPT_SETNAME2, other);
    return finish(session, IPSET_CMD_SWAP, ipset_cmd(session->ipset, IPSET_CMD_SWAP, 0));
}

// MARK: Entries

// With a line number, libipset gathers entries in one message until that is full. The kernel carries a message out from
// its start, stops at the first entry that it refuses, and answers with that entry's line (`call_ad` of
// net/netfilter/ipset/ip_set_core.c). Nothing is sent after a failure here, so the line also tells what was not tried.

int kernel_sets_begin_change(struct kernel_session *session, struct kernel_change *change,
                             const struct sets_request *request) {
    *change = (struct kernel_change){
        .request = request,
        .command = request->command == SETS_ADD ? IPSET_CMD_ADD : IPSET_CMD_DEL,
    };
    begin(session, request->name);
    change->type = find_type(session, request);
    if (change->type == NULL)
        return -1;
    ipset_data_reset(ipset_session_data(session->ipset));
    ipset_envopt_set(session->ipset, IPSET_ENV_EXIST);
    return 0;
}

// The data of one entry, as far as the type has it. `ipset_cmd` has cleared what was there before.
static void put_entry(struct kernel_session *session, const struct kernel_change *change,
                      const struct sets_entry *entry) {
    struct ipset_data *data = ipset_session_data(session->ipset);
    uint8_t type = change->request->type;
    ipset_data_set(data, IPSET_SETNAME, change->request->name);
    ipset_data_set(data, IPSET_OPT_TYPE, change->type);
    if (type == SETS_BITMAP_PORT) {
        ipset_data_set(data, IPSET_OPT_PORT, &entry->port);
        return;
    }
    ipset_data_set(data, IPSET_OPT_FAMILY, &change->request->family);
    ipset_data_set(data, IPSET_OPT_IP, entry->address);
    if (type == SETS_HASH_IP)
        return;
    ipset_data_set(data, IPSET_OPT_PORT, &entry->port);
    ipset_data_set(data, IPSET_OPT_PROTO, &entry->protocol);
    if (type == SETS_HASH_IP_PORT)
        return;
    ipset_data_set(data, IPSET_OPT_IP2, entry->second_address);
    if (type == SETS_HASH_IP_PORT_NET)
        ipset_data_set(data, IPSET_OPT_CIDR2, &entry->second_length);
}

// Takes over the failure of an entry, or of the exchange.
static int change_failed(struct kernel_session *session, struct kernel_change *change) {
    uint32_t line = 0;
    failed(session, change->command, &line);
    // When the exchange broke, libipset names the line that it was at, which says nothing.
    change->refuses_entry = session->error_number != 0 && line >= 1 && line <= change->count;
    if (change->refuses_entry)
        change->refused = line - 1;
    return -1;
}

int kernel_sets_change(struct kernel_session *session, struct kernel_change *change, const struct sets_entry *entry) {
    put_entry(session, change, entry);
    change->count++;
    return ipset_cmd(session->ipset, change->command, change->count) < 0 ? change_failed(session, change) : 0;
}

int kernel_sets_end_change(struct kernel_session *session, struct kernel_change *change) {
    return ipset_commit(session->ipset) < 0 ? change_failed(session, change) : finish(session, change->command, 0);
}
