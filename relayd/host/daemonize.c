/* SPDX-License-Identifier: MIT */
/* The background. The two processes share a pipe: a byte in it says that the daemon
 * serves, its end that it does not. */
#include "config.h"

#include "relayd/host/daemonize.h"

#include "relayd/base/log.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* 1 where the other end wrote its byte. */
static ssize_t read_byte(int fd)
{
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n;
}

/* The starting process waits until the other one serves, or has said on stderr why
 * it cannot. */
static int wait_until_ready(pid_t child, int fd)
{
    int status = 1;

    if (read_byte(fd) == 1)
        return 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1;
}

/* Leaves the login's session and descriptors. stderr and the working directory stay until
 * daemonize_end(). */
static void detach(int null, int keep)
{
    setsid();
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close_from(STDERR_FILENO + 1, keep);
}

/* What can fail does so while somebody waits for a word of it. */
int daemonize_begin(int *ready_fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fds[2];
    pid_t pid;

    if (null < 0 || pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        perror("relayd: cannot go to the background");
        return 1;
    }
    if (pid > 0) {
        close(fds[1]);
        return wait_until_ready(pid, fds[0]); /* NOLINT(resourceLeak): this process ends. */
    }
    close(fds[0]);
    detach(null, fds[1]);
    *ready_fd = fds[1];
    return -1;
}

static bool log_starting(enum log_level level, const char *line, const struct log_field *fields,
                         size_t n)
{
    if (level <= LOG_LEVEL_WARNING)
        log_stderr(level, line, fields, n);
    return log_to_file(level, line, fields, n);
}

void daemonize_log(const char *path)
{
    int r = log_open_file(path);

    if (r == 0)
        log_set_sink(log_starting);
    else
        log_warning("%s: cannot be written: %s: nothing is logged", path, strerror(-r));
}

int daemonize_end(int ready_fd)
{
    ssize_t n;

    log_set_sink(log_to_file);
    dup2(STDIN_FILENO, STDERR_FILENO); /* it is /dev/null */
    /* Not earlier: a directory that was named may have been relative. */
    if (chdir("/") < 0)
        log_warning("/: cannot go there: %s", strerror(errno));
    do
        n = write(ready_fd, "", 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        log_warning("the starting process has gone");
    return close_fd(ready_fd);
}
