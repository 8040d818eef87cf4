#!/bin/sh
# SPDX-License-Identifier: MIT
# What one more client costs does not grow: not with those that ask at the same time, nor with the
# logins there are, or are silent.

. "$(dirname "$0")/lib.sh"
not_in_valgrind 'it counts seconds of the processor'
world sshd strace valgrind
sshd 22
far home
account bob
account carol
account dave
account erin
account frank
login_from home real
connection=$(connection real)

# --- first signatures, all at once, at a login that nobody has heard from

relay pat
daemon=$(relay_pid pat)
# shellcheck disable=SC2016
start agent pat sh -c 'ulimit -n "$(ulimit -H -n)" && exec ssh-agent -D -a agent'
wait_for 20 answers agent pat
sessions() {
    [ "$(as pat relayctl status --json | sed -n 's/^  "sessions": \([0-9]*\),$/\1/p')" -eq "$1" ]
}
# signatures N: leaves in $us how many microseconds of the processor the relay needed for so many.
signatures() {
    as pat relayctl unregister --all
    kill -s STOP "$(pid agent)"
    wait_for 20 as pat relayctl register --no-wait agent >/dev/null
    read -r began _ <"/proc/$daemon/schedstat"
    as pat ask -n "$1" -t 120 "$(agent_socket pat)" sign >"$E2E/got" &
    wait_for 60 sessions "$1"
    kill -s CONT "$(pid agent)"
    wait "$!"
    wait_for 60 sessions 0
    read -r ended _ <"/proc/$daemon/schedstat"
    us=$(((ended - began) / 1000))
    is "$(cat "$E2E/got")" "$1 of $1 answered" "$1 clients want a first signature at once: all are answered"
    note "for each the relay needs $((us / $1)) microseconds of the processor"
}
signatures 500
few=$us
signatures 4000
# Eight times as many: eight times as long, and sixty-four times if each looked at all others.
ok 'one needs as much of the processor among 4000 as among 500, or little more' test "$us" -lt $((few * 24))

# --- silent logins, whose links may tell of their return

# has ACCOUNT NAME BEHAVIOUR [CONNECTION]: a login. Without a connection its link is never asked.
has() {
    start "$1.$2" "$1" fake-agent -n "$2" "$3" "$2"
    wait_for 20 test -S "$E2E/home/$1/$2"
    set -- "$3" as "$1" SSH_AUTH_SOCK="$E2E/home/$1/$2" ${4:+"SSH_CONNECTION=$4"} relayctl register
    case $1 in
    good) shift && knows "$@" ;;
    *) shift && answer "$@" ;;
    esac
}
# sockets ACCOUNT FILE: those that its relay makes from now on, each with the time.
sockets() {
    trace "$(pid "relay.$1")" -ttt -e trace=socket -o "$2"
}
# untraced NAME: what is traced is ended after its tracer, for leaks are not found in it before.
untraced() {
    kill "$tracer"
    wait "$tracer" || :
    end "$1"
}
# looks FILE: how often a link was asked.
looks() {
    grep -c AF_NETLINK "$1"
}
# is_asked ACCOUNT FILE: whether a link was, for one client more. What the status has just asked is as good.
is_asked() {
    keys "$1" >/dev/null
    [ "$(looks "$2" || :)" -ge 1 ]
}
# rushes FILE: whether links were asked more often than each quarter of a second, since the line $seen. Not from one
# time to the next: on a busy host what lies between taking the time and asking is now more, now less.
rushes() {
    tail -n "+$((seen + 1))" "$1" | awk '/AF_NETLINK/ { if (!n++) first = $1; last = $1 }
        END { if (n > (last - first) / 0.25 + 2) print n " in " last - first " s" }' | grep .
}
# calmly FILE COMMAND...: whether the command can be done without that. It has links asked more often where a login
# that is to serve keeps it waiting, as a busy host does now and then.
calmly() {
    traced_in=$1
    shift
    for _ in 1 2 3 4 5; do
        seen=$(wc -l <"$traced_in")
        "$@"
        rushes "$traced_in" || return 0
    done
    return 1
}
twenty_of() {
    for _ in $(seq 20); do
        keys "$1"
    done >"$E2E/got"
}
three_hundred_of() {
    for _ in 1 2 3; do
        as "$1" ask -n 100 -t 60 "$(agent_socket "$1")" list
    done >"$E2E/got"
}

relay bob
for n in $(seq 64); do
    has bob "$n" closing "$connection"
done
has bob good good
of_bob() {
    [ "$(status bob state | sort | uniq -c | xargs)" = '1 alive 64 silent' ]
}
ok 'of 65 logins 64 are silent' wait_for 60 of_bob
is "$(status bob link | sort | uniq -c | xargs)" '1 unknown 64 up' 'and the link of each of them is known'
sockets bob "$E2E/trace.bob"
ok 'twenty clients come, and links are never asked more often than each quarter of a second' \
    calmly "$E2E/trace.bob" twenty_of bob
is "$(uniq -c "$E2E/got" | xargs)" '20 good' 'twenty clients are served'
note "a link was asked $(looks "$E2E/trace.bob" || :) times"
ok 'a link was asked' wait_for 20 is_asked bob "$E2E/trace.bob"

relay carol
has carol one closing "$connection"
has carol good good
sockets carol "$E2E/trace.carol"
ok 'three hundred clients come, and a link is never asked more often than each quarter of a second' \
    calmly "$E2E/trace.carol" three_hundred_of carol
is "$(uniq -c "$E2E/got" | xargs)" '3 100 of 100 answered' 'one is silent: all of them are served'
note "its link was asked $(looks "$E2E/trace.carol" || :) times"
ok 'its link was asked' wait_for 20 is_asked carol "$E2E/trace.carol"

