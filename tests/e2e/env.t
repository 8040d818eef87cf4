#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl env`: which shell it speaks to, what it keeps, and that it leaves a working agent alone.

. "$(dirname "$0")/lib.sh"
world zsh fish
patient pat
relay pat
socket=$(agent_socket pat)
home=$E2E/home/pat

# fake NAME SOCKET [ACCOUNT]: a good agent at that place in the home.
fake() {
    start "$1" "${3-pat}" fake-agent -n "$1" good "$2"
    wait_for 20 test -S "$E2E/home/${3-pat}/$2"
}

# env_of [NAME=VALUE...]: what `env -s --register` prints in that environment; its complaints in a file. A relay that
# does not answer it within a second is used nevertheless: where a busy host has kept it from that, it is asked again.
env_of() {
    for _ in 1 2 3 4 5; do
        time_of env_kept "$@"
        [ "$took" -ge 1000 ] || break
    done
    cat "$E2E/env"
    return "$status_of_env"
}
env_kept() {
    status_of_env=0
    env_now "$@" >"$E2E/env" || status_of_env=$?
}
env_now() {
    as pat "$@" timeout 20 relayctl env -s --register 2>"$E2E/complaint"
}
ssh_connection='SSH_CONNECTION=10.0.0.5 50000 10.0.0.1 22'

# keys_of [NAME=VALUE...]: the keys that a shell has which began so.
keys_of() {
    # shellcheck disable=SC2016
    as pat "$@" sh -c 'eval "$(relayctl env -s --register 2>/dev/null)"; ssh-add -l' 2>&1 | names
}
has_keys_of() {
    wanted=$1
    shift
    keys_of "$@" >"$E2E/got"
    [ "$(cat "$E2E/got")" = "$wanted" ]
}

as pat mkdir -m 777 open
fake theirs open/agent
is "$(env_of SSH_AUTH_SOCK="$home/open/agent")" '' 'an agent that is refused, and works: nothing is set'
is "$(wc -l <"$E2E/complaint")" 1 'that is told in one line'
like "$(cat "$E2E/complaint")" "^relayctl: $home/open/agent: .*others can write.*SSH_AUTH_SOCK" 'which says why'
ok 'and the shell has its agent' wait_for 20 has_keys_of theirs SSH_AUTH_SOCK="$home/open/agent"
as pat SSH_AUTH_SOCK="$home/open/agent" relayctl env -s --register --quiet >/dev/null 2>"$E2E/complaint" || :
is "$(cat "$E2E/complaint")" '' 'with --quiet nothing is told'
is "$(env_of SSH_AUTH_SOCK="$socket" RELAYD_UPSTREAM="$home/open/agent")" \
    "SSH_AUTH_SOCK=$socket; export SSH_AUTH_SOCK;" 'a shell that uses the agent socket goes on so'
end theirs KILL
# A child that serves a connection has the listener too.
wait_for 20 not pgrep -u pat -x fake-agent >/dev/null
like "$(env_of SSH_AUTH_SOCK="$home/open/agent")" "SSH_AUTH_SOCK=$socket;" \
    'refused, and dead: the agent socket is better'
is "$(cat "$E2E/complaint")" '' 'nor is that worth a word'

# As under sudo that keeps SSH_AUTH_SOCK, or in a container that has the socket from outside.
start foreign laptop fake-agent -n foreign good "$E2E/shared/foreign"
wait_for 20 test -S "$E2E/shared/foreign"
chmod 777 "$E2E/shared/foreign"
ok 'a shell that has another user'\''s agent keeps it' wait_for 20 has_keys_of foreign SSH_AUTH_SOCK="$E2E/shared/foreign"
# Its file is ours, and is refused only once it is seen who listens.
start guest laptop fake-agent -n guest good "$E2E/shared/guest"
wait_for 20 test -S "$E2E/shared/guest"
chown pat "$E2E/shared/guest"
ok 'so does one where only the file is its own' wait_for 20 has_keys_of guest SSH_AUTH_SOCK="$E2E/shared/guest"
like "$(env_of SSH_AUTH_SOCK="$E2E/shared/guest" || cat "$E2E/complaint")" \
    "guest: a process of another user listens there; SSH_AUTH_SOCK is left as it is\$" 'and is told'

fake one one.agent
like "$(env_of SSH_AUTH_SOCK="$home/one.agent")" "SSH_AUTH_SOCK=$socket;" 'a good agent: the agent socket is set'
is "$(status pat path) $(status pat fallback)" "$home/one.agent true" \
    'a local shell registers its agent as a fallback'
fake two two.agent
env_of "$ssh_connection" SSH_AUTH_SOCK="$home/two.agent" >/dev/null
is "$(status pat path | xargs) $(status pat fallback | xargs)" "$home/two.agent $home/one.agent false true" \
    'a login is none'
env_of SSH_AUTH_SOCK="$home/two.agent" >/dev/null
is "$(status pat fallback | xargs)" 'false true' 'nor does it become one when a pane knows of no connection'

# The customary link: each login points it at its own socket.
as pat ln -s two.agent link
like "$(env_of "$ssh_connection" SSH_AUTH_SOCK="$home/link")" "^RELAYD_UPSTREAM=$home/two.agent;" \
    'a link: the socket that it leads to is kept'
