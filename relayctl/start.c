/* SPDX-License-Identifier: MIT */
/* Starting relayd from a login's rc. It is more than fork and exec for two reasons. The login must
 * be able to end: sshd would wait for a relayd that kept one of its pipes, so the child gets a
 * pipe of ours for its stderr, and nothing else. And two logins may come at once: the lock decides
 * which relayd serves, and both connect to that one. */
#include "config.h"

#include "relayctl/start.h"

#include "relayd/base/lock.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 3000
#define MANAGER_MS 1000
#define STEP_MS 10
#define ANSWER_MS 300 /* after a start that succeeded the socket answers by then */

#define STATUS_NOT_THERE 127 /* it cannot be run; as in the shell */
#define STATUS_TOO_LONG 255

/* In the child: lets go of all that is the login's, but its environment. */
static void let_go(int words_fd)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(words_fd, STDERR_FILENO) < 0)
        _exit(STATUS_NOT_THERE);
    close_from(STDERR_FILENO + 1, -1);
}

static void words_read(struct start_words *words, int fd)
{
    char scrap[512];
    ssize_t n;

    while ((n = read(fd, scrap, sizeof(scrap))) > 0) {
        size_t room = sizeof(words->text) - 1 - words->size;
        size_t kept = (size_t)n < room ? (size_t)n : room;

        memcpy(words->text + words->size, scrap, kept);
        words->size += kept;
    }
    words->text[words->size] = '\0';
}

/* Waits for the end of child, and collects its words. Returns its exit status; STATUS_TOO_LONG at
 * the deadline. It does not wait for the pipe's end: what the child starts may keep that open. */
static int await_child(pid_t child, int fd, struct start_words *words, int64_t deadline)
{
    int status = 0;
    pid_t ended;

    while ((ended = waitpid(child, &status, WNOHANG)) == 0 && client_left(deadline) > 0) {
        poll(NULL, 0, STEP_MS);
        words_read(words, fd);
    }
    words_read(words, fd);
    if (ended != child)
        return STATUS_TOO_LONG;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Runs argv and waits for its end. That is soon: both systemctl and relayd --daemon end when what
 * they started serves. */
static int run(char *const argv[], struct start_words *words, int64_t deadline)
{
    int fds[2], status;
    pid_t child;

    words->size = 0;
    words->text[0] = '\0';
    if (pipe2(fds, O_CLOEXEC) < 0)
        return STATUS_NOT_THERE;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    child = fork();
    if (child == 0) {
        let_go(fds[1]);
        execvp(argv[0], argv);
        _exit(STATUS_NOT_THERE);
    }
    close(fds[1]);
    status = child < 0 ? STATUS_NOT_THERE : await_child(child, fds[0], words, deadline);
    close(fds[0]);
    return status;
}

/* Has the user manager start the sockets, and the service too, which makes them again where
 * somebody removed them. systemctl finds the manager by XDG_RUNTIME_DIR. In rc that is set only
 * where PAM sets it, and after su it is another user's. */
static int run_manager(const struct paths *paths, struct start_words *words)
{
    static char systemctl[] = "systemctl", user[] = "--user", start[] = "start";
    char socket[PATHS_UNIT_MAX], service[PATHS_UNIT_MAX], dir[64];
    char *const argv[] = {systemctl, user, start, socket, service, NULL};

    paths_unit(paths, "socket", socket);
    paths_unit(paths, "service", service);
    snprintf(dir, sizeof(dir), "/run/user/%lu", (unsigned long)geteuid());
    setenv("XDG_RUNTIME_DIR", dir, 1);
    return run(argv, words, client_now() + MANAGER_MS);
}

static int run_relayd(const char *program, const struct paths *paths,
                      const struct paths_choice *choice, struct start_words *words,
                      int64_t deadline)
{
    static char daemon_option[] = "--daemon", dir_option[] = "--dir", name_option[] = "--name";
    char file[PATH_MAX], value[PATHS_MAX];
    char *argv[] = {file, daemon_option, NULL, NULL, NULL};
    bool is_named = paths->name[0] != '\0';

    if (strlen(program) >= sizeof(file))
        return STATUS_NOT_THERE;
    strcpy(file, program);
    strcpy(value, is_named ? paths->name : paths->dir);
    if (is_named || choice->dir != NULL) {
        argv[2] = is_named ? name_option : dir_option;
        argv[3] = value;
    }
    return run(argv, words, deadline);
}

/* Runs the relayd beside this program: the PATH of rc is not the user's. */
static int run_beside(const struct paths *paths, const struct paths_choice *choice,
                      struct start_words *words, int64_t deadline)
{
    char name[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", name, sizeof(name) - sizeof(RELAYD_NAME));
    char *slash;

    if (n <= 0)
        return STATUS_NOT_THERE;
    name[n] = '\0';
    slash = strrchr(name, '/');
    if (slash == NULL)
        return STATUS_NOT_THERE;
    strcpy(slash + 1, RELAYD_NAME);
    return run_relayd(name, paths, choice, words, deadline);
}

/* Connects as soon as a relayd answers. Gives up at the deadline, or earlier where none will: none
 * holds the lock, and a start that succeeded is ANSWER_MS ago. */
static int connect_soon(struct client *client, struct paths *paths,
                        const struct paths_choice *choice, int status, int64_t deadline)
{
    int64_t expected_by = client_now() + (status == 0 ? ANSWER_MS : 0);

    for (;;) {
        int r = paths_find(paths, choice, false);

        if (r == 0)
            r = client_open(client, paths, deadline);
        if (r != -ECONNREFUSED || client_left(deadline) == 0)
            return r;
        if (client_left(expected_by) == 0 && lock_holder(paths->lock) == 0)
            return r;
        poll(NULL, 0, STEP_MS);
    }
}

static bool has_manager(const struct paths *paths)
{
    return paths_is_user_manager_dir(paths) && paths_has_user_manager();
}

/* Sets the texts of client: why no relayd answers. */
static void explain(struct client *client, int status)
{
    client->hint = NULL;
    if (status == STATUS_NOT_THERE) {
        client->cause = "no relayd answers here, and none is found to start";
        client->hint = "it is looked for beside relayctl, and at " RELAYD_PATH;
    } else if (status == STATUS_TOO_LONG) {
        client->cause = "relayd was started and does not answer yet";
    } else {
        client->cause = "no relayd answers here, and none could be started";
    }
}

int start_daemon(struct client *client, struct paths *paths, const struct paths_choice *choice,
                 struct start_words *words)
{
    int64_t deadline = client_now() + START_MS;
    int status, r;

    if (has_manager(paths)) {
        status = run_manager(paths, words);
        r = connect_soon(client, paths, choice, status, deadline);
        if (r != -ECONNREFUSED)
            return r;
    }
    status = run_beside(paths, choice, words, deadline);
    if (status == STATUS_NOT_THERE)
        status = run_relayd(RELAYD_PATH, paths, choice, words, deadline);
    r = connect_soon(client, paths, choice, status, deadline);
    if (r == -ECONNREFUSED)
        explain(client, status);
    return r;
}
