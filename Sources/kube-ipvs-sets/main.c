// SPDX-License-Identifier: GPL-2.0-or-later
// Writes sets for kube-ipvs, which starts it and talks with it over its standard input. It is a program of its own because libipset
// is under version 2 of the GPL alone, and kube-ipvs has parts that are not compatible with that: docs/licensing.md.

#include <libipset/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CSetsProtocol.h>

#include "confinement.h"
#include "requests.h"

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "--version") == 0) {
        printf("kube-ipvs-sets, protocol %d\n", SETS_VERSION);
        return 0;
    }
    int domain = 0;
    socklen_t size = sizeof domain;
    if (count > 1 || getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) {
        fputs("kube-ipvs-sets is started by kube-ipvs, with a socket as its standard input; alone it knows --version\n", stderr);
        return 2;
    }
    belong_to_starter();
    // Looks for types of sets that other packages may have installed: the only thing that it reads of the file system.
    ipset_load_types();
    confine();
    serve_requests(STDIN_FILENO);
}
