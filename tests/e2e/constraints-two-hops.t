#!/bin/sh
# SPDX-License-Identifier: MIT
# Keys that are tied to hosts (ssh-add -h), two hops from the laptop: with the relay in between,
# the second host lists and uses the same ones as without.

. "$(dirname "$0")/lib.sh"
world sshd
needs_binding
sshd 22
other_host second 2221
other_host third 2222
account bob
rc pat
patient pat

arrives older
arrives newer
# An agent without keys; its login is registered when it is its turn.
start agent.empty laptop ssh-agent -D -a empty.agent
wait_for 20 answers empty.agent laptop
arrives empty -o IdentityFile=newer -o IdentitiesOnly=yes
as pat relayctl unregister "$(upstream empty)" >/dev/null
for name in older newer; do
    add_key "$name" onward -h localhost -h 'localhost>second' -h 'second>third'
    add_key "$name" stays -h localhost -h 'localhost>second'
    add_key "$name" aside -h localhost -h 'localhost>second' -h 'localhost>third'
done
# From here on no other key opens a door.
cat "$E2E/home/laptop/onward.pub" "$E2E/home/laptop/stays.pub" "$E2E/home/laptop/aside.pub" \
    >/etc/ssh/authorized_keys
for who in pat bob; do
    as "$who" sh -c "umask 77; cp $E2E/home/laptop/*.pub ."
done

# Who each key makes of its user on the third host.
cat >"$E2E/shared/to_third" <<'END'
for key in onward stays aside; do
    who=$(ssh -q -i "$key.pub" -o IdentitiesOnly=yes bob@third id -un) || who=refused
    printf '%s: %s\n' "$key" "$who"
done
END

# at_second COMMAND...: what the second host has of the agent, for a client of the first.
at_second() {
    "$@" ssh -A bob@second "ssh-add -l; sh $E2E/shared/to_third" 2>&1 | names
}
on_first() {
    "$@" sh "$E2E/shared/to_third" 2>&1
}
listed=$(printf '%s\n' newer onward)
usable=$(printf '%s\n' 'onward: bob' 'stays: refused' 'aside: refused')

is "$(on_first in_login newer)" "$(printf '%s\n' 'onward: refused' 'stays: refused' 'aside: bob')" \
    'from the first host one key opens the third'
is "$(on_first through pat)" "$(on_first in_login newer)" 'and so it is through the relay'

is "$(at_second in_login newer)" "$(printf '%s\n' "$listed" "$usable")" \
    'the second host lists the key that may go on from there, and another opens nothing'
is "$(at_second through pat)" "$(at_second in_login newer)" 'and so it is through the relay'

knows in_login empty relayctl register
ok 'a newest login comes whose agent has no keys' newest pat "$(upstream empty)"
# Both others are asked then, and the first to answer serves.
either() {
    [ "$1" = "$2" ] || [ "$1" = "$3" ]
}
ok 'the keys behind it hold what they are tied to' \
    either "$(on_first through pat)" "$(on_first in_login newer)" "$(on_first in_login older)"
ok 'on the second host too' \
    either "$(at_second through pat)" "$(at_second in_login newer)" "$(at_second in_login older)"
ok 'where the same ones are listed' either "$(through pat ssh -A bob@second 'ssh-add -l' | names)" \
    "$listed" "$(printf '%s\n' older onward)"
as pat relayctl unregister "$(upstream empty)" >/dev/null

kill -s STOP "$(pid login.newer)"
is "$(at_second through pat)" "$(at_second in_login older)" \
    'and where the newest login is silent, and an older one serves'
is "$(status pat state | xargs)" 'alive silent' 'it is silent now'

finish
