/*
 * Raw: bytes both ways for --raw, where the protocol is any and nothing is looked at.
 * The end of one side's stream is passed on as exactly that, so a half-closed
 * connection stays one.
 */
#ifndef RELAYD_RAW_H
#define RELAYD_RAW_H

#include "relayd/session/relay.h"

/* Carries on both ways as far as it goes without waiting, in place of
 * relay_step(); relay_client_events() and relay_upstream_events() say what to wait
 * for then. RELAY_CLIENT_DONE: both sides have ended, and have all. */
enum relay_end raw_step(struct relay *relay, int client_fd, int upstream_fd);

#endif
