/* SPDX-License-Identifier: MIT */
/* Help. All but the prose comes from the tables by which the command line is parsed, so it cannot
 * be out of date. */
#include "config.h"

#include "relayctl/usage.h"

#include <string.h>

#define WIDTH 79

static bool takes(const struct verb *verb, size_t i)
{
    return (verb->options >> i & 1) != 0;
}

/* "--label TEXT", or "-s" where there is no long name. */
static void format_option(const struct cmdline_entry *entry, char *out, size_t size)
{
    if (entry->name == NULL)
        snprintf(out, size, "-%c", entry->letter);
    else
        snprintf(out, size, "--%s%s%s", entry->name, entry->argument != NULL ? " " : "",
                 entry->argument != NULL ? entry->argument : "");
}

/* Whether the verb's operand names it already: ID|SOCKET|--all. */
static bool is_operand(const struct verb *verb, const struct cmdline_entry *entry)
{
    const char *at = verb->operand;
    char option[40];

    format_option(entry, option, sizeof(option));
    for (; at != NULL; at = strchr(at, '|')) {
        at += at[0] == '|';
        if (strncmp(at, option, strlen(option)) == 0)
            return true;
    }
    return false;
}

static bool is_joined(const struct verb *verb, size_t i)
{
    return i < OPTION_COUNT && takes(verb, i) && cmdline_options[i].place == PLACE_OR;
}

/* One word of the synopsis, in a new line where it would be too wide. */
static void print_word(FILE *file, const char *word, size_t *column)
{
    if (*column + strlen(word) > WIDTH) {
        fputs("\n              ", file);
        *column = strlen("              ");
    }
    fputs(word, file);
    *column += strlen(word);
}

static void print_synopsis(FILE *file, const struct verb *verb)
{
    char option[40], word[48];
    size_t column = 0;

    snprintf(word, sizeof(word), "usage: " RELAYCTL_NAME " %s", verb->name);
    print_word(file, word, &column);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!takes(verb, i) || is_operand(verb, &cmdline_options[i]))
            continue;
        format_option(&cmdline_options[i], option, sizeof(option));
        snprintf(word, sizeof(word), "%s%s%s", is_joined(verb, i) ? "|" : " [", option,
                 is_joined(verb, i + 1) ? "" : "]");
        print_word(file, word, &column);
    }
    if (verb->operand != NULL) {
        snprintf(word, sizeof(word), verb->is_operand_needed ? " %s" : " [%s]", verb->operand);
        print_word(file, word, &column);
    }
    putc('\n', file);
}

static void print_option(FILE *file, const struct cmdline_entry *entry)
{
    char option[40], both[48];

    format_option(entry, option, sizeof(option));
    if (entry->letter != 0 && entry->name != NULL)
        snprintf(both, sizeof(both), "-%c, %s", entry->letter, option);
    else
        snprintf(both, sizeof(both), "%s", option);
    fprintf(file, "  %-20s  %s\n", both, entry->help);
}

static void print_common_options(FILE *file)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (cmdline_options[i].place == PLACE_NOWHERE)
            print_option(file, &cmdline_options[i]);
    }
}

void usage_all(FILE *file, const struct verb *verbs)
{
    fputs("usage: " RELAYCTL_NAME " [--dir DIR | --name NAME] [-q] [COMMAND]\n\n"
          "relayd keeps one fixed agent socket for all your panes, and carries each client\n"
          "to the newest ssh -A login that is alive. " RELAYCTL_NAME " tells it of logins, and shows\n"
          "what it does.\n\n", file);
    for (; verbs->name != NULL; verbs++) {
        if (verbs->summary != NULL)
            fprintf(file, "  %-12s  %s\n", verbs->name, verbs->summary);
    }
    fputs("\nwithout a command: status\n\n", file);
    print_common_options(file);
    fputs("\n" RELAYCTL_NAME " help COMMAND tells more of each, " RELAYCTL_NAME "(1) all.\n", file);
}

void usage_verb(FILE *file, const struct verb *verb)
{
    print_synopsis(file, verb);
    fprintf(file, "\n%s\n", verb->about != NULL ? verb->about : verb->summary);
    if (verb->options != 0)
        putc('\n', file);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (takes(verb, i))
            print_option(file, &cmdline_options[i]);
    }
}
