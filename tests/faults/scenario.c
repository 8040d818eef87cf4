/* SPDX-License-Identifier: MIT */
/* The scenarios. Each step takes what comes, for anything may have failed before it; but a client
 * has an answer or an end, and an answer is what an agent said, or FAILURE. */
#include "config.h"

#include "tests/faults/scenario.h"

#include "tests/faults/manager.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_FAILURE 5
#define LOG_MAX (256 * 1024)
#define RETURN_SECONDS 20.0

static const char *const options[] = {"--patience=30ms", "--dead-after=500ms", NULL};

/* --- steps */

static void check(struct stage *stage, const char *who, struct answer answer)
{
    static const int types[][2] = {{ASK_LIST, 12}, {ASK_SIGN, 14}, {ASK_ADD, 6}};

    if (answer.heard == HEARD_NOTHING)
        stage_complain(stage, "%s: neither answered nor ended", who);
    if (answer.heard != HEARD_ANSWER || answer.type == ANSWER_FAILURE)
        return;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i][1] == answer.type)
            return;
    }
    stage_complain(stage, "%s: an answer of type %d", who, answer.type);
}

static void check_reply(struct stage *stage, const char *what, struct reply reply)
{
    if (reply.heard == HEARD_NOTHING)
        stage_complain(stage, "relayctl %s: neither answered nor ended", what);
}

static void login(struct stage *stage, const char *name, const char *more)
{
    check_reply(stage, "register",
                control_ask(stage, "register\npath=%s/%s\n%s", stage->dir, name, more));
}

static void ask(struct stage *stage, int type)
{
    check(stage, "a client", client_ask(stage, type));
}

static void two_at_once(struct stage *stage)
{
    int a = client_open(stage), b = client_open(stage);

    client_say(stage, a, ASK_LIST);
    client_say(stage, b, ASK_LIST);
    check(stage, "the second client", client_hear(stage, b));
    check(stage, "the first client", client_hear(stage, a));
    client_say(stage, a, ASK_SIGN);
    client_say(stage, b, ASK_SIGN);
    check(stage, "the first client's signature", client_hear(stage, a));
    check(stage, "the second client's signature", client_hear(stage, b));
    close(a);
    close(b);
}

/* As ssh does, which binds first; the newest login says nothing. */
static void passes_mute(struct stage *stage)
{
    int fd = client_open(stage);

    client_say(stage, fd, ASK_BIND);
    check(stage, "a bind", client_hear(stage, fd));
    client_say(stage, fd, ASK_LIST);
    check(stage, "a client of a mute login", client_hear(stage, fd));
    close(fd);
}

static void half_closes(struct stage *stage)
{
    int fd = client_open(stage);

    client_say(stage, fd, ASK_SIGN);
    shutdown(fd, SHUT_WR);
    check(stage, "who has closed its side", client_hear(stage, fd));
    check(stage, "the end of who has closed its side", client_hear(stage, fd));
    close(fd);
}

static void leaves(struct stage *stage)
{
    int fd = client_open(stage);

    client_say(stage, fd, ASK_SIGN);
    close(fd);
}

static void writes_much(struct stage *stage)
{
    int fd = client_open(stage);

    client_say(stage, fd, ASK_LIST);
    check(stage, "a client", client_hear(stage, fd));
    client_say(stage, fd, ASK_ADD);
    check(stage, "a large question", client_hear(stage, fd));
    close(fd);
}

static void remove_socket(struct stage *stage)
{
    char path[STAGE_PATH + 16];

    snprintf(path, sizeof(path), "%s/d/agent.sock", stage->dir);
    unlink(path);
    ask(stage, ASK_LIST);
}

static void relayctl_asks(struct stage *stage)
{
    check_reply(stage, "status", control_ask(stage, "status"));
    check_reply(stage, "pause", control_ask(stage, "pause\nfor_ms=60000"));
    ask(stage, ASK_LIST);
    check_reply(stage, "resume", control_ask(stage, "resume"));
    check_reply(stage, "use", control_ask(stage, "use\npath=%s/one", stage->dir));
    ask(stage, ASK_LIST);
    check_reply(stage, "use --auto", control_ask(stage, "use\nauto=1"));
    check_reply(stage, "why", control_ask(stage, "why"));
}

/* Its process ends, and the daemon is told of that. */
static void logs_out(struct stage *stage)
{
    kill(stage->leaver, SIGKILL);
    waitpid(stage->leaver, NULL, 0);
    stage->leaver = 0;
    ask(stage, ASK_LIST);
}

/* --- in the foreground, by itself */

bool scenario_start_plain(struct stage *stage)
{
    stage_start(stage, options, NULL, NULL, 0);
    return stage_wait_served(stage);
}

