/*
 * The handover: open sessions outlive a restart of the daemon. The one that ends gives
 * them to the descriptor store of the service manager (sd_notify(3), FDSTORE=1), and
 * the next one gets them back with its listening sockets, and goes on with them.
 *
 * What goes is a session of which not a byte is held here (session_is_portable()): its
 * client's and its upstream's descriptor in one message, and its record as their name.
 */
#ifndef RELAYD_HANDOVER_H
#define RELAYD_HANDOVER_H

#include "relayd/host/notify.h"
#include "relayd/session/sessions.h"

/* At most that many sessions: the names of all their descriptors share one environment
 * variable of at most 128 KiB (execve(2), MAX_ARG_STRLEN), twice 255 bytes a session.
 * relayd.service has room for as many; another unit may have less. */
#define HANDOVER_MAX 250

struct stored_fd {
    int fd;
    char *name;
};

/* What came back from the store. A zeroed one is empty. */
struct handover {
    struct stored_fd *fds; /* owned, the descriptors too */
    size_t n;
};

/* Gives the portable sessions away, those first that are owed something. Returns how many. */
unsigned handover_give(struct sessions *sessions, struct notify *notify);

/* Notes a descriptor that came back; takes it over. For systemd_take_fds(). */
void handover_note(void *arg, int fd, const char *name);

/* Goes on with the sessions that came back; those of which something is missing, or
 * one of whose ends may not, are closed. The registry is loaded by then. Nothing is left in
 * the store: a crash must not bring a session back that has gone on meanwhile. Returns
 * how many. */
unsigned handover_take_up(struct handover *handover, struct sessions *sessions,
                          struct notify *notify);

/* Closes what was not taken up. */
void handover_fini(struct handover *handover);

#endif
