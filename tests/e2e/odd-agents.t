#!/bin/sh
# SPDX-License-Identifier: MIT
# Agents that are not as OpenSSH's in the foreground, and serve all the same.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
relay pat
register() {
    as pat relayctl register "$@" 2>&1
}

# Forked after listen(), so the process that SO_PEERCRED names has gone.
as pat ssh-agent -a daemon.agent >/dev/null
as pat ssh-keygen -q -t ed25519 -N '' -C daemonised -f key
as pat SSH_AUTH_SOCK=daemon.agent ssh-add -q key
ok 'a daemonised agent is registered' register daemon.agent
# Who registers one waits for the verdict no longer than a second.
has_state() {
    [ "$(status pat state | head -n 1)" = "$1" ]
}
ok 'and alive' wait_for 20 has_state alive
is "$(keys pat)" daemonised 'and serves'

start windows pat fake-agent -n windows -c windows.count windows windows.agent
wait_for 20 test -S "$E2E/home/pat/windows.agent"
ok 'an agent that closes on unknown extensions is registered' register windows.agent
ok 'and alive' wait_for 20 has_state alive
is "$(keys pat)" windows 'and serves'
pings=$(grep -c '^27 ' "$E2E/home/pat/windows.count")
is "$(as pat ask "$(agent_socket pat)" sign)" '14 12' 'and signs'
is "$(grep -c '^27 ' "$E2E/home/pat/windows.count")" "$pings" 'and is not asked by ping again'
end windows
is "$(keys pat)" daemonised 'it ends: the next one serves'
as pat relayctl unregister --all

login one
end agent.one
fails() {
    said=$(register "$(upstream one)") && result=0 || result=$?
    [ "$result" -eq 1 ]
}
ok 'the laptop has stopped its agent: register fails' wait_for 20 fails
like "$said" 'forwards no working agent' 'and says so'
is "$(status pat state)" silent 'it is kept as silent'
ok 'and gives nothing' not through pat ssh-add -l
agent one
is "$(keys pat)" one 'the laptop starts it again: it serves'
is "$(status pat state)" alive 'and is alive'

finish
