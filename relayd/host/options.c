/* relayd's options. A row of the table is all that an option is: its name, what it
 * takes, where it goes, and what --help says of it. */
#include "config.h"

#include "relayd/host/options.h"

#include "relayd/base/util.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

struct option_row {
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;
    bool is_for_files;
    int (*set)(struct options *options, const char *value);
};

static int set_dir(struct options *options, const char *value)
{
    options->dir = value;
    return value[0] == '\0' ? -EINVAL : 0;
}

static int set_daemon(struct options *options, const char *value)
{
    (void)value;
    options->is_daemon = true;
    return 0;
}

static int set_when_none(struct options *options, const char *value)
{
    if (strcmp(value, "close") == 0)
        options->when_none = WHEN_NONE_CLOSE;
    else if (strcmp(value, "empty") == 0)
        options->when_none = WHEN_NONE_EMPTY;
    else
        return -EINVAL;
    return 0;
}

static int set_raw(struct options *options, const char *value)
{
    (void)value;
    options->is_raw = true;
    return 0;
}

static int set_read_only(struct options *options, const char *value)
{
    (void)value;
    options->is_read_only = true;
    return 0;
}

static int set_seconds(double *place, const char *value)
{
    double seconds;

    if (parse_duration(value, &seconds) < 0 || seconds <= 0)
        return -EINVAL;
    *place = seconds;
    return 0;
}

static int set_patience(struct options *options, const char *value)
{
    return set_seconds(&options->patience, value);
}

static int set_dead_after(struct options *options, const char *value)
{
    return set_seconds(&options->dead_after, value);
}

static int set_max_clients(struct options *options, const char *value)
{
    uint64_t n;

    if (parse_u64(value, &n) < 0 || n == 0 || n > 1000000)
        return -EINVAL;
    options->max_clients = (unsigned)n;
    return 0;
}

static int set_verbose(struct options *options, const char *value)
{
    (void)value;
    options->is_verbose = true;
    return 0;
}

static int set_version(struct options *options, const char *value)
{
    (void)value;
    options->is_version = true;
    return 0;
}

static int set_help(struct options *options, const char *value)
{
    (void)value;
    options->is_help = true;
    return 0;
}

static const struct option_row rows[] = {
    {"dir", "DIR", "where the sockets are (default: see relayd(1))", false, set_dir},
    {"daemon", NULL, "detach; return once it serves", false, set_daemon},
    {"raw", NULL, "relay any protocol: ask nothing, look at nothing", true, set_raw},
    {"when-none", "close|empty", "without an upstream: close (default), or no keys", true,
     set_when_none},
    {"read-only", NULL, "let only listing and signing pass", true, set_read_only},
    {"patience", "DURATION", "wait this long before also asking the next (1s)", true,
     set_patience},
    {"dead-after", "DURATION", "give up a link that is down for so long (10s)", true,
     set_dead_after},
    {"max-clients", "N", "serve at most N at once (from the descriptor limit)", true,
     set_max_clients},
    {"verbose", NULL, "log each step", true, set_verbose},
    {"version", NULL, "print the version", false, set_version},
    {"help", NULL, "print this", false, set_help},
};

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
        if (rows[i].set(options, optarg) < 0) {
            fprintf(stderr, "relayd: --%s: not a %s: '%s'\n", rows[i].name, rows[i].argument,
                    optarg);
            return -EINVAL;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "relayd: unexpected argument: %s\n", argv[optind]);
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
    return row->set(options, value) < 0 ? "bad value" : NULL;
}

int options_read(struct options *options, const char *path, bool is_host)
{
    FILE *file = fopen(path, "re");
    bool is_denied = false;
    const char *problem = NULL;
    char line[256];
    int number = 0;

    if (file == NULL && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (file == NULL) {
        fprintf(stderr, "relayd: %s: %s\n", path, strerror(errno));
        return -EINVAL;
    }
    while (problem == NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "#")] = '\0';
        problem = read_line(options, line, is_host ? &is_denied : NULL);
        number++;
    }
    fclose(file);
    if (problem != NULL)
        fprintf(stderr, "relayd: %s:%d: %s: %s\n", path, number, line, problem);
    else if (is_denied)
        fprintf(stderr, "relayd: %s: relayd is not allowed to run on this host\n", path);
    return problem != NULL ? -EINVAL : is_denied ? -EPERM : 0;
}

int options_read_files(struct options *options)
{
    const struct passwd *pw = getpwuid(geteuid());
    char path[PATH_MAX];
    int r = options_read(options, RELAYD_CONF, true);

    if (r < 0 || pw == NULL)
        return r;
    snprintf(path, sizeof(path), "%s/.config/relayd.conf", pw->pw_dir);
    return options_read(options, path, false);
}

void options_usage(FILE *out)
{
    fprintf(out, "usage: relayd [OPTION...]\n"
                 "Holds one agent socket and relays it to the newest login that is alive.\n\n");
    for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", rows[k].name,
                 rows[k].argument == NULL ? "" : " ", rows[k].argument == NULL ? "" : rows[k].argument);
        fprintf(out, "  %-25s %s\n", left, rows[k].help);
    }
}
