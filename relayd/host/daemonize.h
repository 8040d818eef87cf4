/* SPDX-License-Identifier: MIT */
/*
 * The background, for --daemon. The starting process stays until the daemon serves; until
 * then they share its stderr, where the daemon says what keeps it from serving.
 */
#ifndef RELAYD_DAEMONIZE_H
#define RELAYD_DAEMONIZE_H

/* Forks. In the starting process it returns when the daemon serves or has failed: the exit
 * status. In the daemon it returns -1, and *ready_fd is for daemonize_end(). */
int daemonize_begin(int *ready_fd);

/* Logs to path, which is borrowed for good. Until daemonize_end(), warnings and errors go to
 * stderr as well. */
void daemonize_log(const char *path);

/* The daemon serves: lets the starting process end, and lets go of its stderr and working
 * directory. Returns -1, for ready_fd. */
int daemonize_end(int ready_fd);

#endif
