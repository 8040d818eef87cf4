#!/bin/sh
# SPDX-License-Identifier: MIT
# Several relayds of one user, each with a name, a directory and logins of its own.

. "$(dirname "$0")/lib.sh"
world systemd
user_manager pat
runtime=/run/user/$(id -u pat)
for who in first work; do
    start "agent.$who" pat ssh-agent -D -a "$E2E/home/pat/$who"
    wait_for 20 answers "$who" pat
    as pat ssh-keygen -q -t ed25519 -N '' -C "$who" -f "key.$who"
    as pat SSH_AUTH_SOCK="$who" ssh-add -q "key.$who"
done

# listed PATH: who is listed there.
listed() {
    as pat SSH_AUTH_SOCK="$1" timeout 60 ssh-add -l 2>&1 | awk '{ print $3 }'
}
# said COMMAND...: what pat is told, in one line.
said() {
    as pat timeout 20 "$@" 2>&1 | xargs -d '\n' || :
}

# --- started by a login

wait_for 20 as pat relayctl register first >/dev/null
wait_for 20 as pat relayctl --name work register work >/dev/null
is "$(as pat relayctl --name work path)" "$runtime/relayd-work/agent.sock" 'a name has a directory beside the first'
is "$(listed "$(as pat relayctl path)") $(listed "$(as pat relayctl --name work path)")" 'first work' \
    'each has a login of its own'
is "$(as pat relayctl env --name work -s | sed -n 's/^.*SSH_AUTH_SOCK=\([^;]*\);.*$/\1/p')" \
    "$runtime/relayd-work/agent.sock" 'env knows it'
as pat SSH_AUTH_SOCK="$runtime/relayd/agent.sock" RELAYD_UPSTREAM="$E2E/home/pat/first" \
    relayctl --name other register >/dev/null
is "$(listed "$runtime/relayd-other/agent.sock")" first 'in a shell that uses the first, the login is registered'
is "$(as pat relayctl --name other status --json | sed -n 's/^ *"path": "\(.*\)",$/\1/p')" "$E2E/home/pat/first" 'and not the first'
as pat relayctl unregister --all
wait_for 20 as pat SSH_AUTH_SOCK="$runtime/relayd-other/agent.sock" RELAYD_UPSTREAM="$E2E/home/pat/first" relayctl register >/dev/null
is "$(as pat relayctl status --json | sed -n 's/^ *"path": "\(.*\)",$/\1/p')" "$E2E/home/pat/first" 'nor another with the first'
as pat relayctl --name other stop -q
rm -r "$runtime/relayd-other"
is "$(systemctl_of pat is-active relayd@work.socket)" active 'systemd started it, by the template'
is "$(systemctl_of pat show -P MainPID relayd@work.service)" \
    "$(as pat relayctl --name work status --json | sed -n 's/^  "pid": \([0-9]*\),$/\1/p')" 'and is what serves'

# --- all of them

as pat relayctl status --all >"$E2E/got" && result=0 || result=$?
is "$result $(grep -c 'agent.sock' "$E2E/got")" '0 2' 'status --all shows both'
is "$(grep '^relayd\( --name [a-z]*\)*$' "$E2E/got" | xargs)" 'relayd relayd --name work' 'and says which is which'
is "$(as pat relayctl status --all --json | python3 -c '
import json, sys
print(*[one["socket"].split("/")[-2] for one in json.load(sys.stdin)])')" 'relayd relayd-work' 'as JSON an array'
as pat relayctl --name work unregister --all
as pat relayctl status --all >/dev/null && result=0 || result=$?
is "$result" 1 'one without a login: exit 1'
is "$(as pat relayctl complete names)" work 'its name is completed'
is "$(as pat relayctl --name work doctor --json | sed -n 's/^ *"name": "\(.*\)",$/\1/p' | sort | xargs)" 'linger no-login rc' \
    'doctor looks at what is its own: shells and panes use the first'
like "$(said relayctl --name work doctor)" 'cure: relayctl --name work register.*cure: relayctl --name work setup' 'each cure names it'
like "$(said relayctl --name none stop)" 'no relayd answers here$' 'what ends one that does not run does not start it'
like "$(said relayctl --name none status)" 'relayctl.--name.none.register' 'so does what starts one'
like "$(said relayctl --name work status)" 'and there: relayctl --name work register +for' 'so does status'
as pat mkdir -p .ssh
printf 'relayctl register\n' >"$E2E/home/pat/.ssh/rc"
like "$(said relayctl --name work doctor)" '/rc does not tell relayd of logins' 'rc is for the first'
printf 'relayctl --name work register\n' >>"$E2E/home/pat/.ssh/rc"
unlike "$(said relayctl --name work doctor)" '/rc does not tell' 'until it has a line for this one'
like "$(said relayctl --name work status)" 'ssh -A: ~/.ssh/rc registers it +for' 'which status knows'
rm -r "$E2E/home/pat/.ssh"
as pat relayctl --name work pause
like "$(said relayctl --name work status)" '\(relayctl --name work resume\)' 'paused, too'
as pat relayctl --name work resume
like "$(said relayctl --dir "$runtime/relayd-work" doctor)" "cure: relayctl --dir $runtime/relayd-work register" 'and those of one that is named by its directory'
unlike "$(as pat script -qec 'relayctl --name work' /dev/null </dev/null)" 'this shell' 'a shell need not use it'

