/* SPDX-License-Identifier: MIT */
/*
 * The handover: open sessions outlive a restart of the daemon. The daemon that ends gives
 * them to the descriptor store of the service manager (sd_notify(3), FDSTORE=1). The next one
 * gets them back with its listening sockets, and goes on with them.
 *
 * Only a session of which not a byte is held here is given (session_is_portable()): the
 * descriptors of its client and its upstream in one message, with its record as their name.
 */
#ifndef RELAYD_HANDOVER_H
#define RELAYD_HANDOVER_H

#include "relayd/host/notify.h"
#include "relayd/session/sessions.h"

/* At most so many sessions are handed over: the names of all descriptors, twice 255 bytes a
 * session, share one environment variable of at most 128 KiB (execve(2), MAX_ARG_STRLEN).
 * The store of relayd.service has room for as many; another unit's may have less. */
#define HANDOVER_MAX 250

struct stored_fd {
    int fd;
    char *name;
};

/* What came back from the store. A zeroed one is empty. */
struct handover {
    struct stored_fd *fds; /* owned, and so are the descriptors */
    size_t n;
};

/* Gives portable sessions to the store and frees them, first those that are owed something.
 * Returns how many. */
unsigned handover_give(struct sessions *sessions, struct notify *notify);

/* Takes over a descriptor that came back. A systemd_stored_fn; arg is the struct handover. */
void handover_note(void *arg, int fd, const char *name);

/* Goes on with the sessions that came back. One of which something is missing, or whose client
 * or upstream is another user's, is closed. The registry must be loaded. Nothing is left in the
 * store, so that after a crash no session comes back in a state of before. Returns how many. */
unsigned handover_take_up(struct handover *handover, struct sessions *sessions,
                          struct notify *notify);

/* Closes what was not taken up. */
void handover_fini(struct handover *handover);

#endif
