/* SPDX-License-Identifier: MIT */
/* Whose login it is. What a process was started with names the login; but tmux, screen and their
 * kin start processes for whoever attaches, with what their server was started with by somebody
 * long gone. So within one of them nothing is believed: its client is who can be asked about. */
#include "config.h"

#include "relayctl/whose.h"

#include "relayctl/account/run.h"
#include "relayctl/login.h"
#include "relayctl/process.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ANCESTORS_MAX 32
#define TMUX_MS 1000
#define NUMBERS_MAX 200
/* In one line, for it is copied. */
#define TMUX_HINT \
    "the one used last: --pid\u00a0$(tmux\u00a0display-message\u00a0-p\u00a0'#{client_pid}')"

/* A process and its ancestors, as far as they are this user's. */
struct line {
    struct process list[ANCESTORS_MAX];
    size_t n;
};

static void line_read(struct line *line, pid_t pid)
{
    line->n = 0;
    while (pid > 1 && line->n < ANCESTORS_MAX && process_read(&line->list[line->n], pid) == 0)
        pid = line->list[line->n++].parent;
}

static void line_fini(struct line *line)
{
    for (size_t i = 0; i < line->n; i++)
        process_fini(&line->list[i]);
}

static const char *look(const void *process, const char *name)
{
    return process_variable(process, name);
}

static const struct proto_msg *by_socket(const struct status *status, const struct process *process)
{
    static const char *const variables[] = {"SSH_AUTH_SOCK", "RELAYD_UPSTREAM"};
    const struct proto_msg *login = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(variables) && login == NULL; i++) {
        const char *path = process_variable(process, variables[i]);
        char *real = path != NULL && path[0] == '/' ? login_real(path) : NULL;

        login = status_find(status, "path", real);
        free(real);
    }
    return login;
}

static const struct proto_msg *by_facts(const struct status *status, const struct process *process)
{
    struct login facts = login_by(look, process);
    const struct proto_msg *login = status_find(status, "connection", facts.connection);

    return login != NULL ? login : status_find(status, "tty", facts.tty);
}

static const struct proto_msg *by_label(const struct status *status, const struct process *process)
{
    return status_find(status, "label", login_by(look, process).label);
}

static const char within_tmux[] =
    "it runs within tmux, which serves whoever attaches: name tmux's client";

/* What it runs in, whose server knows of no login; or NULL. */
static const char *multiplexer(const struct process *process)
{
    if (process_variable(process, "TMUX") != NULL)
        return within_tmux;
    if (process_variable(process, "STY") != NULL)
        return "it runs within screen, which serves whoever attaches: name screen's client";
    return NULL;
}

static const struct proto_msg *search(const struct status *status, const struct line *line,
                                      const char **why)
{
    static const struct proto_msg *(*const ways[])(const struct status *, const struct process *) =
        {by_socket, by_facts, by_label};
    const struct proto_msg *login = NULL;

    *why = line->n == 0 ? "no such process of yours" : multiplexer(&line->list[0]);
    if (*why != NULL)
        return NULL;
    for (size_t way = 0; way < ARRAY_SIZE(ways) && login == NULL; way++) {
        for (size_t i = 0; i < line->n && login == NULL; i++)
            login = ways[way](status, &line->list[i]);
    }
    *why = "it belongs to no login that is registered";
    return login;
}

static const struct proto_msg *of_process(const struct status *status, pid_t pid,
                                          const char **why)
{
    const struct proto_msg *login;
    struct line line;

    line_read(&line, pid);
    login = search(status, &line, why);
    line_fini(&line);
    return login;
}

/* The login of the first process on that terminal that has one. */
static const struct proto_msg *by_processes(const struct status *status, dev_t terminal)
{
    struct processes processes = {0};
    const struct proto_msg *login = NULL;
    const char *why;

    processes_read(&processes);
    for (size_t i = 0; i < processes.n && login == NULL; i++) {
        if (process_terminal(&processes.list[i]) == terminal)
            login = of_process(status, processes.list[i].pid, &why);
    }
    processes_fini(&processes);
    return login;
}

