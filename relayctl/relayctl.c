/* SPDX-License-Identifier: MIT */
/* relayctl: the table of its verbs. What they do is elsewhere, but for help. Without a verb it
 * shows the status. */
#include "config.h"

#include "relayctl/cmdline.h"
#include "relayctl/completion.h"
#include "relayctl/doctor/doctor.h"
#include "relayctl/env.h"
#include "relayctl/guess.h"
#include "relayctl/hold.h"
#include "relayctl/log/log.h"
#include "relayctl/register.h"
#include "relayctl/setup/setup.h"
#include "relayctl/usage.h"
#include "relayctl/verbs.h"
#include "relayctl/wait.h"
#include "relayctl/watch.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int verb_help(struct command *cmd);
static int verb_complete(struct command *cmd);

static const struct verb verbs[] = {
    {"register", "SOCKET", false,
     OPTION(LABEL) | OPTION(FALLBACK) | OPTION(NO_WAIT) | OPTION(NO_START) |
         OPTION(SCAN),
     "offer this login's forwarded agent to all panes",
     "Offers SOCKET to all who use the agent socket, and before the logins that came\n"
     "earlier. SOCKET is this login's own SSH_AUTH_SOCK unless named. Starts relayd\n"
     "where it does not run. With --scan it looks for your logins, and offers\n"
     "all whose server has run no ~/.ssh/rc. Exits 1 where SOCKET is refused, or\n"
     "forwards no working agent at the moment.",
     verb_register},
    {"unregister", "ID|LABEL|SOCKET|--all", true, OPTION(ALL), "drop one; what it serves ends",
     "Drops a login, named by the number that status shows, by its label where no\n"
     "other login has it, or by its socket. Clients that it serves are closed.",
     verb_unregister},
    {"use", "ID|LABEL|SOCKET|--pid PID|--tty TTY|--auto", true, OPTION(AUTO) | OPTION(PID) | OPTION(TTY),
     "prefer this one until it is gone",
     "Puts a login before all others until it is gone. It is named by the number that\n"
     "status shows, by its label where no other login has it, by its socket, or by a\n"
     "process or a terminal that belongs to it.",
     verb_use},
    {"follow", "ID|LABEL|SOCKET|--pid PID|--tty TTY|--tmux|--off", false,
     OPTION(PID) | OPTION(TTY) | OPTION(TMUX) | OPTION(OFF),
     "serve the login of whoever is at the keyboard",
     "Puts the login of whoever types before the others, until it is silent or gone,\n"
     "or somebody types elsewhere. That is seen by the terminals of logins, whenever a\n"
     "client asks. tmux's hooks tell of it too: they name a login, or a process or a\n"
     "terminal that belongs to one. A login that `use` prefers goes before.",
     verb_follow},
    {"status", NULL, false, OPTION(JSON) | OPTION(SHORT) | OPTION(ALL),
     "show which login serves, which would be next, and why",
     "Shows the agent socket and the logins behind it, in the order in which they\n"
     "would be tried, and what is wrong with this shell, the links in your home or the\n"
     "program that runs. With --all, of each relayd of this user: the first, and those\n"
     "with a --name. Exits 0 where a login is there to serve, else 1.",
     verb_status},
    {"pause", NULL, false, OPTION(FOR), "serve nobody for a while",
     "Ends what is being served and turns every client away, until resume.", verb_pause},
    {"resume", NULL, false, 0, "serve again",
     "Ends a pause: clients are served again.", verb_resume},
    {"wait", NULL, false, OPTION(TIMEOUT), "wait until a login is there to serve",
     "Waits until a login is there to serve. Exits 1 where none came in time, 2 where\n"
     "no relayd did.",
     verb_wait},
    {"watch", NULL, false, 0, "follow what happens, one line each",
     "Shows how things are, then follows what happens, one line each, until\n"
     "interrupted: logins that come and go, fall silent and answer again, or are\n"
     "preferred, pauses, and clients that are refused.",
     verb_watch},
    {"why", NULL, false, 0, "tell what went wrong for the last client that failed",
     "Tells in a sentence what went wrong for the last client that failed, and how\n"
     "many have been served since.",
     verb_why},
    {"log", NULL, false, OPTION(SINCE) | OPTION(LOGIN) | OPTION(FOLLOW) | OPTION(JSON),
     "tell who used which key of whose login, and for what",
     "Tells of each signature when it was made, by whom, with which key of whose login\n"
     "and for what: an ssh login, a signed commit or file, as far as the protocol\n"
     "tells. Reads the journal, and the log of a relayd --daemon. Exits 1 where none\n"
     "is logged.",
     verb_log},
    {"env", NULL, false, OPTION(SH) | OPTION(CSH) | OPTION(FISH) | OPTION(REGISTER),
     "print the line that makes a shell use the agent socket",
     "Prints the line that sets SSH_AUTH_SOCK to the agent socket, keeps the login's\n"
     "own as RELAYD_UPSTREAM, and the label that the laptop sent as RELAYD_LABEL in\n"
     "place of LC_RELAYD_LABEL. It is for the shell that calls it:\n\n"
     "  eval \"$(" RELAYCTL_NAME " env)\"\n\n"
     "With --register, a working agent that relayd refuses is left to the shell.",
     verb_env},
    {"path", NULL, false, 0, "print the agent socket's path",
     "Prints the agent socket's path. Old panes are healed by a link to it:\n\n"
     "  ln -sfn \"$(" RELAYCTL_NAME " path)\" ~/.ssh/ssh_auth_sock",
     verb_path},
    {"hold", "SOCKET", false, OPTION(LABEL) | OPTION(FALLBACK) | OPTION(NO_START),
     "register, and stay until stdin or the login ends",
     "Registers, stays until stdin ends, a signal comes or the login is gone, and\n"
     "unregisters what nobody had registered before. Beside mosh, on the machine\n"
     "where the agent is:\n\n"
     "  ssh -A host " RELAYCTL_NAME " hold",
     verb_hold},
    {"setup", NULL, false,
     OPTION(DRY_RUN) | OPTION(UNDO) | OPTION(YES) | OPTION(EVERY_SHELL) |
         OPTION(KEYBOARD) | OPTION(SYSTEM),
     "have your logins, shells and panes use the relay",
     "Has this account's logins, shells and panes use the relay: says what it would do\n"
     "to which file, asks once, and does it. What it writes stands in marked lines;\n"
     "yours stay as they are, and --undo takes out exactly its own. A second time it\n"
     "changes nothing. What it cannot do, as in a symlink, it tells you to do.\n"
     "With --follow tmux and relayd have the agent follow the keyboard, which may be\n"
     "said at any time. With --name it has each login offered to the relay of that\n"
     "name besides.",
     verb_setup},
    {"doctor", NULL, false, OPTION(JSON), "tell what stands in the way, and each cure",
     "Looks at this account's arrangements and at relayd, changes nothing, and tells\n"
     "what stands in the way, worst first, each with the line that mends it. Exits 0\n"
     "where nothing does, else 1.",
     verb_doctor},
    {"stop", NULL, false, 0, "end relayd",
     "Ends relayd, once what its clients are owed is delivered.", verb_stop},
    {"help", "COMMAND", false, 0, "show help, or help on one command",
     "Shows help, or help on COMMAND.", verb_help},
    {"complete", "logins|names|words", true, 0, NULL,
     "For the completions of shells: prints the logins, the names of relayds,\n"
     "or the words of the command line, with a few words on each.",
     verb_complete},
    {0},
};