# --- options of its own

as pat mkdir -p .config
printf 'when-none empty\n' >"$E2E/home/pat/.config/relayd-work.conf"
systemctl_of pat restart relayd@work.service
like "$(as pat SSH_AUTH_SOCK="$runtime/relayd-work/agent.sock" ssh-add -l 2>&1)" 'no identities' 'it reads a file of its own'
as pat relayctl unregister --all
unlike "$(as pat SSH_AUTH_SOCK="$runtime/relayd/agent.sock" ssh-add -l 2>&1)" 'no identities' 'which the first does not'
mkdir -p "/etc/systemd/user/relayd@narrow.service.d"
printf '[Service]\nEnvironment=OPTIONS=--read-only\n' >"/etc/systemd/user/relayd@narrow.service.d/options.conf"
systemctl_of pat daemon-reload
wait_for 20 as pat relayctl --name narrow register work >/dev/null
as pat SSH_AUTH_SOCK="$runtime/relayd-narrow/agent.sock" ssh-add -D >/dev/null 2>&1 && result=0 || result=$?
is "$result $(listed "$runtime/relayd-narrow/agent.sock")" '1 work' 'or has options by a drop-in'

# --- behind the first, whose socket systemd may make again

printf 'behind-first\n' >"$E2E/home/pat/.config/relayd-chain.conf"
systemctl_of pat start relayd@chain.socket
wait_for 20 as pat relayctl register first >/dev/null
is "$(listed "$runtime/relayd-chain/agent.sock")" first 'one behind the first has its logins'
is "$(as pat relayctl --name chain status --json | grep -c '"fallback": true')" 1 'behind any of its own'
before=$(stat -c %i "$runtime/relayd/agent.sock")
systemctl_of pat restart relayd.socket
wait_for 20 as pat relayctl register first >/dev/null
unlike "$(stat -c %i "$runtime/relayd/agent.sock")" "^$before\$" 'the socket of the first is made again'
chained() {
    [ "$(listed "$runtime/relayd-chain/agent.sock")" = first ]
}
ok 'it is found there' wait_for 20 chained
systemctl_of pat stop relayd@chain.service relayd@chain.socket
start chain pat RELAYD_DIR="$(printf '/%0120d' 0)" relayd --name chain
wait_for 20 grep -q serving "$E2E/log/chain"
like "$(cat "$E2E/log/chain")" ': the first relayd cannot be asked: the socket paths in it would be over 107 bytes' \
    'where it cannot be the log says why'
end chain

# --- without systemd

end_manager
as laptop relayctl --name other register "$E2E/home/pat/first" >/dev/null 2>&1 || :
is "$(as laptop relayctl --name other path)" "/run/user/$(id -u laptop)/relayd-other/agent.sock" 'without systemd too'
is "$(as laptop relayctl --name other stop && echo stopped)" stopped 'relayctl starts one, and ends it'

# Where the host has no directory for who is logged in.
rm -r "/run/user/$(id -u laptop)"
as laptop mkdir -m 700 "/tmp/relayd-$(id -u laptop)-other"
is "$(as laptop relayctl complete names)" other 'one in /tmp is found'
start mine laptop ssh-agent -D -a "$E2E/home/laptop/mine"
wait_for 20 answers mine laptop
as laptop SSH_AUTH_SOCK="/tmp/relayd-$(id -u laptop)-other/agent.sock" RELAYD_UPSTREAM="$E2E/home/laptop/mine" \
    relayctl --name third register >/dev/null 2>&1
is "$(as laptop relayctl --name third status --json | sed -n 's/^ *"path": "\(.*\)",$/\1/p')" "$E2E/home/laptop/mine" \
    'its socket is no login either'
as laptop relayctl --name third stop -q

# --- bad names

for name in ../x '' . A 9 -x a/b 'a b' "$(printf '%0300d' 0 | tr 0 a)"; do
    as pat relayctl --name "$name" status >"$E2E/got" 2>&1 && result=0 || result=$?
    is "$result" 64 "a usage error: $(printf '%.12s' "$name")"
    like "$(cat "$E2E/got")" 'is no name: a to z first' 'which says what a name is'
    as pat timeout 20 relayd --name "$name" >"$E2E/got" 2>&1 && result=0 || result=$?
    is "$result" 64 'of relayd too'
done
like "$(said relayctl --name a --dir /tmp status)" 'only one of them can say' 'not with a directory'
like "$(said relayd --name a --dir /tmp)" 'only one of them can say' 'nor relayd'
ln -s /tmp "$runtime/relayd-link"
as pat mkdir -m 755 "$runtime/relayd-open"
mkdir -m 700 "/tmp/relayd-$(id -u pat)-foreign"
as pat mkdir -m 700 "/tmp/relayd-$(id -u pat)-work"
is "$(as pat relayctl complete names | xargs)" 'chain narrow work' 'what is no directory of ours is no relay'
like "$(said relayctl --name open status)" 'is open to others' 'and is refused by name'

finish
