#!/bin/sh
# SPDX-License-Identifier: MIT
# A relay that hangs holds a login up for a second at most, however often that asks for it: from rc,
# from the files of its shell, from a prompt.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it compares milliseconds with those of a login without the relay'
world sshd zsh
sshd 22
agent one

# person ACCOUNT SHELL [OPTION...]: an account that setup has arranged, and its relay.
person() {
    account "$1" "$(command -v "$2")"
    whose=$1
    shift 2
    as "$whose" touch .zshrc
    relay "$whose"
    as "$whose" relayctl setup --yes "$@" >"$E2E/log/setup.$whose" 2>&1 || :
}
# true_of ACCOUNT, shell_of ACCOUNT: a login that ends at once.
true_of() {
    as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -A "$1@localhost" true
}
shell_of() {
    printf 'exit\n' | as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -tt -A "$1@localhost"
}
# word ACCOUNT: the file that says that its relay did not answer.
word() {
    printf '%s/mute\n' "$(dirname "$(agent_socket "$1")")"
}
# first_login COMMAND ACCOUNT: leaves in $took the milliseconds of one that is the first to meet the
# relay.
first_login() {
    rm -f "$(word "$2")"
    time_of "$@" >"$E2E/log/login.$2" 2>&1
}
# held_up WHAT COMMAND ACCOUNT: what a relay that hangs adds to what the login takes otherwise. The
# noise of a busy host is not there each time, nor as long as a second wait would be.
held_up() {
    what=$1
    shift
    for _ in 1 2 3; do
        first_login "$@"
        printf '%d\n' "$took"
    done >"$E2E/own"
    own=$(sort -n "$E2E/own" | head -n 1)
    kill -s STOP "$(pid "relay.$2")"
    for _ in 1 2 3 4 5 6 7 8; do
        first_login "$@"
        [ $((took - own)) -gt 1500 ] || break
    done
    kill -s CONT "$(pid "relay.$2")"
    note "$what: $own ms, and $took ms with a relay that hangs"
    ok "$what: it is held up for a second at most" test $((took - own)) -le 1500
}

person bob bash
person carol zsh
person dave bash --every-shell
# shellcheck disable=SC2016
echo 'PS1="\$(relayctl status --short) $PS1"' >>"$E2E/home/dave/.bashrc"
held_up 'ssh host true' true_of bob
held_up 'bash' shell_of bob
held_up 'zsh' shell_of carol
held_up 'ssh host true, with --every-shell' true_of dave
held_up 'bash, with --every-shell and the status in its prompt' shell_of dave
like "$(cat "$E2E/log/login.dave")" 'relayd hangs .*ready>' 'which says so'

# --- who comes first waits, and who comes soon after does not

relay pat
word=$(word pat)
start good pat fake-agent good good
wait_for 20 test -S "$E2E/home/pat/good"
registers() {
    time_of as pat relayctl register --quiet --no-wait "$@" good || :
}
# A neighbour's noise makes a short wait long: so of two waits it is the difference that counts.
waits() {
    registers "$@"
    [ "$took" -ge 600 ]
}
hardly_waits() {
    for _ in 1 2 3 4 5; do
        waits || return 0
    done
    return 1
}
kill -s STOP "$(pid relay.pat)"
ok 'the first waits' waits
# Who leaves the word is not waited for by who asked.
ok 'it leaves word' wait_for 20 test -s "$word"
is "$(stat -c '%a %U' "$word")" '600 pat' 'for nobody else'
ok 'the next hardly waits' hardly_waits
time_of as pat relayctl status >/dev/null 2>&1 || :
ok 'a person waits as ever' test "$took" -ge 3000
time_of as pat relayctl register --quiet good || :
ok 'also for a verdict' test "$took" -ge 1000
registers --label late
kill -s CONT "$(pid relay.pat)"
has_label() {
    status pat label | grep -qx "$1"
}
ok 'what was asked meanwhile is done once the relay goes on' wait_for 20 has_label late
ok 'the word is there still' test -e "$word"
# One that is told of the word gives the relay so little time that on a busy host the next may have to.
forgives() {
    registers
    [ ! -e "$word" ]
}
ok 'the first answer takes it away' wait_for 20 forgives

# --- words that count for nothing

kill -s STOP "$(pid relay.pat)"
now=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
for said in 'an old one' 'one of another clock' 'nonsense' 'nothing'; do
    case $said in
    an*) echo $((now > 20000 ? now - 20000 : 0)) ;;
    one*) echo $((now + 3600000)) ;;
    nonsense) echo nonsense ;;
    nothing) ;;
    esac >"$E2E/word"
    cp "$E2E/word" "$word"
    chown pat:pat "$word"
    ok "$said: who comes next waits" waits
    wait_for 20 not cmp -s "$E2E/word" "$word"
done
leads_elsewhere() {
    as pat rm -f "$word"
    as pat ln -s "$E2E/home/pat/elsewhere" "$word" 2>/dev/null
}
wait_for 20 leads_elsewhere
ok 'a link to elsewhere: who comes next waits' waits
ok 'and nothing is written there' not test -e "$E2E/home/pat/elsewhere"
in_the_way() {
    as pat rm -f "$word"
    mkdir "$word" 2>/dev/null
}
wait_for 20 in_the_way
ok 'where no word can be left, who comes first waits' waits
ok 'and who comes next' waits
rmdir "$word"
kill -s CONT "$(pid relay.pat)"

finish
