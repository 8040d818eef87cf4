/* SPDX-License-Identifier: MIT */
/* What systemd offers a service, through libsystemd. */
#include "config.h"

#include "relayd/host/systemd.h"

#include "relayd/base/sock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

/* Where fd goes in sockets; NULL where it is not a listening socket, or a second one. */
static int *place_of(struct systemd_sockets *sockets, int fd)
{
    int *place = sock_is_listener(fd, SOCK_STREAM)      ? &sockets->agent
                 : sock_is_listener(fd, SOCK_SEQPACKET) ? &sockets->control
                                                        : NULL;

    return place != NULL && *place < 0 ? place : NULL;
}

int systemd_take_fds(struct systemd_sockets *sockets, systemd_stored_fn *on_stored, void *arg)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names);
    int found = 0;

    sockets->agent = sockets->control = -1;
    for (int i = 0; i < n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        int *place = place_of(sockets, fd);

        if (place == NULL) {
            on_stored(arg, fd, names[i]);
        } else {
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
            *place = fd;
            found++;
        }
        free(names[i]);
    }
    free(names);
    return n < 0 ? n : found;
}

double systemd_watchdog_seconds(void)
{
    uint64_t microseconds = 0;

    return sd_watchdog_enabled(0, &microseconds) > 0 ? (double)microseconds / 1e6 : 0;
}
