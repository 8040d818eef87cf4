#!/bin/sh
# SPDX-License-Identifier: MIT
# What a laptop, a login or a client calls itself is shown as text, and is never more than that:
# no command to systemd, no line of its own, nothing that drives a terminal.

. "$(dirname "$0")/lib.sh"
world systemd journald
journal
user_manager pat
systemctl_of pat start relayd.socket
start good pat fake-agent -n good good good
wait_for 20 test -S "$E2E/home/pat/good"
control=/run/user/$(id -u pat)/relayd/control.sock
saved=${control%/*}/upstreams

# register SOCKET FACT...: a fact is key=value, escaped as in the control protocol.
register() {
    socket=$E2E/home/pat/$1
    shift
    as pat ask -s "$control" "$(printf 'text:register\npath=%s' "$socket"; printf '\n%s' "$@")" >"$E2E/got"
}
told() {
    [ "$(systemctl_of pat show -P StatusText relayd.service)" = "$1" ]
}
of_service() {
    systemctl_of pat show -P "$1" relayd.service
}

as pat relayctl status >/dev/null || :
daemon=$(of_service MainPID)
register good 'label=%0aWATCHDOG=trigger%0aMAINPID=1%0aSTOPPING=1'
ok 'a label of several lines is one line to systemd' wait_for 20 \
    told '1 login, serving ?WATCHDOG=trigger?MAINPID=1?STOPPING=1, 0 clients'
is "$(keys pat)" good 'and it serves'
is "$(of_service MainPID) $(of_service NRestarts) $(of_service ActiveState)" "$daemon 0 active" \
    'no line of it was obeyed'

# As the version before saved it.
systemctl_of pat stop relayd.service 2>/dev/null
sed -i 's/^label=.*/label=%0aWATCHDOG=trigger/' "$saved"
is "$(keys pat)" good 'the same from the saved registry: it serves'
ok 'as one line' wait_for 20 told '1 login, serving ?WATCHDOG=trigger, 0 clients'
is "$(of_service NRestarts)" 0 'and no line of it was obeyed'

# shown WHERE: what each of them shows of the login; all bytes are ASCII.
shown() {
    case $1 in
    status) as pat relayctl status ;;
    json) as pat relayctl status --json ;;
    systemd) of_service StatusText ;;
    watch) cat "$E2E/log/watch" ;;
    log) journal_of pat -o cat -n 50 ;;
    field) journal_of pat -o export RELAYD_CLIENT_COMMAND=ask -n 1 | grep -a '^RELAYD_UPSTREAM=' ;;
    why) as pat relayctl why ;;
    esac
}
is_shown() {
    shown "$1" >"$E2E/shown" && grep -qF -- "$2" "$E2E/shown" && ! LC_ALL=C grep -aq '[^ -~]' "$E2E/shown"
}
start watch pat relayctl watch
as pat relayctl unregister --all
start mute pat fake-agent silent mute
wait_for 20 test -S "$E2E/home/pat/mute"
register good 'label=x%c2%9b2J%e2%80%aey%e2%80%a8z%ff' 'connection=h%0dh%e2%80%8f 1 h 2' 'tty=/dev/%1bc'
through pat ask "$(agent_socket pat)" sign >"$E2E/said"
for place in status json systemd watch log field; do
    ok "controls and marks of direction: $place" wait_for 20 is_shown "$place" 'x?2J?y?z?'
done
for place in status json; do
    ok "of the host too: $place" wait_for 20 is_shown "$place" 'h?h?'
done
ok 'and of the terminal' is_shown json '/dev/?c'
as pat relayctl unregister --all
end watch

odd=$(printf 'x\nz\302\233\377')
as pat cp /usr/local/bin/ask "$odd"
through pat "./$odd" "$(agent_socket pat)" sign >"$E2E/said"
for place in why log; do
    ok "a client's command: $place" wait_for 20 is_shown "$place" '(x?z??, uid '
done

# A path is what it is; only what is shown of it is not.
as pat mkdir "$(printf 'a\n\377b')"
start odd pat fake-agent -n odd good "$(printf 'a\n\377b/s')"
wait_for 20 test -S "$E2E/home/pat/$(printf 'a\n\377b/s')"
ok 'a socket at an odd path is registered' as pat relayctl register "$(printf 'a\n\377b/s')"
is "$(keys pat)" odd 'and serves'
for place in status systemd log; do
    ok "its path: $place" wait_for 20 is_shown "$place" 'pat/a??b/s'
done
systemctl_of pat restart relayd.service
is "$(keys pat)" odd 'also after a restart'

as pat relayctl unregister --all

# A name of 256 bytes, each letter two of them: nothing is cut within a letter.
long=$(printf '\303\244%.0s' $(seq 128))
register good "label=$long"
through pat ask "$(agent_socket pat)" sign >"$E2E/said"
is_whole() {
    shown "$1" | sed 's/^ *//' >"$E2E/shown" && grep -aq ää "$E2E/shown" && iconv -f UTF-8 -t UTF-8 "$E2E/shown" &&
        ! grep -qa '[?�]' "$E2E/shown"
}
for place in status json systemd field; do
    ok "a long name is shown whole, or cut between letters: $place" wait_for 20 is_whole "$place"
done

finish
