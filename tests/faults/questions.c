/* SPDX-License-Identifier: MIT */
/* The questions. Where one is a matter of time it is asked again until it is true, up to a bound:
 * a machine may be slow, and an end may be on its way. */
#include "config.h"

#include "tests/faults/questions.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 80
#define LOOK_SECONDS 0.1 /* how long it is watched */
#define TURNS_MAX 4      /* of its loop meanwhile: a timer may have come due */
#define RUN_MAX 2e6      /* ns of a processor */
#define BOUND_SECONDS 20.0 /* for what is on its way; a machine may stop it for long */
#define END_SECONDS 20.0

/* Nanoseconds on a processor, and how often it was put there. */
static bool read_load(const struct stage *stage, double *run, double *turns)
{
    char path[48];
    FILE *file;
    int n = 0;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)stage->relay);
    file = fopen(path, "re");
    if (file != NULL) {
        n = fscanf(file, "%lf %*f %lf", run, turns);
        fclose(file);
    }
    return n == 2;
}

void question_quiet(struct stage *stage, const char *when)
{
    double until = monotonic_now() + BOUND_SECONDS, run, turns, run_then, turns_then;

    do {
        if (stage_wait_end(stage, 0) || !read_load(stage, &run, &turns))
            return;
        stage_sleep(stage, LOOK_SECONDS);
        if (!read_load(stage, &run_then, &turns_then))
            return;
        if (run_then - run < RUN_MAX && turns_then - turns <= TURNS_MAX)
            return;
    } while (monotonic_now() < until);
    stage_complain(stage, "quiet? %s it runs %.1f ms in %.0f, and wakes up %.0f times", when,
                   (run_then - run) / 1e6, LOOK_SECONDS * 1e3, turns_then - turns);
}

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static unsigned count_lines(const char *path, const char *wanted)
{
    char *text = slurp(path), *save = NULL;
    unsigned n = 0;

    for (char *line = text == NULL ? NULL : strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        n += line[strspn(line, " ")] != '\0' && (wanted == NULL || strstr(line, wanted) != NULL);
    free(text);
    return n;
}

/* In the background it says things in a file of its own. */
static unsigned count_said(const struct stage *stage, const char *wanted)
{
    static const char *const names[] = {"said", "d/log", "d/log.old"};
    char path[STAGE_PATH + 16];
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", stage->dir, names[i]);
        n += count_lines(path, wanted);
    }
    return n;
}

static bool said(const struct stage *stage, const char *text)
{
    return count_said(stage, text) > 0;
}

void question_log(struct stage *stage)
{
    unsigned n = count_said(stage, NULL);

    if (n > LINES_MAX)
        stage_complain(stage, "quiet? its log has %u lines", n);
}

/* Whether the file is whole, and has the logins of this status. It may have more: each is looked at
 * anew when it is read. */
static bool is_saved(const struct stage *stage, const struct reply *status)
{
    char path[STAGE_PATH + 16], line[256];

    snprintf(path, sizeof(path), "%s/d/upstreams", stage->dir);
    for (const char *at = status->text; (at = strstr(at, "\npath=")) != NULL; at++) {
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
        if (count_lines(path, line) != 1)
            return false;
    }
    return count_lines(path, "end") == 1 || strstr(status->text, "\npath=") == NULL;
}

void question_saved(struct stage *stage)
{
    double until = monotonic_now() + BOUND_SECONDS;
    struct reply status = control_ask(stage, "status");

    while (!is_saved(stage, &status) && monotonic_now() < until) {
        stage_sleep(stage, 0.02);
        status = control_ask(stage, "status");
    }
    if (!is_saved(stage, &status))
        stage_complain(stage, "served? its logins are not saved, nor will be");
}

void question_served(struct stage *stage)
{
    struct answer answer;
    struct reply reply;

    /* Who asked while it was deaf is heard now, and has gone. */
    control_ask(stage, "status");
    stage_sleep(stage, 0.02);
    control_ask(stage, "resume");
    control_ask(stage, "use\nauto=1");
    reply = control_ask(stage, "register\npath=%s/three\nwait=1", stage->dir);

    if (!reply.is_ok || strstr(reply.text, "state=alive") == NULL)
        stage_complain(stage, "served? a login cannot register: %s",
                       reply.heard == HEARD_ANSWER ? reply.text
                       : reply.heard == HEARD_END  ? "closed"
                                                   : "no answer");
    answer = client_ask(stage, ASK_LIST);
    /* A machine that is slow may have passed over the newest. */
    if (!answer_is(&answer, 12, ""))
        stage_complain(stage, "served? the next client: %s of type %d",
                       answer.heard == HEARD_NOTHING ? "no answer"
                       : answer.heard == HEARD_END   ? "closed"
                                                     : "a wrong answer",
                       answer.type);
}

