#!/bin/sh
# SPDX-License-Identifier: MIT
# Silence is remembered, and forgiven: to a login that its person prefers, to one that is registered
# again, and to one from which something comes after nothing did.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
far train
far plane
# Long enough for a host that is busy with something else.
relay pat --patience 1s
home=$E2E/home/pat

first() {
    status pat path | head -n 1
}
state() {
    status pat state | xargs
}
# falls_silent: the newest gives no answer, the older one does, and comes first from now on.
falls_silent() {
    is "$(keys pat)" older "$1"
    is "$(first) $(state)" "$home/older alive silent" 'and it is remembered'
}

for name in older newer; do
    start "$name" pat fake-agent -p -n "$name" silent "$name"
    wait_for 20 test -S "$home/$name"
    wait_for 20 as pat relayctl register "$name" >/dev/null
done
kill -s USR2 "$(pid older)"
falls_silent 'the newest does not answer: another serves'
for round in 1 2 3; do
    is "$(keys pat)" older "so it does again ($round)"
    ok "without a wait ($round)" within 1000 keys pat
done

as pat relayctl use "$home/newer"
is "$(first) $(state)" "$home/newer untried alive" 'preferred, it is forgiven'
falls_silent 'in vain'
kill -s USR2 "$(pid newer)"
is "$(keys pat)" older 'it answers now, but nobody knows'
as pat relayctl use "$home/newer"
is "$(keys pat)" newer 'preferred, it is tried, and serves'
is "$(first) $(state)" "$home/newer alive alive" 'and is alive'
as pat relayctl use --auto

kill -s USR1 "$(pid newer)"
falls_silent 'it gives no answer again: the other serves'
kill -s USR2 "$(pid newer)"
as pat relayctl register -q newer || :
# Who registers it waits for the verdict no longer than a second.
forgiven() {
    [ "$(first) $(state)" = "$home/newer alive alive" ]
}
ok 'registered again, it is forgiven' wait_for 20 forgiven
is "$(keys pat)" newer 'and serves'

# The laptop's ssh is stopped, so nothing comes from there until it goes on.
login_from train sleeper
wait_for 20 in_login sleeper relayctl register >/dev/null
is "$(keys pat)" sleeper 'a login from the laptop serves'
kill -s STOP "$(pid login.sleeper)"
# What came before it stopped must not be taken for what comes while it is waited for.
quiet() {
    [ "$(ss -Htin dst 10.9.0.2 | sed -n 's/.* lastrcv:\([0-9]*\) .*/\1/p')" -gt 200 ]
}
ok 'nothing comes from there any more' wait_for 20 quiet
is "$(keys pat)" newer 'its ssh stops: another serves'
is "$(state)" 'alive alive silent' 'and it is remembered'
kill -s CONT "$(pid login.sleeper)"
back() {
    [ "$(first)" = "$(upstream sleeper)" ]
}
ok 'something comes from it: it is forgiven' wait_for 20 back
is "$(keys pat)" sleeper 'and serves'

openssh_is 8.9 || {
    skip 7 'ssh of OpenSSH before 8.9 binds no session to its agent'
    finish
}
# Here the ssh is well, somebody types there all the while, and the agent takes the bind that ssh
# sends first and says no more. What comes from such a login does not speak for its agent.
start agent.mute laptop fake-agent once mute.agent
wait_for 20 test -S "$E2E/home/laptop/mute.agent"
kill -s USR2 "$(pid agent.mute)"
login_from plane mute -o IdentityFile=sleeper -o IdentitiesOnly=yes -o ControlMaster=yes -o ControlPath=mux
start typing laptop@plane sh -c "while sleep 0.05; do echo; done |
    ssh -S mux pat@10.9.1.1 'touch $E2E/shared/typing; cat >/dev/null'"
wait_for 20 test -e "$E2E/shared/typing"
wait_for 20 in_login mute relayctl register >/dev/null
kill -s USR1 "$(pid agent.mute)"
is "$(keys pat)" sleeper 'an agent says nothing behind an ssh that is well: another serves'
for round in 1 2 3; do
    is "$(keys pat)" sleeper "so it does again ($round)"
    is "$(status pat path | tail -n 1) $(state)" "$(upstream mute) alive alive alive silent" \
        "what comes from that login forgives nothing ($round)"
done

finish
