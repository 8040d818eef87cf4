#!/bin/sh
# SPDX-License-Identifier: MIT
# Sessions over one connection (ControlMaster) share the agent socket that sshd made for it: one
# upstream, for as long as any of them lasts.

. "$(dirname "$0")/lib.sh"
world sshd
patient
sshd 22
rc pat
relay pat
mux="-o ControlPath=$E2E/home/laptop/mux"

known() {
    status pat path | grep -Fqx "$1"
}

# shellcheck disable=SC2086
arrives master -o ControlMaster=yes $mux
is "$(status pat path | wc -l)" 1 'the first session is registered'
arrives other
is "$(keys pat)" other 'another login comes, and serves'
# shellcheck disable=SC2086
arrives shared $mux
is "$(upstream shared)" "$(upstream master)" 'a second session over the connection has the same socket'
is "$(status pat path | xargs)" "$(upstream master) $(upstream other)" \
    'it stands in front again, and once'
is "$(keys pat)" master 'and serves'

session=$(cat "$E2E/shared/master.login")
kill "$session"
ok 'the first session ends' wait_for 20 gone "$session"
is "$(keys pat)" master 'the second keeps the upstream'
ok 'though its ssh waits for the second' not gone "$(pid login.master)"
logout shared
ok 'that ends too: the upstream is gone' wait_for 20 not known "$(upstream master)"
is "$(keys pat)" other 'and the other login serves'

finish
