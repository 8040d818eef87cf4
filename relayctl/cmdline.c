/* SPDX-License-Identifier: MIT */
/* The command line. The tables of getopt_long(3) are made from ours, so an option is written down
 * once. Its messages are replaced, for they do not lead to the help of the verb. */
#include "config.h"

#include "relayctl/cmdline.h"

#include "relayctl/guess.h"
#include "relayctl/when.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define OPTION_WORD 24 /* room for one with its dashes */
#define LONG_ONLY 256 /* getopt's values from here on: options without a letter */

const struct cmdline_entry cmdline_options[OPTION_COUNT] = {
    [OPTION_DIR] = {0, PLACE_NOWHERE, "dir", "DIR", "where the sockets are"},
    [OPTION_NAME] = {0, PLACE_NOWHERE, "name", "NAME", "the relayd of that name"},
    [OPTION_QUIET] = {'q', PLACE_NOWHERE, "quiet", NULL, "say nothing but usage errors"},
    [OPTION_HELP] = {'h', PLACE_NOWHERE, "help", NULL, "show this help"},
    [OPTION_VERSION] = {0, PLACE_NOWHERE, "version", NULL, "show the version"},
    [OPTION_LABEL] = {0, PLACE_OWN, "label", "TEXT", "a name for this login in status and log"},
    [OPTION_FALLBACK] = {0, PLACE_OWN, "fallback", NULL, "put it behind all others"},
    [OPTION_NO_WAIT] = {0, PLACE_OWN, "no-wait", NULL, "do not wait for the verdict"},
    [OPTION_NO_START] = {0, PLACE_OWN, "no-start", NULL, "do not start relayd where none answers"},
    [OPTION_SCAN] = {0, PLACE_OWN, "scan", NULL, "look for this user's logins, and register all"},
    [OPTION_ALL] = {0, PLACE_OWN, "all", NULL, "all of them"},
    [OPTION_AUTO] = {0, PLACE_OWN, "auto", NULL, "prefer none: the newest goes first"},
    [OPTION_OFF] = {0, PLACE_OWN, "off", NULL, "follow nobody"},
    [OPTION_TMUX] = {0, PLACE_OWN, "tmux", NULL, "the login of the tmux client that was used last"},
    [OPTION_PID] = {0, PLACE_OWN, "pid", "PID", "the login that this process belongs to"},
    [OPTION_TTY] = {0, PLACE_OWN, "tty", "TTY", "the login behind this terminal"},
    [OPTION_JSON] = {0, PLACE_OWN, "json", NULL, "for programs: as JSON"},
    [OPTION_SHORT] = {0, PLACE_OWN, "short", NULL, "for a prompt: a few words"},
    [OPTION_FOR] = {0, PLACE_OWN, "for", "DURATION", "resume by itself after that"},
    [OPTION_TIMEOUT] = {0, PLACE_OWN, "timeout", "DURATION", "wait no longer than that"},
    [OPTION_SH] = {'s', PLACE_OWN, NULL, NULL, "for sh, bash, zsh"},
    [OPTION_CSH] = {'c', PLACE_OR, NULL, NULL, "for csh, tcsh"},
    [OPTION_FISH] = {0, PLACE_OR, "fish", NULL, "for fish"},
    [OPTION_REGISTER] = {0, PLACE_OWN, "register", NULL, "and register this login's own socket"},
    [OPTION_DRY_RUN] = {'n', PLACE_OWN, "dry-run", NULL, "only show what would change, line by line"},
    [OPTION_UNDO] = {0, PLACE_OWN, "undo", NULL, "take back what setup did"},
    [OPTION_YES] = {'y', PLACE_OWN, "yes", NULL, "do not ask"},
    [OPTION_EVERY_SHELL] = {0, PLACE_OWN, "every-shell", NULL,
                            "and shells that are not interactive"},
    [OPTION_KEYBOARD] = {0, PLACE_OWN, "follow", NULL,
                         "and have the agent follow whoever types"},
    [OPTION_SYSTEM] = {0, PLACE_OWN, "system", NULL, "for everybody on this host, as root"},
    [OPTION_SINCE] = {0, PLACE_OWN, "since", "WHEN", "nothing older: 2h, today, 2026-11-27"},
    [OPTION_LOGIN] = {0, PLACE_OWN, "login", "LOGIN", "of that number, label, host or path"},
    [OPTION_FOLLOW] = {'f', PLACE_OWN, "follow", NULL, "stay, and show what is still to come"},
};

static bool is_offered(const struct verb *verb, size_t i)
{
    uint64_t offered = OPTION(DIR) | OPTION(NAME) | OPTION(QUIET) | OPTION(HELP);

    offered |= verb == NULL ? OPTION(VERSION) : verb->options;
    return (offered >> i & 1) != 0;
}

