/* SPDX-License-Identifier: MIT */
/* Raw. To relay_client_events() and the like it is one endless frame each way. */
#include "config.h"

#include "relayd/session/raw.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

/* One way. Returns how many bytes went on, or negative where it broke. */
static ssize_t carry(struct flow *flow, int from, int to, bool may_read, bool *is_done,
                     bool *is_shut)
{
    ssize_t n = *is_done || !may_read ? -EAGAIN : flow_read(flow, from, FLOW_SIZE);
    ssize_t sent;

    *is_done |= n == 0;
    if (n < 0 && n != -EAGAIN && n != -ENOBUFS)
        return n;
    sent = flow_write(flow, to, FLOW_SIZE);
    if (sent < 0)
        return sent;
    if (*is_done && flow_size(flow) == 0 && !*is_shut) {
        shutdown(to, SHUT_WR);
        *is_shut = true;
    }
    return sent;
}

enum relay_end raw_step(struct relay *relay, int client_fd, int upstream_fd,
                        enum relay_side readable)
{
    enum relay_side read = relay->is_quiescing ? RELAY_NEITHER : readable;
    ssize_t up, down = 0;

    relay->up_left = relay->down_left = SIZE_MAX;
    up = carry(&relay->up, client_fd, upstream_fd, (read & RELAY_CLIENT) != 0,
               &relay->is_client_done, &relay->is_upstream_shut);
    if (up >= 0)
        down = carry(&relay->down, upstream_fd, client_fd, (read & RELAY_UPSTREAM) != 0,
                     &relay->is_upstream_done, &relay->is_client_shut);
    if (up < 0 || down < 0)
        return RELAY_CLIENT_GONE;
    relay->is_taken |= up > 0;
    return relay->is_client_shut && relay->is_upstream_shut ? RELAY_CLIENT_DONE : RELAY_GOING;
}
