#!/bin/sh
# SPDX-License-Identifier: MIT
# A client by libssh2, and the relay.

. "$(dirname "$0")/lib.sh"
world sshd libssh2
cc -o "$E2E/bin/client" "$E2E/clients/by-libssh2.c" -lssh2
other_client client

finish
