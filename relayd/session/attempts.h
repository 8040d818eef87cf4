/*
 * The attempts there are: what an upstream's doings mean for those that ask it.
 */
#ifndef RELAYD_ATTEMPTS_H
#define RELAYD_ATTEMPTS_H

#include "relayd/session/attempt.h"

/* on_done and on_change are the caller's to set. */
void attempts_init(struct attempts *attempts, struct enrol *enrol, const struct options *options);

/* For the events of the registry: attempts at its upstream let go of it, fail, or begin. */
void attempts_on_event(struct attempts *attempts, const struct registry_event *event);

/* Fails all attempts at an upstream. Their sessions have to look again. */
void attempts_fail(struct attempts *attempts, struct upstream *u);

/* The upstream that is being asked the very same question by another, or 0. A ping has no
 * equal: it has come round through that one. */
uint64_t attempts_find_question(const struct attempts *attempts, const uint8_t *bytes,
                                size_t size);

#endif