/* What other programs call a command: its name here; or NULL. */
static const char *other_name(const char *word)
{
    static const struct { const char *word, *meant; } names[] = {
        {"list", "status"},
        {"ls", "status"},
        {"start", "register, which starts relayd"},
        {"restart", "stop, and then register"},
        {"undo", "setup\u00a0--undo"},
        {"uninstall", "setup\u00a0--undo"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(word, names[i].word) == 0)
            return names[i].meant;
    }
    return NULL;
}

static const struct verb *find_verb(const char *name)
{
    const char *meant = other_name(name);
    struct guess guess;

    guess_init(&guess, name);
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0)
            return verb;
        if (verb->summary != NULL)
            guess_offer(&guess, verb->name);
    }
    cmdline_complain(NULL, name, "unknown command", meant != NULL ? meant : guess_best(&guess));
    return NULL;
}

static int verb_help(struct command *cmd)
{
    const struct verb *verb = NULL;

    if (cmd->n_operands > 0) {
        verb = find_verb(cmd->operands[0]);
        if (verb == NULL)
            return EXIT_USAGE;
        usage_verb(stdout, verb);
    } else {
        usage_all(stdout, verbs);
    }
    return EXIT_DONE;
}

static int verb_complete(struct command *cmd)
{
    if (strcmp(cmd->operands[0], "logins") == 0)
        return completion_logins(cmd);
    if (strcmp(cmd->operands[0], "names") == 0)
        return completion_names(stdout);
    if (strcmp(cmd->operands[0], "words") == 0) {
        completion_words(stdout, verbs);
        return EXIT_DONE;
    }
    cmdline_complain(find_verb("complete"), cmd->operands[0], "is not logins, names, nor words",
                     NULL);
    return EXIT_USAGE;
}

