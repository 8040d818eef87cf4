/* SPDX-License-Identifier: MIT */
/*
 * relayd's options. One table has them, for the command line, the files, and --help.
 */
#ifndef RELAYD_OPTIONS_H
#define RELAYD_OPTIONS_H

#include "relayd/base/paths.h"

#include <stdbool.h>
#include <stdio.h>

/* What clients meet when no upstream is there to use. */
enum when_none {
    WHEN_NONE_CLOSE, /* a failure for each question, then a close */
    WHEN_NONE_EMPTY, /* an empty list for a listing, else the same */
};

struct options {
    struct paths_choice place; /* points into argv */
    bool is_daemon;     /* detach once serving */
    bool is_verbose;    /* log at debug */
    double patience;    /* seconds: patience.h */
    double dead_after;  /* seconds: patience.h */
    unsigned max_clients; /* 0: from the descriptor limit */
    enum when_none when_none;
    bool is_raw;       /* any stream protocol: nothing is looked at, nothing asked */
    bool is_discovering; /* looks for logins that nobody registered */
    bool is_following; /* whoever is at a keyboard, from the start on */
    bool is_behind_first; /* has this user's first relayd for one */
    bool is_read_only; /* only questions that change nothing go on */
    bool is_check, is_help, is_version;
};

void options_init(struct options *options);

/* Reads argv; may be called again with the same. Returns 0, or -EINVAL after saying
 * on stderr what is wrong. */
int options_parse(struct options *options, int argc, char **argv);

/* Reads the host's file (RELAYD_CONF, normally /etc/relayd.conf), then ~/.config/relayd.conf, the
 * home being that of passwd(5), then ~/.config/relayd-NAME.conf for the instance that `place`
 * names. They have the same options without dashes, one a line ("patience
 * 2s"), with '#' in front of comments; dir, name, daemon, check, help and version are not for
 * files. The host's
 * may also say "deny". A missing file is an empty one; a host's that cannot be read counts as
 * "deny", a user's is complained of and passed over. Returns 0, or after saying why on stderr:
 * -EINVAL where a line is wrong, -EPERM where the host denies. */
int options_read_files(struct options *options);

/* Reads one such file, which is open; path is for what is said of it. is_host: it may say "deny".
 * Returns as options_read_files(). */
int options_read(struct options *options, FILE *file, const char *path, bool is_host);

void options_usage(FILE *out);

#endif
