#!/bin/sh
# SPDX-License-Identifier: MIT
# What a relay costs where the agent is far away: real sshd and `ssh -A`, the laptop 25 ms away, one way;
# ten times as far where the round trips of a login are counted.
# And what a login costs that is registered. `bench` runs this and reads its lines of data; what else it
# says is TAP.

export E2E_ALSO='bench/load bench/floor bench/duties'
rounds=${ROUNDS-11}
. "$(dirname "$0")/../e2e/lib.sh"
world sshd
proxyd=/usr/lib/systemd/systemd-socket-proxyd

# data CASE PROGRAM VALUE UNIT
data() {
    printf 'data\t%s\t%s\t%s\t%s\n' "$@"
}

# asks CASE ACCOUNT PROGRAM SOCKET MODE QUESTION: one client, its time in ms or what happened.
asks() {
    data "$1" "$3" "$(as "$2" load -t "$patience" "$5" "$4" 1 "$6" | awk -v t="$patience" '
        $1 == "ns" { printf "%.2f\n", $2 / 1e6 }
        $1 == "failed" { print $2 == "hung" ? "hung for " t " s" : $2 }')" ms
}

# far_from ACCOUNT NAME MS [SSH-OPTION...]: a login that is so far away, one way.
far_from() {
    far_account=$1
    far_name=$2
    away=$3
    shift 3
    login "$far_name" -l "$far_account" -o ProxyCommand="delay $away localhost 22" "$@"
}

sshd 22
for name in bob carol dave erin; do
    account "$name"
done
patience=20

# --- over a line of 25 ms

far_from pat distant 25
target=$(upstream distant)
home=$E2E/home/pat
programs='direct floor duties relayd'
start floor pat floor floor.sock "$target"
start duties pat duties duties.sock "$target"
relay pat
in_login distant relayctl register >/dev/null
if [ -x "$proxyd" ] && have systemd-socket-activate; then
    start proxyd pat systemd-socket-activate -l "$home/proxyd.sock" "$proxyd" "$target"
    programs="$programs proxyd"
fi
if have socat; then
    start socat pat socat UNIX-LISTEN:socat.sock,fork UNIX-CONNECT:"$target"
    programs="$programs socat"
fi

# An agent on the host itself: what an onward login takes without any way to the agent.
start near pat ssh-agent -D -a near.sock
wait_for 20 test -S "$home/near.sock"
install -o pat -m 600 "$E2E/home/laptop/distant" "$home/key"
as pat SSH_AUTH_SOCK=near.sock ssh-add -q key
rm "$home/key"

# socket PROGRAM
socket() {
    case $1 in
    direct) printf '%s\n' "$target" ;;
    relayd) agent_socket pat ;;
    *) printf '%s\n' "$home/$1.sock" ;;
    esac
}
for program in $programs; do
    wait_for 20 test -S "$(socket "$program")"
done

onward() {
    as pat SSH_AUTH_SOCK="$1" ssh bob@localhost true
}
sign=$(sign_question "$E2E/home/laptop/distant.pub")
for _ in $(seq "$rounds"); do
    # shellcheck disable=SC2086
    for program in $(shuf -e $programs near); do
        if [ "$program" != near ]; then
            asks 'list over 25 ms' pat "$program" "$(socket "$program")" session list
            asks 'sign over 25 ms' pat "$program" "$(socket "$program")" question "$sign"
        fi
        time_of onward "$(socket "$program")"
        data 'onward login over 25 ms' "$program" "$took" ms
    done
done

# Whether relayd asks anything of its own: all that the laptop's agent is asked meanwhile.
start agent.counted laptop fake-agent -c "$E2E/shared/questions" good counted.agent
wait_for 20 test -S "$E2E/home/laptop/counted.agent"
# It cannot sign: the key for the login is a file.
far_from pat counted 25 -i distant -o IdentitiesOnly=yes
in_login counted relayctl register >/dev/null
wait_for 20 newest pat "$(upstream counted)"
for program in direct relayd; do
    counted=$(upstream counted)
    [ "$program" = direct ] || counted=$(agent_socket pat)
    before=$(grep -c . "$E2E/shared/questions")
    as pat load session "$counted" 5 list >/dev/null
    data 'questions at the agent, in five sessions' "$program" $(($(grep -c . "$E2E/shared/questions") - before)) questions
done

# --- the round trips of an onward login

# A login takes as long as the machine is busy. Over 25 ms that is as much as a round trip or two; here it is
# less than half of one.
as pat relayctl unregister --all >/dev/null
far_from pat remote 250
in_login remote relayctl register >/dev/null
is_alive() {
    [ "$(status pat state)" = alive ]
}
wait_for 20 is_alive
for _ in $(seq "$rounds"); do
    for program in $(shuf -e direct relayd); do
        [ "$program" = direct ] && remote=$(upstream remote) || remote=$(agent_socket pat)
        time_of onward "$remote"
        data 'onward login over 250 ms' "$program" "$took" ms
    done
done
logout remote

# --- a login, with rc and without

relay carol
rc carol
login_of() {
    as laptop SSH_AUTH_SOCK=distant.agent ssh -A "$1@localhost" true
}
for name in carol dave; do
    login_of "$name"
done
for _ in $(seq "$rounds"); do
    for name in $(shuf -e carol dave); do
        time_of login_of "$name"
        [ "$name" = carol ] && program=relayd || program=direct
        data 'a login, relayd in its rc' "$program" "$took" ms
    done
done

# --- the newest login's link is down

far home
far_from erin older 25
login_from home newest -l erin
relay erin
in_login older relayctl register >/dev/null
older=$(upstream older)
cuts=3
[ "$rounds" -ge 3 ] || cuts=$rounds
for _ in $(seq "$cuts"); do
    in_login newest relayctl register >/dev/null
    wait_for 20 newest erin "$(upstream newest)"
    as erin load session "$(agent_socket erin)" 1 list >/dev/null
    cut_link home
    asks 'first answer, newest link down' erin relayd "$(agent_socket erin)" session list
    patience=5
    asks 'first answer, newest link down' erin direct "$(upstream newest)" session list
    for _ in 2 3 4 5 6 7 8 9; do
        as erin load session "$(agent_socket erin)" 1 list >/dev/null
    done
    for _ in 1 2 3 4 5; do
        asks 'tenth answer, newest link down' erin relayd "$(agent_socket erin)" session list
        asks 'tenth answer, newest link down' erin direct "$older" session list
    done
    patience=20
    mend_link home
done

finish