/* "/dir/d/lock" is "lock", "socket:[123]" is "socket". */
static void make_kind(char *name, const struct stage *stage)
{
    size_t dir = strlen(stage->dir);

    if (strncmp(name, stage->dir, dir) == 0)
        memmove(name, name + dir, strlen(name + dir) + 1);
    if (name[0] != '/' && strchr(name, ':') != NULL && strstr(name, "anon_inode") == NULL)
        *strchr(name, ':') = '\0';
}

static void count_kind(struct open_files *files, const char *name)
{
    size_t i = 0;

    while (i < files->n && strncmp(files->kinds[i].name, name, 63) != 0)
        i++;
    if (i == KINDS_MAX)
        return;
    if (i == files->n)
        snprintf(files->kinds[files->n++].name, 64, "%.63s", name);
    files->kinds[i].n++;
}

void open_files_look(struct open_files *files, const struct stage *stage)
{
    char path[64], name[256];
    struct dirent *entry;
    DIR *dir;

    *files = (struct open_files){0};
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)stage->relay);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, name, sizeof(name) - 1);

        if (n < 0)
            continue;
        name[n] = '\0';
        make_kind(name, stage);
        count_kind(files, name);
    }
    if (dir != NULL)
        closedir(dir);
}

static unsigned count_of(const struct open_files *files, const char *name)
{
    for (size_t i = 0; i < files->n; i++) {
        if (strcmp(files->kinds[i].name, name) == 0)
            return files->kinds[i].n;
    }
    return 0;
}

/* How many of a kind there may be. Without an eventfd libev makes a pipe. */
static unsigned most_of(const struct open_files *files, const struct open_files *wanted,
                        const char *kind)
{
    static const char eventfd[] = "anon_inode:[eventfd]";
    unsigned missing = count_of(wanted, eventfd) - count_of(files, eventfd);

    return count_of(wanted, kind) + (strcmp(kind, "pipe") == 0 ? 2 * missing : 0);
}

/* The kind of which there are more than wanted, or NULL. */
static const char *find_surplus(const struct open_files *files, const struct open_files *wanted)
{
    for (size_t i = 0; i < files->n; i++) {
        if (files->kinds[i].n > most_of(files, wanted, files->kinds[i].name))
            return files->kinds[i].name;
    }
    return NULL;
}

void question_files(struct stage *stage, const struct open_files *wanted)
{
    double until = monotonic_now() + BOUND_SECONDS;
    struct reply reply = control_ask(stage, "unregister\nall=1");
    struct answer answer = client_ask(stage, ASK_LIST);
    struct open_files files;
    const char *more;

    if (!reply.is_ok || !answer_is(&answer, 5, ""))
        stage_complain(stage, "served? with no login: a client is not told FAILURE");
    for (;;) {
        open_files_look(&files, stage);
        more = find_surplus(&files, wanted);
        if (more == NULL || monotonic_now() >= until)
            break;
        stage_sleep(stage, 0.02);
    }
    if (more != NULL)
        stage_complain(stage, "descriptors? %u of %s, where there were %u", count_of(&files, more),
                       more, count_of(wanted, more));
}

static void describe(char *out, size_t size, int status)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "signal %d", WTERMSIG(status));
    else
        snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

void question_ends(struct stage *stage)
{
    int fd = client_open(stage);
    char how[32];

    kill(stage->relay, SIGTERM);
    if (!stage_wait_end(stage, END_SECONDS)) {
        stage_complain(stage, "it does not end when it is told to");
    } else if (stage->status != 0) {
        describe(how, sizeof(how), stage->status);
        stage_complain(stage, "told to end, it ends with %s", how);
    }
    if (fd >= 0)
        close(fd);
}

void question_refused(struct stage *stage, bool may_refuse)
{
    char how[32];

    describe(how, sizeof(how), stage->status);
    if (WIFSIGNALED(stage->status) || WEXITSTATUS(stage->status) != 1)
        stage_complain(stage, "alive? it ends with %s at its start", how);
    else if (!said(stage, "relayd: "))
        stage_complain(stage, "it ends at its start without a word");
    else if (!may_refuse)
        stage_complain(stage, "alive? it does not start, for something that it can do without");
}

bool said_to_leave(const struct stage *stage)
{
    return said(stage, "somebody else listens there now");
}

/* Where it takes another for the owner of its place it leaves, as it would for one. */
void question_left(struct stage *stage)
{
    char how[32];

    describe(how, sizeof(how), stage->status);
    if (stage->status != 0 || !said_to_leave(stage))
        stage_complain(stage, "alive? it ends with %s", how);
}
