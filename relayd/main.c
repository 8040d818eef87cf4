/* relayd: argv in, exit status out; and with --daemon, the way into the
 * background. */
#include "config.h"

#include "relayd/daemon.h"
#include "relayd/log.h"
#include "relayd/options.h"
#include "relayd/systemd.h"
#include "relayd/util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE 64

static struct daemon daemon_state;

/* The starting process waits until the other one serves, or has said on stderr why
 * it cannot. */
static int wait_until_ready(pid_t child, int fd)
{
    int status = 1;
    char byte;

    if (read(fd, &byte, 1) == 1)
        return 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1;
}

/* Leaves the login's session and descriptors; stderr and the directory it has until
 * it serves. */
static void detach(int keep)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
    }
    if (keep > STDERR_FILENO + 1)
        close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0);
    close_range((unsigned)keep + 1, ~0U, 0);
}

/* Returns the exit status in the starting process; -1 in the one that serves. */
static int go_to_background(struct daemon *d)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        perror("relayd: cannot go to the background");
        return 1;
    }
    if (pid > 0) {
        close(fds[1]);
        return wait_until_ready(pid, fds[0]);
    }
    close(fds[0]);
    detach(fds[1]);
    d->ready_fd = fds[1];
    return -1;
}

int main(int argc, char **argv)
{
    struct daemon *d = &daemon_state;

    d->ready_fd = -1;
    options_init(&d->options);
    if (options_parse(&d->options, argc, argv) < 0) {
        fputs("try 'relayd --help'\n", stderr);
        return EXIT_USAGE;
    }
    if (d->options.is_help) {
        options_usage(stdout);
        return 0;
    }
    if (d->options.is_version) {
        puts(PACKAGE_STRING);
        return 0;
    }
    /* Files first, so that the command line has the last word. */
    options_init(&d->options);
    if (options_read_files(&d->options) < 0)
        return 1;
    options_parse(&d->options, argc, argv);
    if (d->options.is_verbose)
        log_set_level(LOG_LEVEL_DEBUG);
    if (d->options.is_daemon) {
        int status = go_to_background(d);

        if (status >= 0)
            return status;
    } else {
        log_set_sink(systemd_log_sink());
    }
    return daemon_run(d);
}
