/* SPDX-License-Identifier: MIT */
/* relayd: argv in, exit status out. */
#include "config.h"

#include "relayd/host/daemonize.h"
#include "relayd/daemon.h"
#include "relayd/base/log.h"
#include "relayd/base/util.h"
#include "relayd/host/journal.h"
#include "relayd/host/options.h"

#include <stdio.h>

#define EXIT_USAGE 64

static struct daemon daemon_state;

int main(int argc, char **argv)
{
    struct daemon *d = &daemon_state;
    struct paths_choice place;

    fill_standard_fds();
    d->ready_fd = -1;
    options_init(&d->options);
    if (options_parse(&d->options, argc, argv) < 0) {
        fputs("try '" RELAYD_NAME " --help'\n", stderr);
        return EXIT_USAGE;
    }
    if (d->options.is_help) {
        options_usage(stdout);
        return 0;
    }
    if (d->options.is_version) {
        puts(PACKAGE_STRING);
        return 0;
    }
    /* Files first, so that the command line has the last word; but an instance has one of its
     * own. */
    place = d->options.place;
    options_init(&d->options);
    d->options.place = place;
    if (options_read_files(&d->options) < 0)
        return 1;
    options_parse(&d->options, argc, argv);
    if (d->options.is_check)
        return 0;
    if (d->options.is_verbose)
        log_set_level(LOG_LEVEL_DEBUG);
    if (d->options.is_daemon) {
        int status = daemonize_begin(&d->ready_fd);

        if (status >= 0)
            return status;
    } else {
        log_set_sink(journal_sink());
    }
    return daemon_run(d);
}
