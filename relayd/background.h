/*
 * The background, for --daemon: the starting process stays until the daemon serves, and
 * shows on its stderr what keeps it from that; then neither has anything of the other.
 */
#ifndef RELAYD_BACKGROUND_H
#define RELAYD_BACKGROUND_H

/* Forks. Returns the exit status in the starting process, when it is known. In the
 * daemon it returns -1, and *ready_fd is what background_leave() takes. */
int background_enter(int *ready_fd);

/* Logs to path, which is borrowed for good; until background_leave() what goes wrong to
 * stderr as well. */
void background_log(const char *path);

/* It serves: the starting process may end, and its stderr and directory are let go.
 * Returns -1, for ready_fd. */
int background_leave(int ready_fd);

#endif
