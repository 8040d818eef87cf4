#!/bin/sh
# SPDX-License-Identifier: MIT
# A client by paramiko, and the relay.

. "$(dirname "$0")/lib.sh"
world sshd paramiko
other_client python3 "$E2E/clients/by-paramiko.py"

finish
