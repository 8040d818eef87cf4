/* SPDX-License-Identifier: MIT */
/* relayd's options, in a file and as arguments. The first byte says which: 0 the host's file, 1 the
 * user's, 2 words of a command line, each ended by a newline. A file means what a second reading
 * finds in it, and what is said of it is text; arguments mean the same when they are read again. */
#include "config.h"

#include "relayd/base/paths.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "relayd/host/options.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#define BLANKS " \t\r\n"
#define WORDS_MAX 16

/* --- a second reading of a file */

/* An option more wants a line more here, or in set(). */
static const struct { const char *name; size_t offset; } flags[] = {
    {"raw", offsetof(struct options, is_raw)},
    {"read-only", offsetof(struct options, is_read_only)},
    {"discover", offsetof(struct options, is_discovering)},
    {"follow", offsetof(struct options, is_following)},
    {"behind-first", offsetof(struct options, is_behind_first)},
    {"verbose", offsetof(struct options, is_verbose)},
};

/* Returns NULL where no flag has that name. */
static bool *find_flag(struct options *options, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (strcmp(flags[i].name, name) == 0)
            return (bool *)((char *)options + flags[i].offset);
    }
    return NULL;
}

static bool set_flag(bool *flag, const char *value)
{
    *flag = *flag || value == NULL;
    return value == NULL;
}

static bool set_seconds(double *place, const char *value)
{
    double seconds;

    if (value == NULL || parse_duration(value, &seconds) < 0 || seconds <= 0)
        return false;
    *place = seconds;
    return true;
}

static bool set_count(unsigned *place, const char *value)
{
    uint64_t n;

    if (value == NULL || parse_u64(value, &n) < 0 || n < 1 || n > 1000000)
        return false;
    *place = (unsigned)n;
    return true;
}

static bool set_when_none(enum when_none *place, const char *value)
{
    bool is_empty = value != NULL && strcmp(value, "empty") == 0;

    if (!is_empty && (value == NULL || strcmp(value, "close") != 0))
        return false;
    *place = is_empty ? WHEN_NONE_EMPTY : WHEN_NONE_CLOSE;
    return true;
}

static bool set(struct options *options, const char *name, const char *value)
{
    bool *flag = find_flag(options, name);

    if (flag != NULL)
        return set_flag(flag, value);
    if (strcmp(name, "patience") == 0)
        return set_seconds(&options->patience, value);
    if (strcmp(name, "dead-after") == 0)
        return set_seconds(&options->dead_after, value);
    if (strcmp(name, "max-clients") == 0)
        return set_count(&options->max_clients, value);
    return strcmp(name, "when-none") == 0 && set_when_none(&options->when_none, value);
}

/* Takes the next word out of a line. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, BLANKS);
    size_t n = strcspn(word, BLANKS);

    *line = word + n + (word[n] != '\0');
    word[n] = '\0';
    return n == 0 ? NULL : word;
}

/* Whether the line is one. */
static bool read_line(struct options *options, char *line, bool is_host, bool *is_denied)
{
    char *name = next_word(&line), *value = name == NULL ? NULL : next_word(&line);

    if (name == NULL)
        return true;
    if (is_host && value == NULL && strcmp(name, "deny") == 0) {
        *is_denied = true;
        return true;
    }
    return next_word(&line) == NULL && set(options, name, value);
}

static int read_again(struct options *options, struct fuzz_input in, bool is_host)
{
    bool is_denied = false;

    while (in.n > 0) {
        struct fuzz_input line = fuzz_until(&in, '\n');
        bool has_nul = line.n > 0 && memchr(line.p, '\0', line.n) != NULL;
        char *text = fuzz_string(fuzz_until(&line, '#'));
        bool is_good = !has_nul && read_line(options, text, is_host, &is_denied);

        free(text);
        if (!is_good)
            return -EINVAL;
    }
    return is_denied ? -EPERM : 0;
}

/* --- */

static struct fuzz_sheet said;
static FILE *real_stderr;

static void begin_to_listen(void)
{
    real_stderr = stderr;
    stderr = fuzz_sheet_begin(&said);
}

static void end_to_listen(void)
{
    stderr = real_stderr;
    fuzz_sheet_end(&said);
}

static void check_equal(const struct options *a, const struct options *b)
{
    fuzz_must(a->is_daemon == b->is_daemon && a->is_help == b->is_help &&
              a->is_version == b->is_version);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        fuzz_must(*((const bool *)a + flags[i].offset) == *((const bool *)b + flags[i].offset));
    fuzz_must(a->patience == b->patience && a->dead_after == b->dead_after &&
              a->max_clients == b->max_clients && a->when_none == b->when_none);
    fuzz_must(a->place.dir == b->place.dir && a->place.name == b->place.name);
    fuzz_must(a->patience > 0 && a->dead_after > 0);
}

/* One line, which ends. */
static void check_said(void)
{
    char *newline = strchr(said.text, '\n');

    fuzz_must(newline != NULL && newline == said.text + said.size - 1);
    *newline = '\0';
    fuzz_must(utf8_is_clean(said.text));
}

static void check_file(struct fuzz_input in, bool is_host)
{
    struct options options, wanted;
    uint8_t *copy = fuzz_copy(in.p, in.n);
    FILE *file = in.n == 0 ? NULL : fmemopen(copy, in.n, "r");
    int r;

    options_init(&options);
    options_init(&wanted);
    if (file != NULL) {
        begin_to_listen();
        r = options_read(&options, file, "relayd.conf", is_host);
        end_to_listen();
        fuzz_must(r == read_again(&wanted, in, is_host));
        fuzz_must(r < 0 || said.size == 0);
        if (r < 0)
            check_said();
        else
            check_equal(&options, &wanted);
        fclose(file);
    }
    free(copy);
}

static void check_arguments(struct fuzz_input in)
{
    char *argv[WORDS_MAX + 2] = {(char *)"relayd"};
    struct options options, again;
    int argc = 1, r;

    while (in.n > 0 && argc <= WORDS_MAX)
        argv[argc++] = fuzz_string(fuzz_until(&in, '\n'));
    options_init(&options);
    options_init(&again);
    begin_to_listen();
    r = options_parse(&options, argc, argv);
    fuzz_must(options_parse(&again, argc, argv) == r);
    end_to_listen();
    fuzz_must(r == 0 || r == -EINVAL);
    fuzz_must((r == 0) == (said.size == 0));
    if (r == 0) {
        check_equal(&options, &again);
        fuzz_must(options.place.dir == NULL || options.place.name == NULL);
        fuzz_must(options.place.dir == NULL || options.place.dir[0] != '\0');
        fuzz_must(options.place.name == NULL || paths_is_name(options.place.name));
    }
    while (argc > 1)
        free(argv[--argc]);
}

/* What --help names is known here: one that is not would be found by chance only. */
static void check_known(void)
{
    static const char others[] = " dir name daemon check when-none patience dead-after max-clients version help ";
    static bool is_checked;
    struct options options;

    if (is_checked)
        return;
    is_checked = true;
    options_usage(fuzz_sheet_begin(&said));
    fuzz_sheet_end(&said);
    for (const char *at = said.text; (at = strstr(at, "\n  --")) != NULL; at += 5) {
        char name[32], word[40];

        fuzz_must(sscanf(at + 5, "%31s", name) == 1);
        snprintf(word, sizeof(word), " %s ", name);
        fuzz_must(find_flag(&options, name) != NULL || strstr(others, word) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t what = fuzz_byte(&in) % 3;

    check_known();
    if (what == 2)
        check_arguments(in);
    else
        check_file(in, what == 0);
    return 0;
}
