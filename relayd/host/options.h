/*
 * relayd's options: one table, from which the command line, the usage text and
 * their checks follow.
 */
#ifndef RELAYD_OPTIONS_H
#define RELAYD_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

/* What clients meet when no upstream is there to use. */
enum when_none {
    WHEN_NONE_CLOSE, /* a failure for each question, then a close */
    WHEN_NONE_EMPTY, /* an empty list for a listing, else the same */
};

struct options {
    const char *dir;    /* NULL: paths_find() chooses; points into argv */
    bool is_daemon;     /* detach once serving */
    bool is_verbose;    /* log at debug */
    double patience;    /* seconds: patience.h */
    double dead_after;  /* seconds: patience.h */
    unsigned max_clients; /* 0: from the descriptor limit */
    enum when_none when_none;
    bool is_raw;       /* any stream protocol: nothing is looked at, nothing asked */
    bool is_read_only; /* only questions that change nothing go on */
    bool is_help, is_version;
};

void options_init(struct options *options);

/* Reads argv; may be called again with the same. Returns 0, or -EINVAL after saying
 * on stderr what is wrong. */
int options_parse(struct options *options, int argc, char **argv);

/* Reads a file: the same options without dashes, one a line ("patience 2s"), '#' in
 * front of comments; none of those that are about one start (dir, daemon, help,
 * version). is_host: the host's, which may say "deny" as well. A missing file is
 * an empty one. One that cannot be read is as good as "deny" where it is the host's; the
 * user's own is told of and passed over. Returns 0, or after saying on stderr why:
 * -EINVAL where a line is wrong, -EPERM where the host denies. */
int options_read(struct options *options, const char *path, bool is_host);

/* Reads /etc/relayd.conf and ~/.config/relayd.conf, the home being passwd's. */
int options_read_files(struct options *options);

void options_usage(FILE *out);

#endif
