/* SPDX-License-Identifier: MIT */
/*
 * The floor: the barest relay there can be on epoll. It accepts, connects to a fixed path, and takes
 * bytes both ways. It looks at nothing and checks nobody: what it costs is what a process in between
 * costs, and what another relay costs is to be seen against it.
 */
#include "tests/bench/carry.h"

#include <err.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener;
static struct sockaddr_un target = {.sun_family = AF_UNIX};

static void accepted(void)
{
    int client = accept(listener, NULL, NULL);
    int agent;
    struct pair *pair;

    if (client < 0)
        return;
    agent = socket(AF_UNIX, SOCK_STREAM, 0);
    if (agent < 0 || connect(agent, (struct sockaddr *)&target, sizeof(target)) < 0) {
        close(client);
        if (agent >= 0)
            close(agent);
        return;
    }
    pair = pair_new(client, agent);
    end_watch(&pair->client);
    end_watch(&pair->agent);
}

int main(int argc, char **argv)
{
    if (argc != 3 || strlen(argv[2]) >= sizeof(target.sun_path))
        errx(64, "usage: floor LISTEN TARGET");
    strcpy(target.sun_path, argv[2]);
    listener = carry_listen(argv[1]);
    carry_run(accepted, carry);
}
