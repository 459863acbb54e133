// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CONFINEMENT_H
#define CONFINEMENT_H

/// Ends with who has started this process, and keeps open nothing but the standard descriptors.
void belong_to_starter(void);

/// Gives up all rights but CAP_NET_ADMIN, and all system calls but those that serve requests: no file can be opened, no program
/// started and no socket made but one of netlink. For good.
void confine(void);

#endif
