/* SPDX-License-Identifier: MIT */
/* relayd's options. A row of the table is all that an option is: its name, what it
 * takes, where it goes, and what --help says of it. */
#include "config.h"

#include "relayd/host/options.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,    /* not empty; borrowed */
    OPTION_NAME,    /* of an instance; borrowed */
    OPTION_SECONDS, /* more than 0 */
    OPTION_COUNT,   /* 1 to a million */
    OPTION_CHOICE,  /* one of the words of `argument`, which are in the order of the enum */
};

struct option_row {
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;
    bool is_for_files;
    enum option_type type;
    size_t offset; /* of its member in struct options */
};

#define TO(member) offsetof(struct options, member)

static const struct option_row rows[] = {
    {"dir", "DIR", "where the sockets are (default: see relayd(1))", false, OPTION_TEXT, TO(place.dir)},
    {"name", "NAME", "one more relayd, with a directory of its own", false, OPTION_NAME,
     TO(place.name)},
    {"daemon", NULL, "detach; return once it serves", false, OPTION_FLAG, TO(is_daemon)},
    {"raw", NULL, "relay any protocol: ask nothing, look at nothing", true, OPTION_FLAG,
     TO(is_raw)},
    {"when-none", "close|empty", "without a login: close (default), or no keys", true,
     OPTION_CHOICE, TO(when_none)},
    {"read-only", NULL, "let only listing and signing pass", true, OPTION_FLAG, TO(is_read_only)},
    {"discover", NULL, "where none answers, look for unregistered logins", true,
     OPTION_FLAG, TO(is_discovering)},
    {"follow", NULL, "serve the login of whoever is at the keyboard", true, OPTION_FLAG,
     TO(is_following)},
    {"behind-first", NULL, "where none answers, ask the first relayd", true,
     OPTION_FLAG, TO(is_behind_first)},
    {"patience", "DURATION", "wait this long before also asking the next (1s)", true,
     OPTION_SECONDS, TO(patience)},
    {"dead-after", "DURATION", "give up a link that is down for so long (10s)", true,
     OPTION_SECONDS, TO(dead_after)},
    {"max-clients", "N", "serve at most N at once (from the descriptor limit)", true,
     OPTION_COUNT, TO(max_clients)},
    {"verbose", NULL, "log each step", true, OPTION_FLAG, TO(is_verbose)},
    {"check", NULL, "tell what is wrong with the options, and end", false, OPTION_FLAG,
     TO(is_check)},
    {"version", NULL, "print the version", false, OPTION_FLAG, TO(is_version)},
    {"help", NULL, "print this", false, OPTION_FLAG, TO(is_help)},
};

static int set_seconds(double *place, const char *value)
{
    double seconds;

    if (parse_duration(value, &seconds) < 0 || seconds <= 0)
        return -EINVAL;
    *place = seconds;
    return 0;
}

static int set_count(unsigned *place, const char *value)
{
    uint64_t n;

    if (parse_u64(value, &n) < 0 || n == 0 || n > 1000000)
        return -EINVAL;
    *place = (unsigned)n;
    return 0;
}

/* Sets *place to the number of value in words, such as "close|empty". */
static int set_choice(unsigned *place, const char *words, const char *value)
{
    size_t length = strlen(value);

    for (unsigned n = 0;; n++) {
        size_t word = strcspn(words, "|");

        if (word == length && strncmp(words, value, word) == 0) {
            *place = n;
            return 0;
        }
        if (words[word] == '\0')
            return -EINVAL;
        words += word + 1;
    }
}

static int set(struct options *options, const struct option_row *row, const char *value)
{
    void *place = (char *)options + row->offset;

    assert(value != NULL || row->type == OPTION_FLAG);
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)place = value;
        return value[0] == '\0' ? -EINVAL : 0;
    case OPTION_NAME:
        *(const char **)place = value;
        return paths_is_name(value) ? 0 : -EINVAL;
    case OPTION_SECONDS:
        return set_seconds(place, value);
    case OPTION_COUNT:
        return set_count(place, value);
    case OPTION_CHOICE:
        break;
    }
    return set_choice(place, row->argument, value);
}

void options_init(struct options *options)
{
    *options = (struct options){.patience = 1, .dead_after = 10};
}

int options_parse(struct options *options, int argc, char **argv)
{
    struct option table[ARRAY_SIZE(rows) + 1] = {0};
    int i;

    optind = 0; /* begins anew, also when called again (getopt(3)) */
    for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
        table[k].name = rows[k].name;
        table[k].has_arg = rows[k].argument == NULL ? no_argument : required_argument;
    }
    while ((i = -1, getopt_long(argc, argv, "", table, &i)) != -1) {
        if (i < 0)
            return -EINVAL; /* getopt has said why */
        if (set(options, &rows[i], optarg) < 0) {
            fprintf(stderr, "relayd: --%s: not a %s: '%s'\n", rows[i].name, rows[i].argument,
                    optarg);
            return -EINVAL;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "relayd: unexpected argument: %s\n", argv[optind]);
        return -EINVAL;
    }
    if (options->place.dir != NULL && options->place.name != NULL) {
        fputs("relayd: --dir and --name: only one of them can say where the sockets are\n", stderr);
        return -EINVAL;
    }
    return 0;
}