static void play_plain(struct stage *stage)
{
    char connection[160];
    int watch;

    snprintf(connection, sizeof(connection), "wait=1\nlabel=desk\nconnection=%s",
             stage->connection);
    ask(stage, ASK_LIST);
    watch = control_open(stage, "watch");
    login(stage, "one", connection);
    two_at_once(stage);
    login(stage, "two", "wait=1");
    ask(stage, ASK_LIST);
    login(stage, "mute", "");
    passes_mute(stage);
    half_closes(stage);
    check_reply(stage, "unregister", control_ask(stage, "unregister\npath=%s/mute", stage->dir));
    leaves(stage);
    writes_much(stage);
    relayctl_asks(stage);
    logs_out(stage);
    remove_socket(stage);
    if (watch >= 0)
        close(watch);
}

/* --- in the background */

static void fill_log(struct stage *stage)
{
    char path[STAGE_PATH + 8];
    FILE *file;

    snprintf(path, sizeof(path), "%s/d", stage->dir);
    if (mkdir(path, 0700) < 0 || chown(path, stage->uid, stage->uid) < 0)
        return;
    strcat(path, "/log");
    file = fopen(path, "we");
    if (file == NULL)
        return;
    for (int n = 0; n < LOG_MAX - 100; n += 50)
        fprintf(file, "%49s\n", "");
    fclose(file);
    if (chown(path, stage->uid, stage->uid) < 0)
        return;
}

/* The first process says by its status whether the second serves. */
static bool start_background(struct stage *stage)
{
    static const char *const background[] = {"--daemon", "--patience=30ms", NULL};
    pid_t pid;

    fill_log(stage);
    stage_start(stage, background, NULL, NULL, 0);
    if (!stage_wait_end(stage, RETURN_SECONDS)) {
        stage_complain(stage, "--daemon does not return");
        return false;
    }
    if (stage->status != 0)
        return false;
    pid = stage_lock_holder(stage);
    if (pid == 0) {
        stage_complain(stage, "--daemon returned, and nobody is there");
        return false;
    }
    stage_adopt(stage, pid);
    return stage_wait_served(stage);
}

static void play_background(struct stage *stage)
{
    login(stage, "one", "wait=1");
    ask(stage, ASK_SIGN);
}

/* --- under a manager, and through a restart */

static bool start_managed(struct stage *stage)
{
    manager_make_sockets(stage);
    manager_start(stage, options);
    return stage_wait_served(stage);
}

static void play_managed(struct stage *stage)
{
    int fd;

    login(stage, "one", "wait=1");
    fd = client_open(stage);
    client_say(stage, fd, ASK_LIST);
    check(stage, "a client", client_hear(stage, fd));
    if (manager_restart(stage, options)) {
        client_say(stage, fd, ASK_SIGN);
        check(stage, "a client that was handed over", client_hear(stage, fd));
        ask(stage, ASK_LIST);
    }
    close(fd);
}

/* --- systemd's relayd relieves one that a login started */

static bool start_takeover(struct stage *stage)
{
    pid_t before;

    stage->is_spared = true;
    scenario_start_plain(stage);
    stage->is_spared = false;
    before = stage->relay;
    manager_make_sockets(stage);
    manager_start(stage, options);
    stage->before = before;
    return stage_wait_served(stage);
}

static void play_takeover(struct stage *stage)
{
    login(stage, "one", "wait=1");
    ask(stage, ASK_LIST);
}

/* --- relayctl's own calls */

/* Its relayd is spared. */
static bool start_spared(struct stage *stage)
{
    bool r;

    stage->is_spared = true;
    r = scenario_start_plain(stage);
    stage->is_spared = false;
    return r;
}

static void run_relayctl(struct stage *stage, const char *first, const char *second, int most)
{
    const char *const arguments[] = {first, second, NULL};
    int status = stage_relayctl(stage, arguments), lines = 0, c;
    char path[STAGE_PATH + 8];
    FILE *file;

    if (status < 0)
        stage_complain(stage, "relayctl %s: does not end", first);
    else if (WIFSIGNALED(status))
        stage_complain(stage, "relayctl %s: signal %d", first, WTERMSIG(status));
    else if (WEXITSTATUS(status) > 2)
        stage_complain(stage, "relayctl %s: exit status %d", first, WEXITSTATUS(status));
    snprintf(path, sizeof(path), "%s/out", stage->dir);
    file = fopen(path, "re");
    while (file != NULL && (c = fgetc(file)) != EOF)
        lines += c == '\n';
    if (file != NULL)
        fclose(file);
    if (lines > most)
        stage_complain(stage, "relayctl %s: says %d lines", first, lines);
    if (lines == 0 && status != 0)
        stage_complain(stage, "relayctl %s: fails without a word", first);
}

static void play_relayctl(struct stage *stage)
{
    run_relayctl(stage, "register", NULL, 2);
    run_relayctl(stage, "env", "--register", 3);
    run_relayctl(stage, "status", NULL, 12);
    run_relayctl(stage, "path", NULL, 1);
}

const struct scenario scenarios[] = {
    {"plain", scenario_start_plain, play_plain, true},
    {"managed", start_managed, play_managed, true},
    {"takeover", start_takeover, play_takeover, false},
    {"background", start_background, play_background, true},
    {"relayctl", start_spared, play_relayctl, false},
};
const size_t n_scenarios = sizeof(scenarios) / sizeof(scenarios[0]);
