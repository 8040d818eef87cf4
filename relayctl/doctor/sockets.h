/* SPDX-License-Identifier: MIT */
/*
 * Where the host's sshd makes the agent sockets of this account's logins: from OpenSSH 10.1 on below
 * the home, from 10.6 on where AgentSocketPath says.
 */
#ifndef RELAYCTL_SOCKETS_H
#define RELAYCTL_SOCKETS_H

#include "relayctl/doctor/finding.h"
#include "relayctl/doctor/patient.h"
#include "relayctl/doctor/server.h"

/* Adds a finding where sshd can make none there, or where relayd's own stand among them. */
void sockets_check(const struct patient *patient, const struct server *server,
                   struct findings *findings);

#endif