static const struct proto_msg *of_terminal(const struct status *status, const char *tty,
                                           const char **why)
{
    const struct proto_msg *login;
    char path[PATH_MAX];
    struct stat st;

    *why = "is no terminal";
    if (snprintf(path, sizeof(path), "%s%s", tty[0] == '/' ? "" : "/dev/", tty) >=
            (int)sizeof(path) ||
        stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
        return NULL;
    *why = "it belongs to no login that is registered";
    login = by_processes(status, st.st_rdev);
    return login != NULL ? login : status_find(status, "tty", path);
}

/* The process of the client that was used last; 0 where tmux has none, or does not answer. A client
 * of an older tmux has no time of its own. */
static pid_t tmux_client(void)
{
    static const char *const argv[] = {"tmux", "list-clients", "-F",
                                       "#{client_activity} #{client_pid}", NULL};
    struct run_output output = {0};
    long long last = -1, activity;
    int pid, client = 0, length;

    if (run_program(argv, NULL, 0, RUN_STDOUT, &output, TMUX_MS) == 0) {
        for (const char *at = output.text;
             at != NULL && sscanf(at, "%lld %d%n", &activity, &pid, &length) == 2; at += length) {
            if (activity >= last) {
                last = activity;
                client = pid;
            }
        }
    }
    run_output_fini(&output);
    return (pid_t)client;
}

static const struct proto_msg *find(const struct command *cmd, const struct status *status,
                                    char object[64], const char **why)
{
    pid_t pid = cmd->pid;

    if (cmd->tty != NULL) {
        utf8_format(object, 64, "%s", cmd->tty);
        return of_terminal(status, cmd->tty, why);
    }
    if (cmd->is_tmux) {
        snprintf(object, 64, "tmux");
        *why = "no client is attached";
        pid = tmux_client();
        if (pid == 0)
            return NULL;
    }
    snprintf(object, 64, "process %d", (int)pid);
    return of_process(status, pid, why);
}

static bool is_number(const char *operand)
{
    uint64_t n;

    return parse_u64(operand + (operand[0] == '#'), &n) == 0;
}

static bool is_registered(const struct status *status, const char *operand)
{
    char *path = paths_absolute(operand);
    char *real = path != NULL ? login_real(path) : NULL;
    bool is = real != NULL && status_find(status, "path", real) != NULL;

    free(path);
    free(real);
    return is;
}

static int tell_several(const struct command *cmd, const char *numbers)
{
    char hint[NUMBERS_MAX + 40];

    snprintf(hint, sizeof(hint), "name one by its number: %s", numbers);
    command_tell(cmd, cmd->operands[0], "several logins have this label", hint);
    return EXIT_NO;
}

/* The login that the operand names by its label. */
static int choose_labelled(struct command *cmd, const struct status *status)
{
    char numbers[NUMBERS_MAX] = "";
    size_t n = 0, used = 0;

    for (size_t i = 0; i < status->n; i++) {
        const struct proto_msg *login = &status->upstreams[i];

        if (strcmp(status_text(login, "label"), cmd->operands[0]) != 0)
            continue;
        cmd->login = proto_get_u64(login, "id", 0);
        if (used < sizeof(numbers))
            used += (size_t)snprintf(numbers + used, sizeof(numbers) - used, "%s%" PRIu64,
                                     n > 0 ? ", " : "", cmd->login);
        n++;
    }
    return n > 1 ? tell_several(cmd, numbers) : EXIT_DONE;
}

static int find_labelled(struct command *cmd)
{
    struct status status = {0};
    int r = EXIT_DONE;

    if (cmd->operands[0][0] == '\0' || is_number(cmd->operands[0]))
        return EXIT_DONE;
    r = command_fetch_status(cmd, &status);
    if (r == EXIT_DONE && !is_registered(&status, cmd->operands[0]))
        r = choose_labelled(cmd, &status);
    status_fini(&status);
    return r;
}

int whose_find(struct command *cmd)
{
    struct status status = {0};
    const struct proto_msg *login = NULL;
    char object[64];
    const char *why;
    int r;

    if (cmd->n_operands > 0)
        return find_labelled(cmd);
    if (cmd->pid == 0 && cmd->tty == NULL && !cmd->is_tmux)
        return EXIT_DONE;
    r = command_fetch_status(cmd, &status);
    if (r == EXIT_DONE) {
        login = find(cmd, &status, object, &why);
        if (login == NULL)
            command_tell(cmd, object, why, why == within_tmux ? TMUX_HINT : NULL);
        else
            cmd->login = proto_get_u64(login, "id", 0);
        r = login == NULL ? EXIT_NO : EXIT_DONE;
    }
    status_fini(&status);
    return r;
}
