// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef REQUESTS_H
#define REQUESTS_H

/// Answers requests until the other end of the socket is closed, or sends what is no request. Then the process ends.
_Noreturn void serve_requests(int socket);

#endif
