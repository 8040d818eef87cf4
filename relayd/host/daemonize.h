/*
 * The background, for --daemon: the starting process stays until the daemon serves, and
 * shows on its stderr what keeps it from that; then neither has anything of the other.
 */
#ifndef RELAYD_DAEMONIZE_H
#define RELAYD_DAEMONIZE_H

/* Forks. Returns the exit status in the starting process, when it is known. In the
 * daemon it returns -1, and *ready_fd is what daemonize_end() takes. */
int daemonize_begin(int *ready_fd);

/* Logs to path, which is borrowed for good; until daemonize_end() what goes wrong to
 * stderr as well. */
void daemonize_log(const char *path);

/* It serves: the starting process may end, and its stderr and directory are let go.
 * Returns -1, for ready_fd. */
int daemonize_end(int ready_fd);

#endif
