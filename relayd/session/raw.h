/* SPDX-License-Identifier: MIT */
/*
 * Raw: bytes both ways for --raw, where any protocol will do and nothing is looked at.
 * The end of one side's stream is passed on as exactly that, so a half-closed
 * connection stays one.
 */
#ifndef RELAYD_RAW_H
#define RELAYD_RAW_H

#include "relayd/session/relay.h"

/* Does what relay_step() does for agents: carries on both ways as far as it goes without
 * waiting. RELAY_CLIENT_DONE: both sides have ended, and all is delivered; RELAY_CLIENT_GONE:
 * something broke, on either side. */
enum relay_end raw_step(struct relay *relay, int client_fd, int upstream_fd,
                        enum relay_side readable);

#endif
