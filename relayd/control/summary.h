/* SPDX-License-Identifier: MIT */
/* relayd in a line, for systemd and for `relayctl watch`. */
#ifndef RELAYD_SUMMARY_H
#define RELAYD_SUMMARY_H

#include "relayd/upstream/registry.h"

#include <stddef.h>

/* "3 logins, serving laptop (10.0.0.5), 2 clients". Returns out. */
const char *summary_of(const struct registry *registry, unsigned clients, char *out, size_t size);

#endif