/* Does what parsing came to, other than CMDLINE_RUN. verb may be NULL. */
static int answer(enum cmdline_outcome outcome, const struct verb *verb)
{
    switch (outcome) {
    case CMDLINE_HELP:
        if (verb != NULL)
            usage_verb(stdout, verb);
        else
            usage_all(stdout, verbs);
        return EXIT_DONE;
    case CMDLINE_VERSION:
        puts("relayctl " PACKAGE_VERSION);
        return EXIT_DONE;
    case CMDLINE_RUN:
    case CMDLINE_WRONG:
        break;
    }
    return EXIT_USAGE;
}

static int run(struct command *cmd, const struct verb *verb)
{
    int r = verb->run == verb_help ? 0 : paths_find(&cmd->paths, &cmd->choice, false);
    const char *dir = cmd->choice.dir != NULL ? cmd->choice.dir : getenv("RELAYD_DIR");

    if (r == 0)
        return verb->run(cmd);
    /* Named in full: in paths it may be cut off. */
    command_tell(cmd, dir != NULL ? dir : cmd->paths.dir, paths_problem(r),
                 r == -ENAMETOOLONG ? "name a shorter one: --dir, RELAYD_DIR" : NULL);
    return EXIT_NO;
}

static int parse_and_run(int argc, char **argv)
{
    static char status_word[] = "status";
    static char *status_argv[] = {status_word, NULL};
    struct command cmd = {
        .started = client_now(),
        .for_s = -1,
        .timeout_s = -1,
    };
    const struct verb *verb;
    int rest;
    enum cmdline_outcome outcome = cmdline_parse(&cmd, NULL, argc, argv, &rest);

    if (outcome != CMDLINE_RUN)
        return answer(outcome, NULL);
    argc -= rest;
    argv += rest;
    if (argc == 0)
        argc = 1, argv = status_argv;
    verb = find_verb(argv[0]);
    if (verb == NULL)
        return EXIT_USAGE;
    outcome = cmdline_parse(&cmd, verb, argc, argv, &rest);
    if (outcome == CMDLINE_RUN)
        outcome = cmdline_take_operands(&cmd, verb, argc - rest, argv + rest);
    return outcome == CMDLINE_RUN ? run(&cmd, verb) : answer(outcome, verb);
}

/* Why what was printed is not all there; NULL: it is. What could not be written earlier is not tried
 * again, so that a last fflush(3) may know nothing of it. */
static const char *output_problem(void)
{
    if (fflush(stdout) != 0)
        return strerror(errno);
    return ferror(stdout) ? "not all of it could be written" : NULL;
}

int main(int argc, char **argv)
{
    static char errors[BUFSIZ];
    const char *problem;
    int status;

    fill_standard_fds();
    heed_children();
    /* A line at a time: others write to the same terminal or pipe. */
    setvbuf(stderr, errors, _IOLBF, sizeof(errors)); /* musl needs a buffer for that */
    setlocale(LC_CTYPE, "");
    status = parse_and_run(argc, argv);
    problem = output_problem();
    if (problem == NULL)
        return status;
    fprintf(stderr, "relayctl: standard output: %s\n", problem);
    return EXIT_NO;
}
