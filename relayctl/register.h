/* SPDX-License-Identifier: MIT */
/*
 * Registering a login's socket, for three verbs, of which register is one.
 */
#ifndef RELAYCTL_REGISTER_H
#define RELAYCTL_REGISTER_H

#include "relayctl/command.h"
#include "relayctl/login.h"
#include "relayctl/start.h"

#include <stdbool.h>

/* What is to be registered, and how. */
struct registration {
    char *path;         /* absolute, as it was named; owned */
    struct login login; /* whose it is, as far as that is known; borrowed */
    bool keeps_place; /* if it is registered already */
    bool is_waiting; /* until the verdict is known */
};

/* Finds the socket that the command names, or else the login's own. Tells of problems. Returns an
 * exit status; path is NULL where there is nothing to register. */
int registration_find(struct registration *reg, const struct command *cmd);
void registration_fini(struct registration *reg);

/* The name that it gets: the command's, or what the laptop calls itself. NULL: none. */
const char *registration_label(const struct registration *reg, const struct command *cmd);

/* Registers, and starts relayd where none answers and the command allows it. Tells nothing itself:
 * after a failure client has the texts, and started what relayd or systemctl said. Returns as
 * client_send() and client_receive(). Takes at most COMMAND_VERDICT_MS where it waits for that, else
 * COMMAND_LOGIN_MS, and 3 s more for a start. */
int registration_try(const struct registration *reg, struct command *cmd, struct client *client,
                     struct start_words *started, struct proto_msg *reply);

/* The same, and tells of a failure. Returns an exit status; with EXIT_DONE, and only then, reply is
 * relayd's "ok", and the caller must proto_msg_fini() it. */
int registration_run(const struct registration *reg, struct command *cmd,
                     struct proto_msg *reply);

/* Shows what reply says, after the words `done`: "registered as #7: alive, 23 ms". */
void registration_show(const struct command *cmd, const char *done, const struct proto_msg *reply);

int verb_register(struct command *cmd);

#endif
