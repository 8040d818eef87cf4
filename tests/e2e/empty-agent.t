#!/bin/sh
# SPDX-License-Identifier: MIT
# The newest login's agent has no keys, or is locked: an older login's keys are found behind it, by
# whoever asks for a list first; and nobody is asked for that who is not likely to answer.

. "$(dirname "$0")/lib.sh"
world sshd git
sshd 22
account bob
account carol
account dave
rc pat
patient pat

# empty_login NAME: pat logs in anew, with an agent without keys; registered.
empty_login() {
    start "agent.$1" laptop ssh-agent -D -a "$1.agent"
    wait_for 20 answers "$1.agent" laptop
    arrives "$1" -o IdentityFile=older -o IdentitiesOnly=yes
}
is_older_used() {
    is "$(keys pat)" older "$1: an older login's keys are listed"
    is "$(through pat ssh bob@localhost id -un 2>&1)" bob "$1: ssh gets in by them"
    like "$(through pat git ls-remote bob@localhost:repository 2>&1)" 'refs/heads/main$' "$1: so does git"
    through pat sh -c 'ssh-keygen -Y sign -n file -f older.pub <older.pub >signature' >/dev/null 2>&1 || :
    ok "$1: and a signature is made" as pat ssh-keygen -Y check-novalidate -n file -s signature <"$E2E/home/pat/older.pub"
}
lock() {
    as laptop ask "$1.agent" hex:1600000003616263
}
unlock() {
    as laptop ask "$1.agent" hex:1700000003616263
}

# shellcheck disable=SC2016
as bob sh -c 'git init -q --bare repository && git --git-dir=repository symbolic-ref HEAD refs/heads/main
    tree=$(git --git-dir=repository hash-object -w -t tree /dev/null)
    commit=$(GIT_AUTHOR_NAME=b GIT_AUTHOR_EMAIL=b GIT_COMMITTER_NAME=b GIT_COMMITTER_EMAIL=b \
        git --git-dir=repository commit-tree -m one "$tree")
    git --git-dir=repository update-ref refs/heads/main "$commit"'
arrives older
as pat cp "$E2E/home/laptop/older.pub" .
empty_login phone
is "$(status pat keys | xargs)" 'null null' 'nobody has listed keys: how many there are is not known'
is_older_used 'an empty agent'
is "$(status pat keys | xargs)" '0 1' 'status tells how many keys each login has'
like "$(as pat relayctl status)" 'alive, [0-9.]+ ms, no keys' 'and that the newest has none'

add_key phone late
is "$(keys pat)" late 'a key comes to the empty one: it is listed from then on'
lock phone >"$E2E/got"
is "$(cat "$E2E/got")" '6 1' 'its person locks it'
is_older_used 'a locked agent'
unlock phone >"$E2E/got"
is "$(keys pat)" late 'unlocked, it is the newest again'
as laptop SSH_AUTH_SOCK=phone.agent ssh-add -q -D
lock older >"$E2E/got"
is "$(keys pat)" 'The agent has no identities.' 'one empty and one locked: there are none'
unlock older >"$E2E/got"
is "$(keys pat)" older 'unlocked, the older one is found'
is "$(status pat state | xargs)" 'alive alive' 'both are alive, all the while'

# --- who is asked

relay carol
agents=$E2E/home/carol
# has NAME BEHAVIOUR [OPTION...]: a login of carol's; it counts what it is asked.
has() {
    new=$1
    behaviour=$2
    shift 2
    start "$new" carol fake-agent -c "$new.asked" -n "$new" "$@" "$behaviour" "$new"
    wait_for 20 test -S "$agents/$new"
    wait_for 20 as carol relayctl register --no-wait "$new" >/dev/null
}
# state NAME: of that login.
state() {
    as carol "$(plain_relayctl)" status --json | sed -n "/\"path\": \".*\/$1\"/,/\"state\"/s/.*\"state\": \"\(.*\)\",/\1/p"
}
state_is() {
    [ "$(state "$1")" = "$2" ]
}
# counted: how many questions each has had.
counted() {
    (cd "$agents" && wc -l -- *.asked | sed '/total/d')
}
lists() {
    time_of keys carol >"$E2E/got"
    cat "$E2E/got"
}

has keyed good
has mute silent -p
wait_for 20 state_is mute alive
is "$(lists)" keyed 'the newest is mute: an older one serves'
ok 'and the mute one is silent' state_is mute silent
has asking once -p
wait_for 20 state_is asking alive
start signs carol ask -t 600 "$(agent_socket carol)" list sign
wait_for 20 grep -q '^13 ' "$agents/asking.asked"
has untried silent
wait_for 20 test -s "$agents/untried.asked"
has empty good -k 0
wait_for 20 state_is empty alive
counted >"$E2E/before"
like "$(cat "$E2E/before")" 'untried' 'now there are one without keys, one that never answered, one at a prompt, a mute one, and one with keys'
is "$(lists)" keyed 'the list with keys is found'
ok 'at once' within 1000 keys carol
counted | sed '/ \(keyed\|empty\)\.asked/d' >"$E2E/after"
sed -i '/ \(keyed\|empty\)\.asked/d' "$E2E/before"
is "$(cat "$E2E/after")" "$(cat "$E2E/before")" 'and of the others none was asked'
is "$(state empty) $(state mute) $(state untried)" 'alive silent untried' 'nor is another called alive or silent'

as carol relayctl unregister "$agents/keyed" >/dev/null
is "$(lists)" 'The agent has no identities.' 'no other has keys: so says the answer'
ok 'at once' within 1000 keys carol
counted | sed '/ \(keyed\|empty\)\.asked/d' >"$E2E/after"
is "$(cat "$E2E/after")" "$(cat "$E2E/before")" 'and still none of them was asked'
end signs

# --- for how long

relay dave
agents=$E2E/home/dave
for name in slow empty; do
    start "$name.dave" dave fake-agent -p -n "$name" -k "$([ $name = slow ] && echo 1 || echo 0)" \
        "$([ $name = slow ] && echo silent || echo good)" "$name"
    wait_for 20 test -S "$agents/$name"
    knows as dave relayctl register "$name"
done
time_of keys dave >"$E2E/got"
is "$(cat "$E2E/got")" 'The agent has no identities.' 'the other is mute: the empty list is the answer'
ok 'after one patience' test "$took" -ge 900
ok 'and no more' test "$took" -lt $((4500 * slower))
note "after $took ms"
ok 'the next client does not wait' within 800 keys dave

finish
