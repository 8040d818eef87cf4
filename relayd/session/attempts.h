/* SPDX-License-Identifier: MIT */
/*
 * All attempts: what becomes of those at an upstream when it changes.
 */
#ifndef RELAYD_ATTEMPTS_H
#define RELAYD_ATTEMPTS_H

#include "relayd/session/attempt.h"

/* The caller sets on_done and on_change afterwards. */
void attempts_init(struct attempts *attempts, struct enrol *enrol, const struct options *options);

/* Takes an event of the registry: attempts at its upstream let go of it, fail, or begin. */
void attempts_on_event(struct attempts *attempts, const struct registry_event *event);

/* Fails all attempts at u, even those that were answered. Their sessions look again soon. */
void attempts_fail(struct attempts *attempts, struct upstream *u);

/* Whether somebody is being asked a question of the same bytes. No two pings are alike, so a ping
 * that is found here has come round, through the upstream *id; 0 where several are asked, and it is
 * not known which it was. */
bool attempts_find_question(const struct attempts *attempts, const uint8_t *bytes, size_t size,
                            uint64_t *id);

#endif
