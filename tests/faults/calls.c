/* SPDX-License-Identifier: MIT */
/* The table. System calls are named as the kernel names them; which of them the C library makes
 * for a function differs with its version and the machine, so a row may be for none here. */
#include "config.h"

#include "tests/faults/calls.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct name {
    const char *name;
    int number;
};

/* names.h has a line for each that this machine's headers know. */
static const struct name call_names[] = {
    {"allocation", CALL_ALLOCATION},
#define CALL(call) {#call, SYS_##call},
#define ERROR(error)
#include "tests/faults/names.h"
#undef CALL
#undef ERROR
};

static const struct name error_names[] = {
    {"SHORT", FAULT_SHORT},
#define CALL(call)
#define ERROR(error) {#error, error},
#include "tests/faults/names.h"
#undef CALL
#undef ERROR
};

static const char *name_of(const struct name *names, size_t n, int number)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].number == number)
            return names[i].name;
    }
    return NULL;
}

static const struct name *find(const struct name *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    }
    return NULL;
}

const char *call_name(int number)
{
    static char unnamed[24];
    const char *name = name_of(call_names, COUNT(call_names), number);

    snprintf(unnamed, sizeof(unnamed), "call %d", number);
    return name != NULL ? name : unnamed;
}

const char *error_name(int error)
{
    const char *name = name_of(error_names, COUNT(error_names), error);

    return name != NULL ? name : "?";
}

static void read_errors(struct call *call, char *text, const char *path)
{
    for (char *word = strtok(text, " \t\n"); word != NULL; word = strtok(NULL, " \t\n")) {
        const struct name *error = find(error_names, COUNT(error_names), word);

        if (strcmp(word, "-") == 0)
            continue;
        if (error == NULL || call->n == CALL_ERRORS_MAX)
            errx(64, "%s:%d: %s: no such error, or one too many", path, call->line, word);
        call->errors[call->n++] = error->number;
    }
}

static void read_line(struct calls *calls, char *text, int line, const char *path)
{
    struct call *call = &calls->all[calls->n];
    const struct name *known;
    char ends[8];
    int used = 0;

    text[strcspn(text, "#")] = '\0';
    *call = (struct call){.line = line};
    if (text[strspn(text, " \t\n")] == '\0')
        return;
    if (sscanf(text, "%23s %7s %n", call->name, ends, &used) != 2 || used == 0 ||
        (strcmp(ends, "yes") != 0 && strcmp(ends, "no") != 0))
        errx(64, "%s:%d: not CALL yes|no ERROR...", path, line);
    if (++calls->n == CALLS_MAX)
        errx(64, "%s: too long", path);
    known = find(call_names, COUNT(call_names), call->name);
    call->number = known == NULL ? -1 : known->number;
    call->ends_starts = strcmp(ends, "yes") == 0;
    read_errors(call, text + used, path);
}

void calls_read(struct calls *calls, const char *path)
{
    FILE *file = fopen(path, "re");
    char text[512];

    if (file == NULL)
        err(1, "%s", path);
    calls->n = 0;
    for (int line = 1; fgets(text, sizeof(text), file) != NULL; line++)
        read_line(calls, text, line, path);
    fclose(file);
}

const struct call *calls_find(const struct calls *calls, int number)
{
    for (size_t i = 0; i < calls->n; i++) {
        if (calls->all[i].number == number)
            return &calls->all[i];
    }
    return NULL;
}
