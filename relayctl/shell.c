/* SPDX-License-Identifier: MIT */
/* Shell commands in three dialects. A path is nearly always plain, and the line then looks like
 * ssh-agent's. What is not plain is quoted: is_plain() lists what is harmless, not what is
 * dangerous. */
#include "config.h"

#include "relayctl/shell.h"

#include "relayd/base/util.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So far up the callers are looked at. */
#define CALLERS_MAX 16

/* "zsh-5.9", "ksh93" and "bash (deleted)" begin with the name of their shell. */
static bool is_version_of(const char *program, const char *name)
{
    size_t n = strlen(name);

    return strncmp(program, name, n) == 0 && (program[n] < 'a' || program[n] > 'z');
}

enum shell shell_of(const char *program)
{
    static const struct { const char *name; enum shell shell; } shells[] = {
        {"sh", SHELL_SH},     {"ash", SHELL_SH},   {"bash", SHELL_SH},   {"busybox", SHELL_SH},
        {"dash", SHELL_SH},   {"ksh", SHELL_SH},   {"lksh", SHELL_SH},   {"mksh", SHELL_SH},
        {"oksh", SHELL_SH},   {"rbash", SHELL_SH}, {"yash", SHELL_SH},   {"zsh", SHELL_SH},
        {"csh", SHELL_CSH},   {"tcsh", SHELL_CSH}, {"bsd-csh", SHELL_CSH},
        {"fish", SHELL_FISH},
    };
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : program;

    for (size_t i = 0; name != NULL && i < ARRAY_SIZE(shells); i++) {
        if (is_version_of(name, shells[i].name))
            return shells[i].shell;
    }
    return SHELL_UNKNOWN;
}

/* The command and the parent of /proc/PID/stat, proc(5). The command, field 2, may hold anything,
 * blanks and parentheses included. */
static bool read_stat(const char *path, char *command, size_t size, pid_t *parent)
{
    char line[256];
    FILE *stat = fopen(path, "re");
    size_t n = stat != NULL ? fread(line, 1, sizeof(line) - 1, stat) : 0;
    char *begin, *end;

    if (stat != NULL)
        fclose(stat);
    line[n] = '\0';
    begin = strchr(line, '(');
    end = strrchr(line, ')');
    if (begin == NULL || end == NULL || sscanf(end, ") %*c %d", parent) != 1)
        return false;
    snprintf(command, size, "%.*s", (int)(end - begin - 1), begin + 1);
    return true;
}

/* The shell that a process is, which may be another user's: then only its name is to be had, which
 * may be that of a script. Its parent goes to *parent, 0 where there is none. */
static enum shell shell_of_process(pid_t pid, pid_t *parent)
{
    char file[32], program[PATH_MAX], comm[32] = "";
    ssize_t n;

    *parent = 0;
    snprintf(file, sizeof(file), "/proc/%d/stat", (int)pid);
    if (!read_stat(file, comm, sizeof(comm), parent))
        return SHELL_UNKNOWN;
    snprintf(file, sizeof(file), "/proc/%d/exe", (int)pid);
    n = readlink(file, program, sizeof(program) - 1);
    if (n <= 0)
        return shell_of(comm);
    program[n] = '\0';
    return shell_of(program);
}

/* Between a shell and this program may stand others: sudo, timeout, a script's interpreter. */
enum shell shell_of_caller(void)
{
    enum shell shell = SHELL_UNKNOWN;
    pid_t pid = getppid(), parent;

    for (int i = 0; i < CALLERS_MAX && pid > 0 && shell == SHELL_UNKNOWN; i++, pid = parent)
        shell = shell_of_process(pid, &parent);
    if (shell == SHELL_UNKNOWN)
        shell = shell_of(getenv("SHELL"));
    return shell == SHELL_UNKNOWN ? SHELL_SH : shell;
}

/* Not '%': to fish %self is its own number. */
static bool is_plain(char c)
{
    return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || (c != '\0' && strchr("/._-+:@,", c) != NULL);
}

bool shell_can_read(enum shell shell, const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    /* What a command prints csh splits at blanks, and expands braces in it whatever stands before them:
     * in {a,b} the second word would be a command. */
    return shell != SHELL_CSH || (strstr(value, "  ") == NULL && strchr(value, '{') == NULL);
}

/* Puts value between single quotes. A quote in it goes outside of them in sh, and behind a
 * backslash in fish, as does a backslash. */
static void put_quoted(FILE *file, const char *value, bool is_fish)
{
    putc('\'', file);
    for (; *value != '\0'; value++) {
        if (*value == '\'')
            fputs(is_fish ? "\\'" : "'\\''", file);
        else if (*value == '\\' && is_fish)
            fputs("\\\\", file);
        else
            putc(*value, file);
    }
    putc('\'', file);
}

/* Puts a backslash before each character that is not plain: csh replaces !history even in single
 * quotes. */
static void put_backslashed(FILE *file, const char *value)
{
    for (; *value != '\0'; value++) {
        if (!is_plain(*value))
            putc('\\', file);
        putc(*value, file);
    }
}

void shell_put(FILE *file, enum shell shell, const char *value)
{
    const char *p = value;

    while (is_plain(*p))
        p++;
    if (*p == '\0')
        fputs(value, file);
    else if (shell == SHELL_CSH)
        put_backslashed(file, value);
    else
        put_quoted(file, value, shell == SHELL_FISH);
}

void shell_set(FILE *file, enum shell shell, const char *name, const char *value)
{
    static const char *const before[] = {
        [SHELL_SH] = "", [SHELL_CSH] = "setenv ", [SHELL_FISH] = "set -gx "};

    fprintf(file, "%s%s%s", before[shell], name, shell == SHELL_SH ? "=" : " ");
    shell_put(file, shell, value);
    if (shell == SHELL_SH)
        fprintf(file, "; export %s", name);
    fputc(';', file);
}

void shell_unset(FILE *file, enum shell shell, const char *name)
{
    static const char *const command[] = {
        [SHELL_SH] = "unset", [SHELL_CSH] = "unsetenv", [SHELL_FISH] = "set -e"};

    fprintf(file, "%s %s;", command[shell], name);
}
