/* A build without libsystemd: no sockets are passed, nobody listens. */
#include "config.h"

#include "relayd/host/systemd.h"

int systemd_take_fds(struct systemd_sockets *sockets, systemd_stored_fn *on_stored, void *arg)
{
    (void)on_stored, (void)arg;
    sockets->agent = sockets->control = -1;
    return 0;
}

bool systemd_store(const char *name, const int *fds, unsigned n)
{
    (void)name, (void)fds, (void)n;
    return false;
}

unsigned systemd_store_room(void)
{
    return 0;
}

void systemd_unstore(const char *name)
{
    (void)name;
}

bool systemd_is_listening(void)
{
    return false;
}

double systemd_watchdog_seconds(void)
{
    return 0;
}

void systemd_notify(const char *state)
{
    (void)state;
}

log_sink_fn *systemd_log_sink(void)
{
    return log_stderr;
}
