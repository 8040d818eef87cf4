#!/bin/sh
# SPDX-License-Identifier: MIT
# What status says of the shell, the program and the links of who looks at it, each with the line that
# mends it; and the status in a few words, for a prompt.

. "$(dirname "$0")/lib.sh"
world script fish strace
home=$E2E/home/pat
program=$E2E/shared/relayd
version=$(relayd --version)
version=${version#* }

# looks [NAME=VALUE...]: what pat's shell shows of the status on a terminal, all notices in one line.
looks() {
    as pat "$@" script -qec 'stty cols 120; relayctl status' /dev/null </dev/null | tr -d '\r' |
        sed 's/\x1b\[[0-9]*m//g' | sed -n '/^ ! /,$p' | xargs -d '\n' | tr -s ' '
}

is "$(as pat timeout 20 relayctl status --short)" 'no relayd' 'in a few words: no relayd'
is "$(as pat timeout 20 relayctl status --short 2>&1 >/dev/null || echo $?)" 2 'and no other, but the exit status'
install -m 755 "$(command -v relayd)" "$program"
start relay pat "$program"
wait_for 20 served pat
socket=$(agent_socket pat)
# It waits for the relay no longer than 200 ms, and for one that was late once 60.
short() {
    said=$(as pat relayctl status --short) && result=0 || result=$?
    printf '%s: %s\n' "$result" "$said" | grep -Ex -- "$1"
}
ok 'no login, with the exit status of the long form' wait_for 20 short '1: no login'

# The shell.
is "$(looks SSH_AUTH_SOCK="$socket")" '' 'a shell that uses the relay: nothing is said'
as pat ln -s "$socket" here
is "$(looks SSH_AUTH_SOCK="$home/here")" '' 'nor where it does by a link'
# shellcheck disable=SC2016
line='eval "$(relayctl env)"'
is "$(looks)" " ! this shell does not use relayd: $line" 'one that has no agent: the line that mends it'
like "$(looks SSH_AUTH_SOCK=/tmp/ssh-x/agent.1)" 'eval "\$\(relayctl env --register\)"$' \
    'one that has another agent: that is registered as well'
start good pat fake-agent -n good good good
wait_for 20 test -S "$home/good"
wait_for 20 as pat relayctl register --quiet --label laptop good
is "$(looks SSH_AUTH_SOCK="$home/good")" " ! this shell does not use relayd: $line" 'where it is, it need not be'
as pat SHELL=/usr/bin/fish fish -c 'script -qec "relayctl status" /dev/null' </dev/null | tr -d '\r' >"$E2E/shared/screen"
like "$(cat "$E2E/shared/screen")" 'relayctl env \| source|eval' 'there is a line where fish asks'
is "$(as pat SHELL=/usr/bin/fish fish -c 'relayctl status --json' | grep -c cure)" 0 'a program that asks is no shell'
is "$(as pat relayctl status | grep -c 'this shell' || :)" 0 'nor is a script'
mended=$(as pat bash -c "$line; echo \$SSH_AUTH_SOCK")
is "$mended" "$socket" 'the line does mend it'

# Links.
as pat mkdir -p .ssh
as pat ln -s /tmp/ssh-XXXX/agent.7 .ssh/ssh_auth_sock
# shellcheck disable=SC2016
is "$(looks SSH_AUTH_SOCK="$socket")" \
    ' ! ~/.ssh/ssh_auth_sock leads to /tmp/ssh-XXXX/agent.7, and not to relayd: ln -sfn "$(relayctl path)" ~/.ssh/ssh_auth_sock' \
    'a link for the agent that leads elsewhere'
as pat bash -c "$(looks SSH_AUTH_SOCK="$socket" | sed 's/.*relayd: //')"
is "$(looks SSH_AUTH_SOCK="$socket") $(readlink "$home/.ssh/ssh_auth_sock")" " $socket" 'its line mends it'
as pat ln -s /etc/passwd .ssh/other
as pat ln -s "$home/.ssh/ssh_auth_sock" agent
# shellcheck disable=SC2016
as pat ln -s nowhere '.ssh/auth sock $(x)'
is "$(looks SSH_AUTH_SOCK="$socket")" '' 'other links are nothing to it, nor those that lead here by another'
is "$(as pat SSH_AUTH_SOCK="$socket" relayctl status --json | sed -n '/"notices"/,$p' | xargs)" 'notices: [] }' 'as JSON: an empty array'

# The program.
cp "$program" "$program.new"
mv "$program.new" "$program"
is "$(looks SSH_AUTH_SOCK="$socket")" \
    ' ! relayd runs an older program than is installed: relayctl stop && relayd --daemon' 'the program has been replaced'
rm "$program"
like "$(looks SSH_AUTH_SOCK="$socket")" "relayd's program has been removed" 'it has been removed'
like "$(as pat relayctl status --json)" '"text": "relayd'\''s program has been removed.*",$' 'as JSON too'
as pat relayctl stop
wait_for 20 gone "$(pid relay)"
# other_version LETTERS LETTER: a relayd of another version, which does not know the request `why`.
other_version() {
    LC_ALL=C sed "s/$version/$(printf '%s' "$version" | tr "$1" "$2")/g; s/\x00why\x00/\x00old\x00/g" "$(command -v relayd)" >"$program"
    chmod 755 "$program"
    start relay pat "$program"
    wait_for 20 served pat
}
other_version 1-9 0
like "$(looks SSH_AUTH_SOCK="$socket")" " ! relayd is [0.]+, relayctl $version: it runs an older program: relayctl stop && relayd --daemon$" \
    'relayd is of an older version: how to start it anew'
end relay
other_version 0-8 9
like "$(looks SSH_AUTH_SOCK="$socket")" " ! relayd is [9.]+, relayctl $version: another relayctl was installed with it$" \
    'of a newer one: relayctl is the one that is old'
is "$(as pat relayctl register good 2>&1 | grep -c version || :)" 0 'a command that it understands does not speak of that'
like "$(as pat relayctl why 2>&1 | xargs)" 'unknown verb: why relayd is of another version: relayctl status tells of which$' \
    'one that it does not understand does'

# A few words.
ok 'in a few words: who serves' wait_for 20 short '0: laptop'
start mute pat fake-agent silent mute
wait_for 20 test -S "$home/mute"
wait_for 20 as pat relayctl register --quiet --no-wait --label 'new laptop' mute
like "$(keys pat)" good 'a client is served in spite of a newer login that is mute'
ok 'who serves, and who ought to' wait_for 20 short '0: laptop \(new laptop silent [0-9]+ s\)'
as pat relayctl pause
ok 'paused' wait_for 20 short '[0-9]+: paused'
as pat relayctl resume
kill -s STOP "$(pid relay)"
is "$(as pat relayctl status --short || :)" 'relayd hangs' 'relayd hangs'
ok 'a prompt is not kept by that' within $((1000 * slower)) as pat relayctl status --short
kill -s CONT "$(pid relay)"
# What takes its time are system calls: as many whatever else the host does.
calls() {
    as pat strace -qq -o calls relayctl "$@" >/dev/null
    wc -l <"$home/calls"
}
few() {
    [ "$(calls status --short)" -lt $(($(calls --version) + 40)) ]
}
if has_sanitizers || in_valgrind; then
    skip 1 'sanitizers and valgrind make calls of their own'
else
    ok 'it makes few calls' wait_for 20 few
fi

# Its socket.
# The relay would make it again, before the directory is there.
kill -s STOP "$(pid relay)"
rm "$socket"
mkdir "$socket"
kill -s CONT "$(pid relay)"
like "$(as pat relayctl status --json)" '"text": "a directory stands where the socket should be' 'a directory in its place is in JSON too'
ok 'and in a few words' wait_for 20 short '[0-9]+: socket obstructed'
rmdir "$socket"

finish
