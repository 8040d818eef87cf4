/* SPDX-License-Identifier: MIT */
/* Agents: one process that serves any number of sockets. */
#ifndef FAULTS_AGENTS_H
#define FAULTS_AGENTS_H

#include <sys/types.h>

/* A socket in dir for each name, up to NULL; the agent of that name lists one key, which has its
 * name, and signs with it. Those whose names begin with "mute" read, and say nothing. Returns the
 * pid of their process, once they listen. */
pid_t agents_start(const char *dir, const char *const *names, uid_t uid);

#endif