# --- a mute login, and all who wait for it

relay dave
has dave good good
has dave mute good "$connection"
kill -s STOP "$(pid dave.mute)"
sockets dave "$E2E/trace.dave"
time_of as dave ask -n 100 -t 60 "$(agent_socket dave)" list >"$E2E/got"
is "$(cat "$E2E/got")" '100 of 100 answered' 'the newest is mute, its link up: a hundred clients are served by an older one'
note "after $took ms; the link was asked $(looks "$E2E/trace.dave") times"
ok 'they waited' test "$took" -ge 5000
ok 'and had its link asked no more often than ten of them would' \
    test "$(looks "$E2E/trace.dave")" -le $((took / 100 + 2))

# --- a living login, whose link is known

relay erin
has erin good good "$connection"
sockets erin "$E2E/trace.erin"
for _ in $(seq 20); do
    keys erin
done >"$E2E/got"
is "$(uniq -c "$E2E/got" | xargs)" '20 good' 'one login is there, and alive: twenty clients are served'
# A client that a busy host keeps waiting has it asked.
unasked() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        asked=$(looks "$E2E/trace.erin" || :)
        keys erin >/dev/null
        [ "$(looks "$E2E/trace.erin" || :)" != "$asked" ] || return 0
    done
    return 1
}
note "its link was asked $(looks "$E2E/trace.erin" || :) times"
ok 'its link is not asked for that' unasked
untraced relay.erin

# --- many logins that have stopped to answer, all met by one client

relay frank
# shellcheck disable=SC2016
start frank.agents frank sh -c 'for n in $(seq 30); do fake-agent -a 0.02 closing "$n" & done; wait'
has_sockets() {
    [ "$(find "$E2E/home/$1" -name '[0-9]*' -type s | wc -l)" -eq "$2" ]
}
wait_for 60 has_sockets frank 30
pkill -USR2 -P "$(pid frank.agents)" # they are good ones
# shellcheck disable=SC2016
as frank sh -c 'for n in $(seq 30); do relayctl register -q "$n" || :; done'
of_frank() {
    [ "$(status frank state | uniq -c | xargs)" = '30 alive' ]
}
ok 'thirty logins are alive' wait_for 60 of_frank
pkill -USR1 -P "$(pid frank.agents)"
trace "$(pid relay.frank)" -e trace=rename,renameat,renameat2 -o "$E2E/trace.frank"
time_of as frank ask -t 60 "$(agent_socket frank)" list >"$E2E/got" || :
saved=$(as frank relayctl path | xargs dirname)/upstreams
are_saved() {
    [ "$(grep -c '^state=2$' "$saved")" -eq 30 ]
}
ok 'they close, and a client has met each of them: that is saved' wait_for 20 are_saved
saves=$(grep -c upstreams "$E2E/trace.frank")
note "it took $took ms; the logins were saved $saves times"
ok 'and not for each of them' test "$saves" -le $((took / 250 + 3))
untraced relay.frank

# --- the same login alone, and behind hundreds

# counted_relay ACCOUNT: one whose instructions are counted, anew from each request to it.
counted_relay() {
    start "relay.$1" "$1" valgrind --tool=callgrind --callgrind-out-file=counted \
        --dump-before=proto_parse relayd
    wait_for 60 served "$1"
}
# count_instructions ACCOUNT: leaves in $count what 100 clients cost that come one by one. The least of
# five times: a relay that is interrupted looks more often.
count_instructions() {
    socket=$(agent_socket "$1")
    count=
    for _ in 1 2 3 4 5; do
        # shellcheck disable=SC2016
        as "$1" sh -c '
            request() { ask -s "${0%/*}/control.sock" text:count; }
            request
            for _ in $(seq 100); do ask "$0" list; done
            request' "$socket" >/dev/null
        once=$(sed -n 's/^totals: //p' "$(find "$E2E/home/$1" -name 'counted.*' | sort -V | tail -n 1)")
        [ "${count:-$once}" -lt "$once" ] || count=$once
    done
}
# has_many ACCOUNT N BEHAVIOUR CONNECTION
has_many() {
    # shellcheck disable=SC2016
    start "many.$1" "$1" sh -c 'for n in $(seq "$0"); do fake-agent "$1" "$n" & done; wait' "$2" "$3"
    wait_for 60 has_sockets "$1" "$2"
    # shellcheck disable=SC2016
    as "$1" SSH_CONNECTION="$4" sh -c \
        'for n in $(seq "$0"); do SSH_AUTH_SOCK=$HOME/$n relayctl register -q || :; done' "$2"
}
# all_are FIELD WANTED: what erin's logins have in it, counted.
all_are() {
    [ "$(status erin "$1" | uniq -c | xargs)" = "$2" ]
}

if has_sanitizers; then
    skip 3 'the sanitizers have instructions of their own'
else
    counted_relay erin
    count_instructions erin
    alone=$count
    has_many erin 255 closing "$connection"
    # valgrind is slow, and on a busy host too slow to be waited for each time.
    ok 'of 256 logins 255 are silent' wait_for 60 all_are state '1 alive 255 silent'
    ok 'and the link of each of them is known' wait_for 60 all_are link '256 up'
    count_instructions erin
    note "a client costs $((count / 100)) instructions, and $((alone / 100)) where nobody is silent"
    # If each walked their list, were it only to pass them over: a sixth more.
    ok 'a client costs hardly more than where nobody is' test $((count * 10)) -le $((alone * 11))
    end relay.erin
fi

finish
