/* SPDX-License-Identifier: MIT */
/* Another program's words and its verdict. Its input is a file without a name, so that it may read
 * or not as it likes while only its output is waited for. */
#include "config.h"

#include "relayctl/account/run.h"

#include "relayd/base/util.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_MS 10
#define OUTPUT_MAX (1024 * 1024)

static int open_input(const char *input, size_t size)
{
    int fd;

    if (input == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    fd = memfd_create("input", MFD_CLOEXEC);
    while (fd >= 0 && size > 0) {
        ssize_t n = write(fd, input, size);

        if (n < 0)
            return close_fd(fd);
        input += n;
        size -= (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* In the child. */
static void become(const char *const argv[], int input, int output, enum run_what what)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    setsid();
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(what == RUN_BOTH ? output : null, STDERR_FILENO) < 0)
        _exit(RUN_NOT_THERE);
    close_from(STDERR_FILENO + 1, -1);
    execvp(argv[0], (char *const *)argv);
    _exit(RUN_NOT_THERE);
}

static void keep(struct run_output *output, const char *bytes, size_t n)
{
    char *text;

    if (output == NULL || n > OUTPUT_MAX - output->size)
        return;
    text = realloc(output->text, output->size + n + 1);
    if (text == NULL)
        return;
    memcpy(text + output->size, bytes, n);
    output->text = text;
    output->size += n;
    text[output->size] = '\0';
}

/* Takes what is there. Returns whether more may come. */
static bool read_output(int fd, struct run_output *output)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        keep(output, bytes, (size_t)n);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int await_child(pid_t child, int fd, struct run_output *output, int bound_ms)
{
    double until = monotonic_seconds() + bound_ms / 1000.0;
    bool is_open = true;
    int status = 0;
    pid_t ended;

    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        struct pollfd wanted = {.fd = is_open ? fd : -1, .events = POLLIN};

        if (monotonic_seconds() >= until) {
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return RUN_TOO_LONG;
        }
        poll(&wanted, 1, is_open ? STEP_MS : 1);
        is_open = is_open && read_output(fd, output);
    }
    assert(ended == child);
    if (is_open)
        read_output(fd, output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int start_child(const char *const argv[], int input, enum run_what what,
                       struct run_output *output, int bound_ms)
{
    int fds[2], status = RUN_NOT_THERE;
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return RUN_NOT_THERE;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    child = fork();
    if (child == 0)
        become(argv, input, fds[1], what);
    close(fds[1]);
    if (child > 0)
        status = await_child(child, fds[0], output, bound_ms);
    close(fds[0]);
    return status;
}

int run_program(const char *const argv[], const char *input, size_t input_size, enum run_what what,
                struct run_output *output, int bound_ms)
{
    int fd, status;

    if (output != NULL) {
        output->size = 0;
        output->text = calloc(1, 1);
    }
    fd = open_input(input, input_size);
    status = fd < 0 ? RUN_NOT_THERE : start_child(argv, fd, what, output, bound_ms);
    close_fd(fd);
    return output != NULL && output->text == NULL ? RUN_NOT_THERE : status;
}

void run_output_fini(struct run_output *output)
{
    free(output->text);
    output->text = NULL;
    output->size = 0;
}
