#!/bin/sh
# The newest login's agent has a person at its prompt: whoever needs it waits for that person, and
# is not sent elsewhere, though another login is at hand.

. "$(dirname "$0")/lib.sh"
world sshd strace
sshd 22
far home
account bob

# busy NAME ACCOUNT SECONDS: that account's newest login has an agent where the person takes so
# long to say yes.
busy() {
    cat >"$E2E/askpass.$1" <<END
#!/bin/sh
touch '$E2E/shared/$1.asked'
sleep $3
END
    chmod 755 "$E2E/askpass.$1"
    start "agent.$1" laptop DISPLAY=none SSH_ASKPASS="$E2E/askpass.$1" ssh-agent -D -a "$1.agent"
    wait_for 20 test -S "$E2E/home/laptop/$1.agent"
    add_key "$1" "$1"

    login "quick.$2" -l "$2"
    in_login "quick.$2" relayctl register >/dev/null
    login_from home "$1" -l "$2"
    in_login "$1" relayctl register >/dev/null
    add_key "$1" "$1.careful" -c
    as "$2" cp "$E2E/home/laptop/$1.careful.pub" key.pub

    strace -qq -p "$(relay_pid "$2")" -e trace=connect -o "$E2E/connects.$1" 2>/dev/null &
    wait_for 20 traced "$(relay_pid "$2")"
}
traced() {
    ! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$1/status"
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

busy eight pat 8
busy twenty bob 20
clients eight pat
clients twenty bob
began=$(date +%s)

# After five times patience: without the person at the prompt they would be elsewhere by now.
says() {
    as pat relayctl status | grep -Eq "$1"
}
ok 'status says why nothing comes' \
    wait_for 20 says 'no answer for [6-7] s, connection up: a prompt on the laptop\?'
for name in eight twenty; do
    ok "$name: the first client waits for its signature" not gone "$(pid "sign.$name")"
    ok "$name: the second waits for the same agent" not gone "$(pid "list.$name")"
done

# arrives_at NAME ACCOUNT
arrives_at() {
    ok "$1: the signature arrives" wait_for 30 gone "$(pid "sign.$1")"
    note "after $(($(date +%s) - began)) s"
    ok "$1: and is good" as "$2" sh -c 'ssh-keygen -Y check-novalidate -n file -s signature <key.pub'
    ok "$1: so does the list" wait_for 30 gone "$(pid "list.$1")"
    is "$(names <"$E2E/log/list.$1" | head -n 1)" "$1" "$1: of the same agent"
    is "$(grep -c AF_UNIX "$E2E/connects.$1")" 2 \
        "$1: the relay has made a connection for each of the two, and no other"
    is "$(status "$2" state | xargs)" 'alive alive' "$1: nobody is called silent"
}
arrives_at eight pat
arrives_at twenty bob

finish