static const struct option_row *find_row(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].is_for_files && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

/* One line, without its comment. Returns what is wrong with it, or NULL. */
static const char *read_line(struct options *options, char *line, bool *is_denied)
{
    char *save, *name = strtok_r(line, " \t\r\n", &save);
    char *value = name == NULL ? NULL : strtok_r(NULL, " \t\r\n", &save);
    const struct option_row *row;

    if (name == NULL)
        return NULL;
    if (is_denied != NULL && value == NULL && strcmp(name, "deny") == 0) {
        *is_denied = true;
        return NULL;
    }
    row = find_row(name);
    if (row == NULL)
        return "unknown option";
    if ((value == NULL) != (row->argument == NULL) || strtok_r(NULL, " \t\r\n", &save) != NULL)
        return row->argument == NULL ? "takes no value" : "takes one value";
    return set(options, row, value) < 0 ? "bad value" : NULL;
}

/* A link that leads nowhere is there, and stands for a file that somebody wrote. */
static bool is_missing(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* Any error but a missing file: where we cannot know whether the host denies, it does. */
static int tell_unreadable(const char *path, int error, bool is_host)
{
    if (is_missing(path))
        return 0;
    fprintf(stderr, "relayd: %s: cannot be read: %s%s\n", path, strerror(error),
            is_host ? ": it may not allow relayd to run on this host" : ": passed over");
    return is_host ? -EPERM : 0;
}

static int tell_problem(const char *path, int number, const char *line, const char *problem)
{
    char shown[80];

    fprintf(stderr, "relayd: %s:%d: %s: %s\n", path, number,
            utf8_copy(shown, sizeof(shown), line), problem);
    return -EINVAL;
}

static int read_lines(struct options *options, FILE *file, const char *path, bool *is_denied)
{
    const char *problem = NULL;
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    int number = 0, r = 0;

    while (r == 0 && (n = getline(&line, &size, file)) >= 0) {
        bool is_text = strlen(line) == (size_t)n;

        line[strcspn(line, "#")] = '\0';
        number++;
        /* As a crash may leave a file: what else it said is not known. */
        problem = is_text ? read_line(options, line, is_denied) : "has a NUL byte";
        if (problem != NULL)
            r = tell_problem(path, number, line, problem);
    }
    if (r == 0 && !feof(file))
        r = tell_unreadable(path, errno, is_denied != NULL);
    free(line);
    return r;
}

/* Waits for nobody: a FIFO has no end before somebody has written to it. NULL, with errno. */
static FILE *open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
        close(fd);
        errno = ESPIPE;
        return NULL;
    }
    return fdopen(fd, "r");
}

int options_read(struct options *options, FILE *file, const char *path, bool is_host)
{
    bool is_denied = false;
    int r = read_lines(options, file, path, is_host ? &is_denied : NULL);

    if (r < 0 || !is_denied)
        return r;
    fprintf(stderr, "relayd: %s: relayd is not allowed to run on this host\n", path);
    return -EPERM;
}

static int read_file(struct options *options, const char *path, bool is_host)
{
    FILE *file = open_file(path);
    int r;

    if (file == NULL)
        return tell_unreadable(path, errno, is_host);
    r = options_read(options, file, path, is_host);
    fclose(file);
    return r;
}

/* getpwuid(3) may wait for a directory server, but nobody is served yet. */
int options_read_files(struct options *options)
{
    const struct passwd *pw = getpwuid(geteuid());
    char path[PATH_MAX];
    int r = read_file(options, RELAYD_CONF, true);

    if (r < 0 || pw == NULL)
        return r;
    snprintf(path, sizeof(path), "%s/.config/relayd.conf", pw->pw_dir);
    r = read_file(options, path, false);
    if (r < 0 || options->place.name == NULL)
        return r;
    snprintf(path, sizeof(path), "%s/.config/relayd-%s.conf", pw->pw_dir, options->place.name);
    return read_file(options, path, false);
}

void options_usage(FILE *out)
{
    fprintf(out, "usage: " RELAYD_NAME " [OPTION...]\n"
                 "Holds one agent socket and relays it to the newest login that is alive.\n\n");
    for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", rows[k].name,
                 rows[k].argument == NULL ? "" : " ", rows[k].argument == NULL ? "" : rows[k].argument);
        fprintf(out, "  %-25s %s\n", left, rows[k].help);
    }
}
