/* SPDX-License-Identifier: MIT */
/*
 * The stage of one case: a relayd of its own in a directory of its own, agents for it, and clients,
 * which are this process. Everything has a bound, and while something is waited for calls are
 * decided about (inject.h).
 */
#ifndef FAULTS_STAGE_H
#define FAULTS_STAGE_H

#include "tests/faults/allocation.h"
#include "tests/faults/inject.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define STAGE_PATH 100

struct stage {
    struct inject inject;
    char dir[STAGE_PATH];  /* of this worker; the relay's is dir/d */
    char said[STAGE_PATH]; /* what the programs said on stderr */
    const char *relayd, *relayctl;
    const char *preload; /* the library that has allocations fail */
    struct allocation *allocation;
    bool fails_allocations; /* by that, and no system call */
    bool is_spared;         /* what is started next has no faults */
    uid_t uid;
    double patience; /* seconds that a client waits for anything */
    double start_patience; /* and how long relayd may take until it serves */
    pid_t agents;    /* of dir/one, dir/three and dir/mute */
    pid_t leaver;    /* of dir/two, which ends in the middle; or 0 */
    int link[3];     /* a TCP connection for a login to have come by */
    char connection[96];
    pid_t relay; /* or 0 */
    pid_t before;  /* the one that it relieved; or 0 */
    int relay_end; /* a pidfd of it */
    int status;  /* of waitpid(2), once has_ended */
    bool has_ended;
    bool has_served;
    char trouble[400]; /* the first thing that went wrong; "" */
    /* For relays under a manager. */
    int manager;       /* the socket that relayd notifies */
    int given[2];      /* the sockets that it is given */
    int stored[32];
    char stored_names[512]; /* as in LISTEN_FDNAMES */
    unsigned n_stored;
};

/* Once for each worker. */
void stage_init(struct stage *stage, const char *dir);
void stage_fini(struct stage *stage);
/* Before and after each case. */
void stage_begin(struct stage *stage);
void stage_end(struct stage *stage);

void stage_complain(struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Starts relayd with these options, in the environment of NAME=VALUE...; ends of lists are NULL.
 * fds become 3 and up. */
void stage_start(struct stage *stage, const char *const *options, const char *const *environment,
                 const int *fds, unsigned n_fds);
/* Waits until relayd answers. Returns false where it does not. */
bool stage_wait_served(struct stage *stage);
/* Whether it has ended; waits until then. */
bool stage_wait_end(struct stage *stage, double seconds);
/* The relay that has the directory; or 0. */
pid_t stage_lock_holder(const struct stage *stage);
/* Takes another process for the relay. */
void stage_adopt(struct stage *stage, pid_t pid);
/* From now on what is to fail fails, or no longer. */
void stage_arm(struct stage *stage, bool is_armed);
/* How often it has failed. */
unsigned stage_hits(const struct stage *stage);
/* Lets time pass. */
void stage_sleep(struct stage *stage, double seconds);
/* Runs relayctl, and returns its status as of waitpid(2); -1 where it took too long. Its output is
 * in dir/out. */
int stage_relayctl(struct stage *stage, const char *const *arguments);

/* --- clients of the agent socket */

enum heard {
    HEARD_NOTHING, /* in all its patience */
    HEARD_END,     /* the connection was closed, or there is none */
    HEARD_ANSWER,
};

struct answer {
    enum heard heard;
    int type;
    size_t size;
    char bytes[4096]; /* its beginning */
};

enum { ASK_LIST = 11, ASK_SIGN = 13, ASK_ADD = 17, ASK_BIND = 27 };

/* -1 where nobody listens. */
int client_open(struct stage *stage);
/* A whole question, or its end; errors show in what is heard. */
void client_say(struct stage *stage, int fd, int type);
struct answer client_hear(struct stage *stage, int fd);
/* Opens, asks, closes. */
struct answer client_ask(struct stage *stage, int type);
/* Whether the answer is this agent's; an empty name stands for any. */
bool answer_is(const struct answer *answer, int type, const char *name);

/* --- the control socket */

struct reply {
    enum heard heard; /* HEARD_ANSWER: the whole reply, up to ok or error */
    bool is_ok;
    char text[8192]; /* all packets, one after the other */
};

int control_open(struct stage *stage, const char *request);
struct reply control_hear(struct stage *stage, int fd);
struct reply control_ask(struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
