/* SPDX-License-Identifier: MIT */
/*
 * Whose an agent's socket is, by its name.
 */
#ifndef RELAYCTL_CLAIMANT_H
#define RELAYCTL_CLAIMANT_H

/* "gcr-ssh-agent.socket", "a login"; NULL where the name tells nothing. */
const char *claimant_of(const char *socket);

#endif
