#!/bin/sh
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

is "$(remote echo clean)" clean 'nothing is added to what a command says'
head -c 100000 /dev/urandom >"$E2E/home/laptop/file"
as laptop SSH_AUTH_SOCK=one.agent timeout 60 scp -q -O -A file pat@localhost:copy
ok 'scp of the old kind carries a file unharmed' cmp "$E2E/home/laptop/file" "$E2E/home/pat/copy"
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
ok 'the login that starts the relay is not held up' test "$took" -lt 5000
kill -s STOP "$(relay_pid pat)"
time_of remote true >/dev/null
note "a login that meets a hung relay took $took ms"
ok 'a login that meets a hung relay is not held up' test "$took" -lt 5000
pkill -CONT -u pat -x relayd
pkill -KILL -u pat -x relayd
wait_for 20 daemon_gone

# A home shared by several hosts meets some that have no relay, or one that cannot run.
mv "$E2E/bin/relayctl" "$E2E/bin/hidden"
is "$(remote echo clean)" clean 'without relayctl a login is as without rc'
printf '\177ELF\2\1\1 for another machine' >"$E2E/bin/relayctl"
chmod 755 "$E2E/bin/relayctl"
is "$(remote echo clean)" clean 'with one that cannot run too'
as pat mkdir -p .local/bin
mv "$E2E/bin/relayd" "$E2E/bin/hidden" "$E2E/home/pat/.local/bin"
mv "$E2E/home/pat/.local/bin/hidden" "$E2E/home/pat/.local/bin/relayctl"
login one
registered() {
    as pat .local/bin/relayctl status --json 2>/dev/null | grep -Fq "$(upstream one)"
}
ok 'one in ~/.local/bin is found' wait_for 20 registered

finish
