// SPDX-License-Identifier: GPL-2.0-or-later
#include "requests.h"

#include <CSetsProtocol.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"
#include "kernel_sets.h"

// The session, if there is one. It is opened by the first request, and anew after one in which it broke: a kernel that gets its
// ip_set later is served later.
static struct kernel_session *session;

static void say(struct sets_answer *answer, uint8_t outcome, int number, const char *words) {
    answer->outcome = outcome;
    answer->number = number < 0 || number > UINT16_MAX ? 0 : number;
    // Zeros are behind it already.
    snprintf(answer->words, sizeof answer->words, "%s", words);
}

static void close_session(void) {
    kernel_sets_close(session);
    session = NULL;
}

static bool has_session(struct sets_answer *answer) {
    if (session != NULL)
        return true;
    session = kernel_sets_open();
    if (session == NULL) {
        say(answer, SETS_UNAVAILABLE, ENOMEM, "out of memory");
        return false;
    }
    if (kernel_sets_greet(session) == 0)
        return true;
    say(answer, SETS_UNAVAILABLE, kernel_sets_error_number(session), kernel_sets_error_text(session));
    close_session();
    return false;
}

// Takes over a failure. Answers may still come that no request waits for where the exchange broke, so the session is closed then.
static void say_failed(struct sets_answer *answer, uint8_t outcome) {
    int number = kernel_sets_error_number(session);
    say(answer, number != 0 ? outcome : SETS_BROKEN, number, kernel_sets_error_text(session));
    if (number == 0)
        close_session();
}

// Takes all entries of the request from the socket, whatever becomes of them: the next request is behind them.
static void change(int socket, const struct sets_request *request, struct sets_answer *answer) {
    static struct sets_entry entries[1024];
    const uint32_t most = sizeof entries / sizeof *entries;
    struct kernel_change change = {0};
    bool goes_on = has_session(answer);
    if (goes_on && kernel_sets_begin_change(session, &change, request) != 0) {
        say_failed(answer, SETS_REFUSED);
        goes_on = false;
    }
    for (uint32_t left = request->count; left > 0;) {
        uint32_t count = left < most ? left : most;
        read_whole(socket, entries, count * sizeof *entries);
        left -= count;
        for (uint32_t i = 0; i < count && goes_on; i++)
            goes_on = kernel_sets_change(session, &change, &entries[i]) == 0;
        if (goes_on && left == 0)
            goes_on = kernel_sets_end_change(session, &change) == 0;
        if (!goes_on && answer->outcome == SETS_DONE) {
            answer->index = change.refused;
            say_failed(answer, change.refuses_entry ? SETS_REFUSED_ENTRY : SETS_REFUSED);
        }
    }
}

static int carry_out(const struct sets_request *request) {
    switch (request->command) {
    case SETS_CREATE: return kernel_sets_create(session, request);
    case SETS_DESTROY: return kernel_sets_destroy(session, request->name);
    case SETS_SWAP: return kernel_sets_swap(session, request->name, request->other);
    default: return 0;
    }
}

_Noreturn void serve_requests(int socket) {
    while (true) {
        struct sets_request request;
        read_whole(socket, &request, sizeof request);
        struct sets_answer answer = {.magic = SETS_MAGIC, .version = SETS_VERSION};
        const char *fault = sets_request_fault(&request);
        if (fault != NULL) {
            // Where the next request begins is not known.
            say(&answer, SETS_MISUNDERSTOOD, EPROTO, fault);
            write_whole(socket, &answer, sizeof answer);
            exit(EXIT_FAILURE);
        }
        if (request.command == SETS_ADD || request.command == SETS_REMOVE)
            change(socket, &request, &answer);
        else if (has_session(&answer) && carry_out(&request) != 0)
            say_failed(&answer, SETS_REFUSED);
        write_whole(socket, &answer, sizeof answer);
    }
}
