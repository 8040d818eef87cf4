#!/bin/sh
# SPDX-License-Identifier: MIT
# A key that may be used for certain hosts only (ssh-add -h) is usable there through the relay, and
# nowhere else; and so it is when the newest login has fallen silent and an older one serves.

. "$(dirname "$0")/lib.sh"
world sshd
needs_binding
sshd 22
account bob
rc pat
patient pat
other_host allowed 2221
other_host forbidden 2222

arrives older
arrives newer
for name in older newer; do
    add_key "$name" bound -h localhost -h 'localhost>allowed'
done
# From here on no other key opens a door.
cp "$E2E/home/laptop/bound.pub" /etc/ssh/authorized_keys

onward() {
    through pat ssh "bob@$1" id -un 2>&1
}
both() {
    is "$(onward allowed)" bob "$1: ssh to the host that the key is for"
    like "$(onward forbidden)" 'Permission denied' "$1: not to another"
    is "$(status pat served | xargs)" "$2" "$1: which served both"
}
both 'the newest login' '2 0'
kill -s STOP "$(pid login.newer)"
both 'it is silent, so an older one' '2 2'
is "$(status pat state | xargs)" 'alive silent' 'the newest is silent now'

finish
