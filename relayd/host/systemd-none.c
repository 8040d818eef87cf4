/* SPDX-License-Identifier: MIT */
/* A build without libsystemd: there are no sockets from systemd, and no watchdog. */
#include "config.h"

#include "relayd/host/systemd.h"

int systemd_take_fds(struct systemd_sockets *sockets, systemd_stored_fn *on_stored, void *arg)
{
    sockets->agent = sockets->control = -1;
    return 0;
}

double systemd_watchdog_seconds(void)
{
    return 0;
}
