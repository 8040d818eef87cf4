#!/bin/sh
# SPDX-License-Identifier: MIT
# The ping as real agents see it: a question like others, which they refuse, and then serve on.

. "$(dirname "$0")/lib.sh"
world gpg-agent
relay pat
home=$E2E/home/pat
ping=extension:ping@relayd.invalid

# seen NAME SOCKET: what that agent makes of it, without the relay and then with it.
seen() {
    is "$(as pat ask "$2" "$ping" list "$ping" list | cut -d' ' -f1 | xargs)" '5 12 5 12' \
        "$1: answers each ping with one failure, and serves on"
    ok "$1: is registered" as pat relayctl register "$2"
    ok "$1: is alive, its round trip is known" wait_for 20 is_alive
    is "$(keys pat)" "$1" "$1: serves"
    ok "$1: signs" through pat ssh-keygen -q -Y sign -n file -f "$1.pub" key
    as pat rm -f key.sig
}
# is_alive: who registers it waits for the verdict no longer than a second.
is_alive() {
    matches "$(status pat state | head -n 1) $(status pat rtt_ms | head -n 1)" '^alive [0-9.]+$'
}
as pat touch key

start agent pat ssh-agent -D -a ssh.agent
wait_for 20 answers ssh.agent pat
as pat ssh-keygen -q -t ed25519 -N '' -C ssh-agent -f ssh-agent
as pat SSH_AUTH_SOCK=ssh.agent ssh-add -q ssh-agent
seen ssh-agent "$home/ssh.agent"

# gpg-agent asks for a passphrase to protect a new key with.
cat >"$E2E/shared/pinentry" <<'END'
#!/bin/sh
echo 'OK'
while read -r command rest; do
    [ "$command" != GETPIN ] || echo 'D secret'
    echo 'OK'
    [ "$command" != BYE ] || exit 0
done
END
chmod 755 "$E2E/shared/pinentry"
as pat gpg-agent --daemon --enable-ssh-support --pinentry-program "$E2E/shared/pinentry" 2>/dev/null
socket=$(as pat gpgconf --list-dirs agent-ssh-socket)
wait_for 20 test -S "$socket"
as pat ssh-keygen -q -t ed25519 -N '' -C gpg-agent -f gpg-agent
as pat SSH_AUTH_SOCK="$socket" ssh-add -q gpg-agent
seen gpg-agent "$socket"

# Another relay, which leads to the first. To that its pings are another's, and go on to an agent.
start fake pat fake-agent -n fake -c count good fake
wait_for 20 test -S "$home/fake"
wait_for 20 as pat relayctl register fake >/dev/null
wait_for 20 is_alive
first=$(agent_socket pat)
second=$home/second
start second pat relayd --verbose --dir "$second"
wait_for 20 test -S "$second/control.sock"
pings() {
    grep -c '^27 ' "$home/count"
}
before=$(pings)
wait_for 20 as pat relayctl --dir "$second" register "$first" >/dev/null
answers() {
    as pat relayctl --dir "$second" status | grep -Eq 'alive, [0-9.]+ ms'
}
ok 'a relay: is alive, its round trip is known' wait_for 20 answers
is "$(pings)" $((before + 1)) 'a relay: the agent behind it saw one ping more'
is "$(as pat ask "$second/agent.sock" list sign | xargs)" '12 68 14 9' 'a relay: serves and signs'
is "$(pings)" $((before + 1)) 'a relay: and no ping was needed for that'
is "$(status pat state | sort -u)" alive 'nobody is taken for a loop'

finish
