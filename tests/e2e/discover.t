#!/bin/sh
# SPDX-License-Identifier: MIT
# relayd --discover: where nobody who is registered answers, logins are looked for.

. "$(dirname "$0")/lib.sh"
world sshd dropbear
relay pat --discover

# looked: how often logins have been looked for.
looked() {
    grep -c 'logins are looked for' "$E2E/log/relay.pat" || :
}
time_of keys pat >"$E2E/got"
like "$(cat "$E2E/got")" 'agent refused' 'nobody is logged in: a client is told so'
note "after $took ms"
is "$(looked)" 1 'once it was looked for logins'
burst() {
    as pat ask -n 50 -t 60 "$(agent_socket pat)" list || :
}
time_of burst >/dev/null
ok 'fifty clients at once do not have it done fifty times' test "$(looked)" -le $((took / 1000 + 3))
so_far=$(looked)
one_by_one() {
    for _ in 1 2 3 4 5 6 7 8; do
        as pat ask -t 60 "$(agent_socket pat)" list
    done
}
time_of one_by_one >/dev/null
ok 'nor eight, one after the other: once in a second' test $(($(looked) - so_far)) -le $((took / 1000 + 2))

# --- a login that nobody registers

sshd 22
login first
is "$(status pat path)" '' 'a login without rc is not registered'
sleepless() {
    keys pat >"$E2E/got"
    [ "$(cat "$E2E/got")" = "$1" ]
}
ok 'the next client finds it' wait_for 20 sleepless first
is "$(status pat path)" "$(upstream first)" 'which is registered now'
# Nobody looks twice in a second. A login that a busy host keeps from answering has others looked for.
unlooked() {
    for _ in 1 2 3 4 5; do
        sleep 1
        before=$(looked)
        sleepless first
        [ "$(looked)" != "$before" ] || return 0
    done
    return 1
}
ok 'and nobody looks while somebody answers' unlooked
is "$(cat "$E2E/got")" first 'who serves the next one'

mkdir -p /etc/dropbear
dropbear -F -E -p 127.0.0.1:2022 -R >"$E2E/log/dropbear" 2>&1 &
printf '%d\n' "$!" >"$E2E/pid/dropbear"
as pat install -m 600 /etc/ssh/authorized_keys .ssh/authorized_keys
wait_for 20 listening 2022
agent second
as pat install -m 600 /etc/ssh/authorized_keys .ssh/authorized_keys
login second -p 2022 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o GlobalKnownHostsFile=/dev/null -i second
kill -s STOP "$(pid agent.first)"
# What looks for it has two seconds, in which it may not get to it on a busy host.
time_of ok 'the one that is registered is mute: another is found' wait_for 120 sleepless second
note "after $took ms"
kill -s CONT "$(pid agent.first)"
logout second
ok 'it has gone: the first one serves' wait_for 40 sleepless first
logout first
like "$(keys pat)" 'agent refused' 'nobody is left: a client is told so'

# --- what stands in the way

socket=$(agent_socket pat)
asks() {
    as pat SSH_AUTH_SOCK="$socket" timeout 60 ssh-add -l 2>&1
}
end relay.pat
login third
relay pat
like "$(asks)" 'agent refused' 'without the option nobody looks'
end relay.pat

# stands FILE [COMMAND]: what stands beside relayd as relayctl, for one that is started now, and what is done meanwhile.
stands() {
    [ ! -e "$1" ] || cp "$1" "$E2E/bin/other"
    mv "$E2E/bin/relayctl" "$E2E/shared/relayctl"
    [ ! -e "$1" ] || mv "$E2E/bin/other" "$E2E/bin/relayctl"
    start other pat relayd --verbose --discover
    wait_for 20 grep -q serving "$E2E/log/other"
    time_of "${2-asks}" >"$E2E/got" || :
    end other
    mv "$E2E/shared/relayctl" "$E2E/bin/relayctl"
}
stands /nonesuch
like "$(cat "$E2E/got")" 'agent refused' 'without relayctl a client is told so as ever'
like "$(cat "$E2E/log/other")" 'logins cannot be looked for: relayctl: No such file' 'and the log why'
asked=$E2E/home/pat/asked
hangs() {
    : >"$asked"
    chown pat "$asked"
    # It is slow to do so: there is time for another client.
    # shellcheck disable=SC2016
    printf '#!/bin/sh\necho "$*" >>%s\nsleep 1.2\necho waited >>%s\nexec sleep 600\n' "$asked" "$asked" >"$E2E/shared/hangs"
    chmod 755 "$E2E/shared/hangs"
    # On a busy host it may be ended before it has come so far.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        : >"$asked"
        stands "$E2E/shared/hangs" "$@"
        if grep -q waited "$asked"; then break; fi
    done
}
hangs
like "$(cat "$E2E/got")" 'agent refused' 'one that hangs is ended'
ok 'after two seconds' test "$took" -ge 1900
ok 'and leaves nothing' wait_for 20 not pgrep -u pat -f '^sleep 600'
is "$(head -n 1 "$asked")" "--dir ${socket%/*} -q register --no-start --no-wait --scan" \
    'it was to register what it finds, and to wait for nobody'
# early WORD: a client, until what looks for logins has come so far.
early() {
    start early pat SSH_AUTH_SOCK="$socket" timeout 60 ssh-add -l
    wait_for 20 grep -q "$1" "$asked"
}
another() {
    early waited
    asks
}
hangs another
ok 'nor where another client comes meanwhile' wait_for 20 not pgrep -u pat -f '^sleep 600'
ends() {
    early waited
}
hangs ends
ok 'nor where relayd ends meanwhile' wait_for 20 not pgrep -u pat -f '^sleep 600'

finish
