// SPDX-License-Identifier: GPL-2.0-or-later
#include "CIPSetShims.h"

#include <errno.h>
#include <libipset/data.h>
#include <libipset/errcode.h>
#include <libipset/linux_ip_set.h>
#include <libipset/linux_ip_set_hash.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cipset_session {
    struct ipset_session *ipset;
    int error_number;
    char error_text[IPSET_ERRORBUFLEN];
};

const int cipset_error_full = IPSET_ERR_HASH_FULL;
const int cipset_error_in_use = IPSET_ERR_BUSY;

static pthread_once_t types_once = PTHREAD_ONCE_INIT;

// The session's own function prints to stdout. Nothing is listed here, so there is nothing to print.
static int print_nothing(struct ipset_session *ipset, void *private, const char *format, ...) {
    (void)ipset;
    (void)private;
    (void)format;
    return 0;
}

// MARK: Failures

static int failed_with(struct cipset_session *session, int number, const char *text) {
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
static int failed(struct cipset_session *session, enum ipset_cmd command, uint32_t *line) {
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

static int finish(struct cipset_session *session, enum ipset_cmd command, int status) {
    if (status >= 0) {
        ipset_session_report_reset(session->ipset);  // a warning may be left there
        return 0;
    }
    return failed(session, command, NULL);
}

int cipset_error_number(const struct cipset_session *session) {
    return session->error_number;
}

const char *cipset_error_text(const struct cipset_session *session) {
    return session->error_text;
}

// MARK: Commands

struct cipset_session *cipset_open(void) {
    pthread_once(&types_once, ipset_load_types);
    struct cipset_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->ipset = ipset_session_init(print_nothing, NULL);
    if (session->ipset == NULL) {
        free(session);
        return NULL;
    }
    return session;
}

void cipset_close(struct cipset_session *session) {
    ipset_session_fini(session->ipset);
    free(session);
}

// Starts a command on the named set.
static int begin(struct cipset_session *session, const char *name, enum ipset_opt option) {
    if (option == IPSET_SETNAME) {
        ipset_data_reset(ipset_session_data(session->ipset));
        ipset_session_report_reset(session->ipset);
        ipset_session_lineno(session->ipset, 0);
        ipset_envopt_unset(session->ipset, IPSET_ENV_EXIST);
    }
    // libipset would cut a longer name.
    if (*name == '\0' || strlen(name) >= IPSET_MAXNAMELEN)
        return failed_with(session, ENAMETOOLONG, "a set's name has 1 to 31 bytes");
    ipset_session_data_set(session->ipset, option, name);
    return 0;
}

// The type in the revision that kernel and library have in common. It sends a message once for each type.
static const struct ipset_type *find_type(struct cipset_session *session, const struct cipset_definition *set) {
    if (strcmp(set->type, "bitmap:port") != 0)
        ipset_session_data_set(session->ipset, IPSET_OPT_FAMILY, &set->family);
    ipset_session_data_set(session->ipset, IPSET_OPT_TYPENAME, set->type);
    const struct ipset_type *type = ipset_type_get(session->ipset, IPSET_CMD_CREATE);
    if (type == NULL)
        failed(session, IPSET_CMD_TYPE, NULL);
    return type;
}

int cipset_greet(struct cipset_session *session) {
    ipset_session_report_reset(session->ipset);
    return finish(session, IPSET_CMD_PROTOCOL, ipset_cmd(session->ipset, IPSET_CMD_NONE, 0));
}

int cipset_create(struct cipset_session *session, const struct cipset_definition *set) {
    if (begin(session, set->name, IPSET_SETNAME) != 0 || find_type(session, set) == NULL)
        return -1;
    if (strcmp(set->type, "bitmap:port") == 0) {
        uint16_t first = 0, last = UINT16_MAX;
        ipset_session_data_set(session->ipset, IPSET_OPT_PORT, &first);
        ipset_session_data_set(session->ipset, IPSET_OPT_PORT_TO, &last);
    } else {
        uint32_t hash_size = 1024;
        ipset_session_data_set(session->ipset, IPSET_OPT_HASHSIZE, &hash_size);
        ipset_session_data_set(session->ipset, IPSET_OPT_MAXELEM, &set->maximum_elements);
    }
    return finish(session, IPSET_CMD_CREATE, ipset_cmd(session->ipset, IPSET_CMD_CREATE, 0));
}

int cipset_destroy(struct cipset_session *session, const char *name) {
    if (begin(session, name, IPSET_SETNAME) != 0)
        return -1;
    return finish(session, IPSET_CMD_DESTROY, ipset_cmd(session->ipset, IPSET_CMD_DESTROY, 0));
}

int cipset_swap(struct cipset_session *session, const char *name, const char *other) {
    if (begin(session, name, IPSET_SETNAME) != 0 || begin(session, other, IPSET_OPT_SETNAME2) != 0)
        return -1;
    return finish(session, IPSET_CMD_SWAP, ipset_cmd(session->ipset, IPSET_CMD_SWAP, 0));
}

// The data of one entry, as far as the type has it. `ipset_cmd` has cleared what was there before.
static void put_entry(struct cipset_session *session, const struct cipset_definition *set,
                      const struct ipset_type *type, const struct cipset_entry *entry) {
    struct ipset_data *data = ipset_session_data(session->ipset);
    ipset_data_set(data, IPSET_SETNAME, set->name);
    ipset_data_set(data, IPSET_OPT_TYPE, type);
    if (strcmp(set->type, "bitmap:port") == 0) {
        ipset_data_set(data, IPSET_OPT_PORT, &entry->port);
        return;
    }
    ipset_data_set(data, IPSET_OPT_FAMILY, &set->family);
    ipset_data_set(data, IPSET_OPT_IP, entry->address);
    if (strcmp(set->type, "hash:ip") == 0)
        return;
    ipset_data_set(data, IPSET_OPT_PORT, &entry->port);
    ipset_data_set(data, IPSET_OPT_PROTO, &entry->protocol);
    if (strcmp(set->type, "hash:ip,port") == 0)
        return;
    ipset_data_set(data, IPSET_OPT_IP2, entry->second_address);
    if (strcmp(set->type, "hash:ip,port,net") == 0)
        ipset_data_set(data, IPSET_OPT_CIDR2, &entry->second_length);
}

// With a line number, libipset gathers entries in one message until that is full. The kernel carries a message out from
// its start, stops at the first entry that it refuses, and answers with that entry's line (`call_ad` of
// net/netfilter/ipset/ip_set_core.c). Nothing is sent after a failure here, so the line also tells what was not tried.
int cipset_change(struct cipset_session *session, enum cipset_command command, const struct cipset_definition *set,
                  const struct cipset_entry *entries, size_t count, size_t *done) {
    enum ipset_cmd cmd = command == CIPSET_ADD ? IPSET_CMD_ADD : IPSET_CMD_DEL;
    *done = count;
    if (begin(session, set->name, IPSET_SETNAME) != 0)
        return -1;
    const struct ipset_type *type = find_type(session, set);
    if (type == NULL)
        return -1;
    ipset_data_reset(ipset_session_data(session->ipset));
    ipset_envopt_set(session->ipset, IPSET_ENV_EXIST);

    int status = 0;
    for (size_t index = 0; index < count && status >= 0; index++) {
        put_entry(session, set, type, &entries[index]);
        status = ipset_cmd(session->ipset, cmd, (uint32_t)index + 1);
    }
    if (status >= 0)
        status = ipset_commit(session->ipset);
    if (status >= 0)
        return finish(session, cmd, 0);

    uint32_t line = 0;
    failed(session, cmd, &line);
    // When the exchange broke, libipset names the line that it was at, which says nothing.
    if (session->error_number != 0 && line >= 1 && line <= count)
        *done = line - 1;
    return -1;
}
