/* SPDX-License-Identifier: MIT */
/* relayctl's exit statuses: part of its interface. */
#ifndef RELAYCTL_EXIT_H
#define RELAYCTL_EXIT_H

enum exit_status {
    EXIT_DONE = 0,
    EXIT_NO = 1,        /* refused, or the answer is no */
    EXIT_NO_DAEMON = 2, /* nobody to talk to */
    EXIT_USAGE = 64,
};

#endif