fake three three.agent
as pat ln -sfn three.agent link
knows as pat SSH_AUTH_SOCK="$home/link" relayctl register
as pat ln -sfn two.agent link
knows as pat SSH_AUTH_SOCK="$home/link" relayctl register
is "$(status pat path | xargs)" "$home/two.agent $home/three.agent $home/one.agent" \
    'registered through one link, the older login stays'
ok 'one can be preferred by a link' as pat relayctl use link
is "$(status pat preferred | xargs)" 'true false false' 'and is'
as pat relayctl use --auto
as pat ln -sfn three.agent link
ok 'one can be unregistered by a link' as pat relayctl unregister link
is "$(status pat path | xargs)" "$home/two.agent $home/one.agent" 'and is gone'

# What /proc/self is to a shell is somebody else to the relay.
as pat mkdir below
fake four below/four.agent
# shellcheck disable=SC2016
like "$(as pat sh -c 'cd below && SSH_AUTH_SOCK=/proc/self/cwd/four.agent relayctl env -s --register')" \
    "^RELAYD_UPSTREAM=$home/below/four.agent; .*SSH_AUTH_SOCK=$socket;" 'a name in /proc/self: whose it leads to is kept'
ok 'and registered' as pat relayctl unregister -q below/four.agent

is "$(env_of "$ssh_connection" SSH_AUTH_SOCK="$socket" LC_RELAYD_LABEL="pat's")" \
    "SSH_AUTH_SOCK=$socket; export SSH_AUTH_SOCK; RELAYD_LABEL='pat'\\''s'; export RELAYD_LABEL; unset LC_RELAYD_LABEL;" \
    'the label is kept under a name that ssh does not send on'
knows as pat RELAYD_LABEL=kept SSH_AUTH_SOCK="$home/three.agent" relayctl register
is "$(status pat label | head -n 1)" kept 'and goes with what that shell registers'
is "$(env_of SSH_AUTH_SOCK="$socket" LC_RELAYD_LABEL="$(printf 'a\nb')")" \
    "SSH_AUTH_SOCK=$socket; export SSH_AUTH_SOCK; unset LC_RELAYD_LABEL;" 'one that no shell would read back is dropped'

for shell in bash zsh fish; do
    # shellcheck disable=SC2016
    case $shell in
    fish) line='relayctl env --fish | source; echo "$RELAYD_LABEL"' ;;
    *) line='eval "$(relayctl env -s)"; echo "$RELAYD_LABEL"' ;;
    esac
    for label in %self '{a,b}' '~' '=ls' '*' -x; do
        is "$(as pat LC_RELAYD_LABEL="$label" "$shell" -c "$line" 2>&1)" "$label" "$shell reads $label as it is"
    done
done
# csh takes {a,b} apart whatever quotes it, and would run b.
unlike "$(as pat LC_RELAYD_LABEL='{a,b}' relayctl env -c)" ' RELAYD_LABEL' 'csh is told no label with a brace'

for shell in bash zsh sh; do
    like "$(as pat SHELL=/usr/bin/fish "$shell" -c 'relayctl env; true')" '^SSH_AUTH_SOCK=' "called by $shell: for its like"
done
like "$(as pat SHELL=/bin/bash fish -c 'relayctl env; true')" '^set -gx SSH_AUTH_SOCK ' 'called by fish: for fish'
for between in 'timeout 20' 'nice env' 'env timeout 20 nice'; do
    like "$(as pat SHELL=/usr/bin/fish bash -c "$between relayctl env; true")" '^SSH_AUTH_SOCK=' \
        "called by ${between%% *} from bash: for bash, whatever SHELL names"
done
like "$(as pat SHELL=/bin/bash fish -c 'timeout 20 relayctl env; true')" '^set -gx SSH_AUTH_SOCK ' \
    'called by timeout from fish: for fish'
as pat ln -s /usr/bin/timeout 'time) S 1 (out'
like "$(as pat SHELL=/bin/bash fish -c '"./time) S 1 (out" 20 relayctl env; true')" '^set -gx SSH_AUTH_SOCK ' \
    'whatever is the name of that'
# shellcheck disable=SC2016
is "$(as pat SHELL=/usr/bin/fish bash -c 'eval "$(relayctl env)"; (eval "$(relayctl env)"; echo "$SSH_AUTH_SOCK")' 2>&1)" "$socket" \
    'bash can read it in a shell within a shell'
# A namespace of its own: what is outside is no parent there.
like "$(unshare --pid --fork setpriv --reuid pat --regid pat --clear-groups \
    env HOME="$home" SHELL=/usr/bin/fish relayctl env)" '^set -gx SSH_AUTH_SOCK ' \
    'called by no shell: for the one that SHELL names'

kill -s STOP "$(relay_pid pat)"
hung() {
    env_now SSH_AUTH_SOCK="$home/two.agent" >"$E2E/got"
}
ok 'a hung relayd holds a shell up for little more than a second' within $((3000 * slower)) hung
kill -s CONT "$(pid relay.pat)"
like "$(cat "$E2E/got")" "SSH_AUTH_SOCK=$socket;" 'which uses it nevertheless'

account bob
fake own own.agent bob
printf 'deny\n' >/etc/relayd.conf
is "$(as bob SSH_AUTH_SOCK="$E2E/home/bob/own.agent" relayctl env -s --register 2>"$E2E/complaint")" '' \
    'where no relayd can be started a working agent is left alone'
is "$(wc -l <"$E2E/complaint")" 1 'which is told in one line too'

finish
