/* SPDX-License-Identifier: MIT */
/*
 * What systemd's user manager is asked and told, by systemctl. Each call has a bound.
 */
#ifndef RELAYCTL_SETUP_MANAGER_H
#define RELAYCTL_SETUP_MANAGER_H

#include "relayctl/account/run.h"
#include "relayctl/setup/step.h"

#include <limits.h>
#include <stdbool.h>

/* Runs systemctl; scope is "--user" or "--global"; object, value and output may be NULL. Returns its exit
 * status, or as run_program(). */
int manager_call(const char *scope, const char *verb, const char *object, const char *value,
                 struct run_output *output);

/* The same with --user, of which nothing is read. */
int manager_tell(const char *verb, const char *object);

/* Whether the answer about the unit begins with that line. about may be NULL. */
bool manager_answers(const char *unit, const char *scope, const char *verb, const char *about,
                     const char *line);

/* Whether this user's runs, and is that of the relay. From then on systemctl finds it. */
bool manager_is_here(const struct setup *setup);

/* Whether the unit is enabled, and active. */
bool manager_has_running(const char *unit);

/* SSH_AUTH_SOCK in the manager's environment, as it prints it; "" where that has none. Returns out. */
const char *manager_socket(char out[PATH_MAX]);

#endif
