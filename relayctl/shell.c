/* Shell commands in three dialects. A path is nearly always plain, and the line then
 * looks like ssh-agent's. All else is quoted, by a list of what is harmless and not of
 * what is dangerous. */
#include "config.h"

#include "relayctl/shell.h"

#include <string.h>

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

enum shell shell_of(const char *shell)
{
    if (shell == NULL)
        return SHELL_SH;
    if (ends_with(shell, "csh"))
        return SHELL_CSH;
    return ends_with(shell, "fish") ? SHELL_FISH : SHELL_SH;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || (c != '\0' && strchr("/._-+:@%,", c) != NULL);
}

bool shell_can_read(enum shell shell, const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    return shell != SHELL_CSH || strstr(value, "  ") == NULL;
}

/* Everything between single quotes. What is not literal even there stands outside of
 * them in sh, and behind a backslash in fish. */
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

/* csh replaces !history even in single quotes: only a backslash before each odd
 * character holds. */
static void put_backslashed(FILE *file, const char *value)
{
    for (; *value != '\0'; value++) {
        if (!is_plain(*value))
            putc('\\', file);
        putc(*value, file);
    }
}

static void put_value(FILE *file, enum shell shell, const char *value)
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
    put_value(file, shell, value);
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
