/* SPDX-License-Identifier: MIT */
/*
 * A client by libssh2: ACCOUNT PORT. Prints each key that the agent lists, in hexadecimal, logs in
 * to that account at that port of this host with one of them, and prints who it is there.
 */
#include <arpa/inet.h>
#include <err.h>
#include <libssh2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err(1, "port %d", port);
    return fd;
}

static void list(LIBSSH2_AGENT *agent)
{
    struct libssh2_agent_publickey *key = NULL;

    if (libssh2_agent_connect(agent) != 0)
        errx(1, "no agent");
    if (libssh2_agent_list_identities(agent) != 0)
        errx(1, "the agent lists nothing");
    while (libssh2_agent_get_identity(agent, &key, key) == 0) {
        for (size_t i = 0; i < key->blob_len; i++)
            printf("%02x", key->blob[i]);
        putchar('\n');
    }
}

static void log_in(LIBSSH2_AGENT *agent, const char *account)
{
    struct libssh2_agent_publickey *key = NULL;

    while (libssh2_agent_get_identity(agent, &key, key) == 0)
        if (libssh2_agent_userauth(agent, account, key) == 0)
            return;
    errx(1, "no key of the agent's opens %s", account);
}

static void run(LIBSSH2_SESSION *session, const char *command)
{
    LIBSSH2_CHANNEL *channel = libssh2_channel_open_session(session);
    char said[256];
    ssize_t n;

    if (channel == NULL || libssh2_channel_exec(channel, command) != 0)
        errx(1, "%s: does not run", command);
    while ((n = libssh2_channel_read(channel, said, sizeof(said))) > 0)
        fwrite(said, 1, (size_t)n, stdout);
    libssh2_channel_free(channel);
}

int main(int argc, char **argv)
{
    LIBSSH2_SESSION *session;
    LIBSSH2_AGENT *agent;
    int fd;

    if (argc != 3)
        errx(64, "usage: by-libssh2 ACCOUNT PORT");
    libssh2_init(0);
    session = libssh2_session_init();
    agent = libssh2_agent_init(session);
    list(agent);
    fd = connect_to(atoi(argv[2]));
    if (libssh2_session_handshake(session, fd) != 0)
        errx(1, "port %s: no handshake", argv[2]);
    log_in(agent, argv[1]);
    run(session, "id -un");
    libssh2_agent_free(agent);
    libssh2_session_free(session);
    close(fd);
    libssh2_exit();
    return 0;
}
