#!/bin/sh
# SPDX-License-Identifier: MIT
# A loop that closes only later. pat has an account here, bob one on another host. pat's newest login
# came from there, and had bob's newest agent behind it; that login of bob's ends, and what bob's
# relay has left leads back to pat's.

. "$(dirname "$0")/lib.sh"
world sshd tmux
sshd 22
rc pat
far there
account bob
rc bob
nsenter --net=/run/netns/there /usr/sbin/sshd -E "$E2E/log/sshd.there" -p 22
there=10.9.0.2
here=10.9.0.1

# known ACCOUNT N: whether so many logins have answered there. One that has not would be refused once it leads back.
known() {
    [ "$(status "$1" state 2>/dev/null | grep -c '^alive$')" -eq "$2" ]
}
terminal pane pat SSH_AUTH_SOCK="$(agent_socket pat)"
arrives one
tmux_of pane send-keys "ssh -A bob@$there" Enter
ok 'from a pane pat logs in to bob: a login of bob, which leads to the relay of pat' wait_for 20 known bob 1
login two -l bob -o HostName="$there"
ok 'a second login of bob comes from the laptop' wait_for 20 known bob 2
start back bob@there SSH_AUTH_SOCK="$(agent_socket bob)" ssh -A "pat@$here" 'exec sleep 86400'
ok 'bob logs in to pat' wait_for 20 known pat 2
is "$(keys pat)" two 'pat is served through it'

pat_relay=$(relay_pid pat)
bob_relay=$(relay_pid bob)
descriptors() {
    find "/proc/$pat_relay/fd" "/proc/$bob_relay/fd" -mindepth 1 | wc -l
}
before=$(descriptors)
settled() {
    [ "$(descriptors)" -le "$before" ]
}
echoes() {
    tmux_of "$1" send-keys "$2"
    wait_for 20 shows "$1" "$2"
}

logout two
wait_for 20 known bob 1
closed() {
    [ "$(as pat relayctl status --json | sed -n 's/^  "sessions": \([0-9]*\).*/\1/p')" -ge 2 ]
}
keys pat >"$E2E/got" &
client=$!
began=$(date +%s%N)
# Either the question has come round, or that was prevented before.
wait_for 2 closed || note 'it did not come round'
time_of echoes pane abc && frozen=no || frozen=yes
is "$frozen" no 'bob logs out there, the loop is closed: the terminal through which it goes echoes'
note "in $took ms"
ok 'at once' test "$took" -lt $((4500 * slower))
wait "$client"
note "a client of pat was served in $((($(date +%s%N) - began) / 1000000)) ms"
is "$(cat "$E2E/got")" one 'a client of pat is served by the other login'

for round in 1 2 3; do
    is "$(keys pat)" one "so is the next ($round)"
    ok "which does not wait ($round)" within 500 keys pat
done
ok 'the terminal echoes now too' echoes pane def
# An older ssh does not say first whom it talks to: there the relay of bob is the one that notices, and
# bob has none then.
if openssh_is 8.9; then
    is "$(status pat path | head -n 1)" "$(upstream one)" 'the login that leads back comes last'
    is "$(status pat reason | tail -n 1)" 'leads back to this relayd' 'and status says that it does'
    is "$(keys bob)" one 'a client of bob is served through the relay of pat'
    for _ in 1 2 3 4 5; do
        keys pat
        keys bob
    done >"$E2E/got"
    is "$(sort -u "$E2E/got")" one 'so are five more of both'
else
    skip 4 'ssh of OpenSSH before 8.9 binds no session to its agent'
fi
ok 'no descriptor is left behind' wait_for 20 settled
is "$(relay_pid pat) $(relay_pid bob)" "$pat_relay $bob_relay" 'both relays are the same processes as before'

login two -l bob -o HostName="$there"
wait_for 20 known bob 2
is "$(keys bob)" two 'bob has a login from the laptop again, which serves'

finish
