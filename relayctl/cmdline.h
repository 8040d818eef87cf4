/* SPDX-License-Identifier: MIT */
/*
 * The command line: which options there are, which a verb takes, and how argv fills a struct
 * command.
 */
#ifndef RELAYCTL_CMDLINE_H
#define RELAYCTL_CMDLINE_H

#include "relayctl/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cmdline_option {
    OPTION_DIR,
    OPTION_NAME,
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_LABEL,
    OPTION_FALLBACK,
    OPTION_NO_WAIT,
    OPTION_NO_START,
    OPTION_SCAN,
    OPTION_ALL,
    OPTION_AUTO,
    OPTION_OFF,
    OPTION_TMUX,
    OPTION_PID,
    OPTION_TTY,
    OPTION_JSON,
    OPTION_SHORT,
    OPTION_FOR,
    OPTION_TIMEOUT,
    OPTION_SH,
    OPTION_CSH,
    OPTION_FISH,
    OPTION_REGISTER,
    OPTION_DRY_RUN,
    OPTION_UNDO,
    OPTION_YES,
    OPTION_EVERY_SHELL,
    OPTION_KEYBOARD,
    OPTION_SYSTEM,
    OPTION_SINCE,
    OPTION_LOGIN,
    OPTION_FOLLOW,
    OPTION_COUNT,
};

#define OPTION(name) (UINT64_C(1) << OPTION_##name)

/* How an option stands in the synopsis of a verb. */
enum cmdline_place {
    PLACE_OWN,      /* [--json], unless the verb's operand names it: ID|SOCKET|--all */
    PLACE_OR,       /* joined to the option before it: [-s|-c] */
    PLACE_NOWHERE,  /* not there: the general help has it */
};

struct cmdline_entry {
    char letter; /* 0: none */
    enum cmdline_place place;
    const char *name;     /* NULL: the letter alone */
    const char *argument; /* NULL: takes none */
    const char *help;
};

extern const struct cmdline_entry cmdline_options[OPTION_COUNT];

struct verb {
    const char *name;
    const char *operand; /* as in the synopsis, or NULL: takes none */
    bool is_operand_needed;
    uint64_t options; /* OPTION() of each that it takes, besides those of all verbs */
    const char *summary; /* one line of at most 64 columns; NULL: for programs, in no list */
    const char *about;   /* paragraphs for `help VERB`, or NULL */
    int (*run)(struct command *cmd);
};

enum cmdline_outcome {
    CMDLINE_RUN,
    CMDLINE_HELP,
    CMDLINE_VERSION,
    CMDLINE_WRONG, /* and has been complained of */
};

/* Reads options from argv[1] on, up to the first other word, whose index goes to *rest. verb is
 * NULL for the options before the verb. */
enum cmdline_outcome cmdline_parse(struct command *cmd, const struct verb *verb, int argc,
                                   char **argv, int *rest);

/* Takes the words left over as the verb's operands. */
enum cmdline_outcome cmdline_take_operands(struct command *cmd, const struct verb *verb, int n,
                                           char **words);

/* Tells of a usage error, even with --quiet; verb, and what may have been meant, may be NULL. */
void cmdline_complain(const struct verb *verb, const char *object, const char *cause,
                      const char *meant);

#endif