static int value_of(size_t i)
{
    char letter = cmdline_options[i].letter;

    return letter != 0 ? letter : LONG_ONLY + (int)i;
}

/* Fills getopt's two tables for verb. '+': stop at the first word that is no option;
 * ':': tell a missing argument from an unknown option. */
static void offer(const struct verb *verb, char shorts[OPTION_COUNT + 3],
                  struct option longs[OPTION_COUNT + 1])
{
    char *s = shorts;
    struct option *l = longs;

    *s++ = '+';
    *s++ = ':';
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct cmdline_entry *entry = &cmdline_options[i];

        if (!is_offered(verb, i))
            continue;
        if (entry->letter != 0)
            *s++ = entry->letter;
        if (entry->name != NULL)
            *l++ = (struct option){entry->name,
                                   entry->argument != NULL ? required_argument : no_argument,
                                   NULL, value_of(i)};
    }
    *s = '\0';
    memset(l, 0, sizeof(*l));
}

void cmdline_complain(const struct verb *verb, const char *object, const char *cause,
                      const char *meant)
{
    const struct command loud = {.is_quiet = false};
    char hint[160];

    snprintf(hint, sizeof(hint), "%s%s%stry: " RELAYCTL_NAME "\u00a0help%s%s",
             meant != NULL ? "did you mean " : "", meant != NULL ? meant : "",
             meant != NULL ? "? " : "", verb != NULL ? "\u00a0" : "",
             verb != NULL ? verb->name : "");
    command_tell(&loud, object, cause, hint);
}

static bool take_duration(const struct verb *verb, const char *name, double *seconds)
{
    char object[64];

    if (parse_duration(optarg, seconds) == 0)
        return true;
    utf8_format(object, sizeof(object), "--%s %s", name, optarg);
    cmdline_complain(verb, object, "is no duration (such as 500ms, 10s, 5m, 2h)", NULL);
    return false;
}

static bool take_pid(const struct verb *verb, pid_t *pid)
{
    char object[64];
    uint64_t number;

    if (parse_u64(optarg, &number) == 0 && number > 0 && number <= INT_MAX) {
        *pid = (pid_t)number;
        return true;
    }
    utf8_format(object, sizeof(object), "--pid %s", optarg);
    cmdline_complain(verb, object, "is no number of a process", NULL);
    return false;
}

static bool take_when(const struct verb *verb, time_t *when)
{
    char object[64];

    if (when_parse(optarg, time(NULL), when) == 0)
        return true;
    utf8_format(object, sizeof(object), "--since %s", optarg);
    cmdline_complain(verb, object, "is no time (" WHEN_FORMS ")", NULL);
    return false;
}

static bool take_name(const struct verb *verb, const char **name)
{
    char object[64];

    *name = optarg;
    if (paths_is_name(optarg))
        return true;
    utf8_format(object, sizeof(object), "--name %s", optarg);
    cmdline_complain(verb, object, paths_problem(-EINVAL), NULL);
    return false;
}

/* Takes one option into cmd. */
static enum cmdline_outcome take(struct command *cmd, const struct verb *verb,
                                 enum cmdline_option option)
{
    bool is_right = true;

    switch (option) {
    case OPTION_DIR: cmd->choice.dir = optarg; break;
    case OPTION_NAME: is_right = take_name(verb, &cmd->choice.name); break;
    case OPTION_QUIET: cmd->is_quiet = true; break;
    case OPTION_HELP: return CMDLINE_HELP;
    case OPTION_VERSION: return CMDLINE_VERSION;
    case OPTION_LABEL: cmd->label = optarg; break;
    case OPTION_FALLBACK: cmd->is_fallback = true; break;
    case OPTION_NO_WAIT: cmd->is_no_wait = true; break;
    case OPTION_NO_START: cmd->is_no_start = true; break;
    case OPTION_SCAN: cmd->is_scan = true; break;
    case OPTION_ALL: cmd->is_all = true; break;
    case OPTION_AUTO: cmd->is_auto = true; break;
    case OPTION_OFF: cmd->is_off = true; break;
    case OPTION_TMUX: cmd->is_tmux = true; break;
    case OPTION_PID: is_right = take_pid(verb, &cmd->pid); break;
    case OPTION_TTY: cmd->tty = optarg; break;
    case OPTION_JSON: cmd->is_json = true; break;
    case OPTION_SHORT: cmd->is_short = true; break;
    case OPTION_FOR: is_right = take_duration(verb, "for", &cmd->for_s); break;
    case OPTION_TIMEOUT: is_right = take_duration(verb, "timeout", &cmd->timeout_s); break;
    case OPTION_SH: cmd->shell = SHELL_SH; break;
    case OPTION_CSH: cmd->shell = SHELL_CSH; break;
    case OPTION_FISH: cmd->shell = SHELL_FISH; break;
    case OPTION_REGISTER: cmd->is_register = true; break;
    case OPTION_DRY_RUN: cmd->is_dry_run = true; break;
    case OPTION_UNDO: cmd->is_undo = true; break;
    case OPTION_YES: cmd->is_yes = true; break;
    case OPTION_EVERY_SHELL: cmd->is_every_shell = true; break;
    case OPTION_KEYBOARD: cmd->is_follow = true; break;
    case OPTION_SYSTEM: cmd->is_system = true; break;
    case OPTION_SINCE: is_right = take_when(verb, &cmd->since); break;
    case OPTION_LOGIN: cmd->login_name = optarg; break;
    case OPTION_FOLLOW: cmd->is_followed = true; break;
    case OPTION_COUNT: break;
    }
    return is_right ? CMDLINE_RUN : CMDLINE_WRONG;
}

