#!/bin/sh
# SPDX-License-Identifier: MIT
# The newest login's agent has a person at its prompt: whoever needs it waits for that person, and
# is not sent elsewhere, though another login is at hand.

. "$(dirname "$0")/lib.sh"
world sshd strace
sshd 22
far home
account bob

# busy NAME ACCOUNT: that account's newest login has an agent where the person takes long to say yes.
busy() {
    cat >"$E2E/askpass.$1" <<END
#!/bin/sh
touch '$E2E/shared/$1.asked'
while [ ! -e '$E2E/shared/$1.yes' ]; do sleep 0.05; done
END
    chmod 755 "$E2E/askpass.$1"
    start "agent.$1" laptop DISPLAY=none SSH_ASKPASS="$E2E/askpass.$1" ssh-agent -D -a "$1.agent"
    wait_for 20 answers "$1.agent" laptop
    add_key "$1" "$1"

    login "quick.$2" -l "$2"
    knows in_login "quick.$2" relayctl register
    login_from home "$1" -l "$2"
    knows in_login "$1" relayctl register
    add_key "$1" "$1.careful" -c
    as "$2" cp "$E2E/home/laptop/$1.careful.pub" key.pub

    trace "$(relay_pid "$2")" -e trace=connect -o "$E2E/connects.$1"
}

# client NAME ACCOUNT COMMAND...: in the background.
client() {
    client=$1
    with=$2
    shift 2
    start "$client" "$with" SSH_AUTH_SOCK="$(agent_socket "$with")" timeout 120 "$@"
}

# clients NAME ACCOUNT: one that signs, and one that lists while the person is asked.
clients() {
    client "sign.$1" "$2" sh -c 'ssh-keygen -Y sign -n file -f key.pub <key.pub >signature'
    wait_for 20 test -e "$E2E/shared/$1.asked"
    client "list.$1" "$2" ssh-add -l
}

busy eight pat
busy twenty bob
clients eight pat
clients twenty bob
began=$(date +%s)

# says ACCOUNT SECONDS: a pattern. After five times patience they would be elsewhere, if it were
# not for the person at the prompt.
says() {
    as "$1" relayctl status | grep -Eq "no answer for $2 s, connection up: a prompt on the laptop\?"
}

connected_twice() {
    cat "$E2E/connects.$1"
    [ "$(grep -c AF_UNIX "$E2E/connects.$1")" -eq 2 ]
}

# arrives_at NAME ACCOUNT
arrives_at() {
    ok "$1: the first client waits for its signature" not gone "$(pid "sign.$1")"
    ok "$1: the second waits for the same agent" not gone "$(pid "list.$1")"
    touch "$E2E/shared/$1.yes"
    ok "$1: the signature arrives" wait_for 30 gone "$(pid "sign.$1")"
    note "after $(($(date +%s) - began)) s"
    ok "$1: and is good" as "$2" sh -c 'ssh-keygen -Y check-novalidate -n file -s signature <key.pub'
    ok "$1: so does the list" wait_for 30 gone "$(pid "list.$1")"
    is "$(names <"$E2E/log/list.$1" | head -n 1)" "$1" "$1: of the same agent"
    ok "$1: the relay has made a connection for each of the two, and no other" connected_twice "$1"
    is "$(status "$2" state | xargs)" 'alive alive' "$1: nobody is called silent"
}
ok 'after eight seconds status says why nothing comes' wait_for 20 says pat '([89]|[0-9]{2,})'
arrives_at eight pat
ok 'after twenty it still does' wait_for 30 says bob '([2-9][0-9]|[0-9]{3,})'
arrives_at twenty bob

finish
