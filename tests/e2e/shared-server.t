#!/bin/sh
# SPDX-License-Identifier: MIT
# Servers that are one process for all their logins, and agents whose process nobody knows: no pidfd
# tells of an end there. `status`, `wait` and a registry that is full look for themselves.

. "$(dirname "$0")/lib.sh"
world sshd golang python3
patient
home=$E2E/home/pat
anybody='-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'

# known PATH: whether it is registered still, as status sees it.
known() {
    status pat path | grep -Fqx "$1"
}

# says NAME WORD: how many such lines a server has printed.
says() {
    grep -c "^$2" "$E2E/log/$1" || :
}

# exits WANTED COMMAND...
exits() {
    wanted=$1
    shift
    as pat timeout 60 "$@" >/dev/null 2>&1 && result=0 || result=$?
    is "$result" "$wanted" "$*: exit $wanted"
}

relay pat
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$E2E/go" \
    go build -o "$E2E/bin/server" "$E2E/clients/server-by-go.go"
start server pat server 2200
wait_for 20 listening 2200
for name in first second; do
    # shellcheck disable=SC2086
    login "$name" -p 2200 $anybody
    ok "$name: a login at a server by Go is registered" in_login "$name" relayctl register
done
is "$(status pat pid | sort -u)" "$(pid server)" 'one process listens for both'
is "$(keys pat)" second 'the newest serves'

asked=$(says server 'agent asked')
for _ in 1 2 3 4 5; do
    as pat relayctl status >/dev/null
done
exits 0 relayctl wait --timeout 20
is "$(says server 'agent asked')" "$asked" 'to look costs the laptop nothing'

# A cleaner takes the file, and the login goes on.
rm -r "$(dirname "$(upstream second)")"
ok 'without its file a login is known' known "$(upstream second)"
is "$(keys pat)" second 'and serves'

logout second
# Who ended it is not yet told of that by the server.
only() {
    [ "$(status pat path)" = "$1" ]
}
ok 'the login that has ended is not shown any more' wait_for 20 only "$(upstream first)"
exits 0 relayctl status
like "$(cat "$E2E/log/relay.pat")" 'dropped: its login has ended' 'the log tells'
is "$(keys pat)" first 'the other serves'
logout first
ok 'none is left' wait_for 20 only ''
exits 1 relayctl wait --timeout 100ms

# The parent of a daemonised agent, which called listen(2), is gone from the beginning.
# shellcheck disable=SC2016
as pat sh -c 'eval "$(ssh-agent -a daemonised)" >/dev/null; echo "$SSH_AGENT_PID"' >"$E2E/pid/daemonised"
wait_for 20 as pat relayctl register daemonised >/dev/null
is "$(status pat pid)" 0 'of a daemonised agent no process is known'
ok 'it is known' known "$home/daemonised"
end daemonised KILL
exits 1 relayctl status
is "$(status pat path)" '' 'when it is killed it is gone'

# From another network the kernel shows no listeners.
far away
start far pat@away python3 "$E2E/clients/one-server.py" 2 "$home/far"
wait_for 20 grep -qs listening "$E2E/log/far"
wait_for 20 as pat relayctl register far1 >/dev/null
asked=$(says far connection)
time_of as pat sh -c 'for i in 1 2 3 4 5 6 7 8; do relayctl status; done' >/dev/null
more=$(($(says far connection) - asked))
ok 'one connect decides on a listener in another network' known "$home/far1"
ok "there is no other for 10 s: $more in $took ms" test "$more" -ge 1 -a "$more" -le $((1 + took / 10000))
kill -s USR1 "$(pid far)"
wait_for 20 grep -qs ended "$E2E/log/far"
ok 'when it has ended, the next one tells' wait_for 30 not known "$home/far1"
end far

# One is alive, and the oldest; 255 have ended since, and nobody has looked.
start alive pat fake-agent -n alive good alive
start new pat fake-agent -n new good new
start many pat python3 "$E2E/clients/one-server.py" 256 "$home/many"
wait_for 20 grep -qs listening "$E2E/log/many"
wait_for 20 test -S "$home/alive"
wait_for 20 test -S "$home/new"
wait_for 20 as pat relayctl register alive >/dev/null
# shellcheck disable=SC2016
as pat sh -c 'i=1; while [ $i -le 255 ]; do relayctl register -q "many$i"; i=$((i + 1)); done'
is "$(status pat path | wc -l)" 256 'as many are registered as can be'
kill -s USR1 "$(pid many)"
wait_for 20 grep -qs ended "$E2E/log/many"
wait_for 20 as pat relayctl register new >/dev/null
is "$(status pat path | xargs)" "$home/new $home/alive" \
    'where one is too many, those that have ended go, and not the one that is alive'
end new
is "$(keys pat)" alive 'which serves'

finish