static enum cmdline_option option_of(int value)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (value_of(i) == value)
            return (enum cmdline_option)i;
    }
    return OPTION_COUNT;
}

/* Which long option word was meant to be, with its dashes; or NULL. */
static const char *meant_option(const struct verb *verb, const char *word, char out[OPTION_WORD])
{
    struct guess guess;

    if (strncmp(word, "--", 2) != 0)
        return NULL;
    guess_init(&guess, word + 2);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (is_offered(verb, i) && cmdline_options[i].name != NULL)
            guess_offer(&guess, cmdline_options[i].name);
    }
    if (guess_best(&guess) == NULL)
        return NULL;
    snprintf(out, OPTION_WORD, "--%s", guess_best(&guess));
    return out;
}

/* Names the option: getopt leaves a wrong letter in optopt, and has just passed the
 * word that has a wrong name. */
static void complain_of_option(const struct verb *verb, int result, char **argv)
{
    char letter[] = {'-', (char)optopt, '\0'};
    const char *word = argv[optind - 1];
    bool is_letter = optopt > 0 && optopt < LONG_ONLY && strncmp(word, "--", 2) != 0;
    const char *cause = NULL;
    char meant[OPTION_WORD];

    if (result == ':')
        cause = "needs an argument";
    else if (strncmp(word, "--", 2) == 0 && optopt != 0)
        cause = "takes no argument";
    if (cause != NULL)
        cmdline_complain(verb, is_letter ? letter : word, cause, NULL);
    else
        cmdline_complain(verb, is_letter ? letter : word, "unknown option",
                         is_letter ? NULL : meant_option(verb, word, meant));
}

enum cmdline_outcome cmdline_parse(struct command *cmd, const struct verb *verb, int argc,
                                   char **argv, int *rest)
{
    char shorts[OPTION_COUNT + 3];
    struct option longs[OPTION_COUNT + 1];
    enum cmdline_outcome outcome = CMDLINE_RUN;
    int value;

    offer(verb, shorts, longs);
    opterr = 0;
    optind = 0; /* GNU: start anew */
    while (outcome == CMDLINE_RUN &&
           (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (value == '?' || value == ':') {
            complain_of_option(verb, value, argv);
            return CMDLINE_WRONG;
        }
        outcome = take(cmd, verb, option_of(value));
    }
    if (outcome == CMDLINE_RUN && cmd->choice.dir != NULL && cmd->choice.name != NULL) {
        cmdline_complain(verb, "--dir and --name", "only one of them can say where relayd is", NULL);
        outcome = CMDLINE_WRONG;
    }
    *rest = optind;
    return outcome;
}

enum cmdline_outcome cmdline_take_operands(struct command *cmd, const struct verb *verb, int n,
                                           char **words)
{
    bool is_chosen = cmd->is_all || cmd->is_auto || cmd->is_off || cmd->is_scan || cmd->is_tmux ||
                     cmd->pid != 0 || cmd->tty != NULL;
    int most = verb->operand != NULL && !is_chosen ? 1 : 0;
    char needs[64];

    if (n > most) {
        cmdline_complain(verb, words[most],
                         words[most][0] == '-' ? "options go before other words"
                                               : "one word too many", NULL);
        return CMDLINE_WRONG;
    }
    if (n == 0 && most == 1 && verb->is_operand_needed) {
        snprintf(needs, sizeof(needs), "needs %s", verb->operand);
        cmdline_complain(verb, verb->name, needs, NULL);
        return CMDLINE_WRONG;
    }
    cmd->operands = words;
    cmd->n_operands = n;
    return CMDLINE_RUN;
}
