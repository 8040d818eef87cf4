#!/bin/sh
# SPDX-License-Identifier: MIT
# The relay says why: for each login in status and in the log, and for the last client that failed.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
far train
relay pat --dead-after 2s
home=$E2E/home/pat
log=$E2E/log/relay.pat
client='^[0-9-]+ [0-9:]+: client [0-9]+ \([a-z-]+, uid [0-9]+\)'

why() {
    as pat relayctl why
}
says() {
    as pat relayctl status | grep -Eq -- "$1"
}

is "$(why)" 'no client has failed since relayd was started: its log tells of those before' 'no client has failed'
like "$(keys pat)" 'agent refused' 'a client meets no login'
like "$(why)" "$client: 1 list in [0-9.]+ s: no login is registered\$" 'why says so'
like "$(cat "$log")" ': 1 list in [0-9.]+ s: no login is registered$' 'so does the log'

start good pat fake-agent -n good good good
wait_for 20 test -S "$home/good"
# It waits for the verdict no longer than a second.
is_alive() {
    as pat relayctl register good >"$E2E/got" && matches "$(cat "$E2E/got")" 'alive, [0-9.]+ ms'
}
ok 'a login comes: register says that it is alive, and its round trip' wait_for 20 is_alive
ok 'so does status' says 'alive, [0-9.]+ ms'
like "$(cat "$log")" "good.*: alive, [0-9.]+ ms" 'so does the log'
is "$(keys pat)" good 'it serves'
like "$(why)" 'no login is registered; since then 1 client has been served$' 'why says that all is well since'
is "$(keys pat)" good 'it serves another'
like "$(why)" 'no login is registered; since then 2 clients have been served$' 'and counts'

# A client that is served is not one that failed, however it ends; one that is cut off is.
start stays pat ask -k -t 600 "$(agent_socket pat)" list
wait_for 20 grep -q '^12 ' "$E2E/log/stays"
as pat relayctl pause
wait_for 20 gone "$(pid stays)"
like "$(keys pat)" 'agent refused' 'paused, a client is refused'
like "$(why)" 'relayd was paused$' 'why says that it was'
as pat relayctl resume
start stays pat ask -k -t 600 "$(agent_socket pat)" list
wait_for 20 grep -q '^12 ' "$E2E/log/stays"
as pat relayctl unregister good >/dev/null
ok 'unregistered, it ends its client' wait_for 20 gone "$(pid stays)"
like "$(why)" 'its login was unregistered$' 'why says so'

start bad pat fake-agent closing bad
wait_for 20 test -S "$home/bad"
as pat relayctl register -q bad || :
ok 'an agent that hangs up: status says so' \
    wait_for 20 says 'silent since [0-9]{2}:[0-9]{2}: forwards no working agent at the moment'
like "$(keys pat)" 'agent refused' 'a client meets no other'
like "$(why)" 'no registered login has an agent that answers$' 'why says so'
as pat relayctl unregister bad >/dev/null

login_from train one
wait_for 20 in_login one relayctl register >/dev/null
add_key one careful -c
as pat cp "$E2E/home/laptop/careful.pub" key.pub
# The person is asked, and says nothing before their link dies.
start sign pat SSH_AUTH_SOCK="$(agent_socket pat)" timeout 60 \
    sh -c 'ssh-keygen -Y sign -n file -f key.pub <key.pub >signature'
wait_for 20 test -e "$E2E/shared/asked"
ok 'a person is asked: status supposes so' \
    wait_for 20 says 'no answer for [0-9]+ s, connection up: a prompt on the laptop\?'
end sign
gave_up() {
    why | grep -q 'the client left before its answer$'
}
ok 'the client is tired of waiting: why says so' wait_for 20 gave_up
like "$(why)" "$client at login [0-9]+ \(10\.9\.0\.2\): .*1 sign in" 'and at which login, and what it had asked'
touch "$E2E/shared/confirm"
serves() {
    [ "$(keys pat | head -n 1)" = one ]
}
ok 'the person answers after all: it serves' wait_for 20 serves

cut_link train
like "$(keys pat)" 'agent refused' 'its link is dead: a client is let go'
silent="silent since ($(date +%H:%M)|$(date -d '-1 min' +%H:%M)): nothing acknowledged for [0-9]+ s"
ok 'status says since when it acknowledges nothing' says "$silent"
like "$(cat "$log")" "login [0-9]+ \(10\.9\.0\.2\): $silent" 'so does the log'
like "$(why)" 'no registered login has an agent that answers$' 'why says that nobody answered'
mend_link train
ok 'the link comes back: it serves' wait_for 60 serves
like "$(why)" 'an agent that answers; since then [0-9]+ clients? ha(s|ve) been served$' 'why says that this is over'
ok 'and is alive' says 'alive, [0-9.]+ ms'
like "$(cat "$log")" 'login [0-9]+ \(10\.9\.0\.2\): answers again' 'the log says that it answers again'

finish
