#!/bin/sh
# SPDX-License-Identifier: MIT
# ~/.ssh/rc stands between sshd and every login: it may not delay, soil or break one.

. "$(dirname "$0")/lib.sh"
world sshd xauth
sshd 22
agent one
as laptop xauth -q add :7 . "$(printf '%032x' 7)" 2>/dev/null

# remote COMMAND...: from the laptop, with agent and X11 forwarded.
remote() {
    as laptop SSH_AUTH_SOCK=one.agent DISPLAY=:7 timeout 60 ssh -A -Y pat@localhost "$@" 2>&1
}

like "$(remote xauth list)" 'MIT-MAGIC-COOKIE-1' 'without the file, sshd hands over the X11 cookie'
rm -f "$E2E/home/pat/.Xauthority"
rc pat
like "$(remote xauth list)" ':10 +MIT-MAGIC-COOKIE-1 +[0-9a-f]{32}' \
    'with it, the cookie is still handed over'
like "$(remote xauth list)" ':10 +MIT' 'the second time too'
like "$(remote -tt xauth list)" ':10 +MIT' 'on a terminal too'

is "$(remote echo clean)" clean 'nothing is added to what a command says'
is "$(as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -a pat@localhost echo clean 2>&1)" clean \
    'a login without an agent says nothing'

# The login that starts the relay, and one that finds it hung.
as pat relayctl stop
daemon_gone() {
    ! pgrep -u pat -x relayd >/dev/null
}
ok 'the relay is stopped' wait_for 20 daemon_gone
time_of remote true >/dev/null
note "the login that starts the relay took $took ms"
ok 'the login that starts the relay is not held up' test "$took" -lt $((5000 * slower))
kill -s STOP "$(relay_pid pat)"
time_of remote true >/dev/null
note "a login that meets a hung relay took $took ms"
ok 'a login that meets a hung relay is not held up' test "$took" -lt $((5000 * slower))
pkill -CONT -u pat -x relayd
pkill -KILL -u pat -x relayd
wait_for 20 daemon_gone

# A home shared by several hosts meets some that have no relay, or one that cannot run.
mv "$E2E/bin/relayctl" "$E2E/bin/hidden"
is "$(remote echo clean)" clean 'without relayctl a login is as without rc'
as pat mkdir -p .local/bin
mv "$E2E/bin/relayd" "$E2E/bin/hidden" "$E2E/home/pat/.local/bin"
mv "$E2E/home/pat/.local/bin/hidden" "$E2E/home/pat/.local/bin/relayctl"
sound=$E2E/home/pat/.local/bin/relayctl

registered() {
    as pat "$sound" status --json 2>/dev/null | grep -Fq "$(upstream "$1")"
}
# cannot_run STATUS WHAT: so the shell says of the relayctl that comes first.
cannot_run() {
    chmod 755 "$E2E/bin/relayctl"
    as pat sh -c 'relayctl path' >/dev/null 2>&1 && status=0 || status=$?
    is "$status" "$1" "relayctl $2: the shell says $1"
    chmod -x "$sound"
    is "$(remote echo clean)" clean "relayctl $2: a login is as without rc"
    chmod +x "$sound"
    login "$1"
    ok "relayctl $2: one in ~/.local/bin is found" wait_for 20 registered "$1"
}
# The machine, bytes 18 and 19 of an ELF header, is now one that nobody emulates.
elf=$sound
! in_valgrind || elf=$(plain_relayctl)
cp "$elf" "$E2E/bin/relayctl"
printf '\101\0' | dd of="$E2E/bin/relayctl" bs=1 seek=18 conv=notrunc 2>/dev/null
cannot_run 126 'for another machine'
sed 's/libc\.so\.6/gone.so.6/' "$elf" >"$E2E/bin/relayctl"
cannot_run 127 'whose library is gone'
rm "$E2E/bin/relayctl"
login one
ok 'one in ~/.local/bin is found where there is no other' wait_for 20 registered one

finish
