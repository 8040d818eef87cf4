/* SPDX-License-Identifier: MIT */
/*
 * All checks. Each ends within a bound of its own, and says nothing of what it cannot see.
 */
#ifndef RELAYCTL_CHECKS_H
#define RELAYCTL_CHECKS_H

#include "relayctl/doctor/finding.h"
#include "relayctl/doctor/patient.h"

typedef void check_fn(const struct patient *patient, struct findings *findings);

/* place.c */
check_fn check_directory;
check_fn check_linger;

/* daemon.c */
check_fn check_daemon;
check_fn check_program;

/* upstreams.c */
check_fn check_upstreams;

/* environment.c */
check_fn check_environment;

/* links.c */
check_fn check_symlinks;

/* startup.c */
check_fn check_shells;

/* rc.c */
check_fn check_rc;

/* terminals.c */
check_fn check_tmux;
check_fn check_processes; /* screen, mosh, VS Code */

/* claimants.c */
check_fn check_manager;
check_fn check_modules;

/* sshd.c */
check_fn check_sshd;

/* shared.c */
check_fn check_sharing;

#endif
