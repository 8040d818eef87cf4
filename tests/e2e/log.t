#!/bin/sh
# SPDX-License-Identifier: MIT
# The log says who used which key of whose login, when, and for what, as far as the protocol tells.

. "$(dirname "$0")/lib.sh"
world sshd git
sshd 22
other_host beyond 2222
account bob
account eve
rc bob
patient pat
as pat relayd --daemon
own_log=/run/user/$(id -u pat)/relayd/log
day=$(date +%F)
login one
knows in_login one relayctl register --label laptop
as pat cp "$E2E/home/laptop/one.pub" .
as pat cp "$E2E/home/laptop/one.pub" theirs.pub

# fingerprint FILE.pub: as a pattern.
fingerprint() {
    ssh-keygen -lf "$1" | cut -d ' ' -f 2 | sed 's/+/[+]/g'
}
one=$(fingerprint "$E2E/home/laptop/one.pub")
beyond=$(fingerprint /etc/ssh/beyond.pub)
pats=$(id -u pat)

# told PATTERN: how often the log has such a line.
told() {
    grep -Ec "^[0-9-]{10} [0-9:]{8} $1\$" "$own_log"
}
# has COUNT PATTERN: soon it has it so often.
has() {
    wait_for 20 has_now "$@"
}
has_now() {
    [ "$(told "$2")" = "$1" ]
}
by="login 1 \\(laptop, 127\\.0\\.0\\.1\\) key $one client [0-9]+"

through pat ssh bob@beyond true
if openssh_is 8.9; then
    ok 'ssh: the user, and the host key as ssh-keygen -l prints it' \
        has 1 "signed: $by \\(ssh, uid $pats\\): ssh login as bob to host key $beyond"
else
    ok 'ssh: the user' has 1 "signed: $by \\(ssh, uid $pats\\): ssh login as bob"
fi

as pat git init -q -b main work
as pat sh -c 'cd work && git config user.name pat && git config user.email pat@example'
if printf '%s\n' 2.34 "$(git --version | sed 's/.* //')" | sort -V -C; then
    through pat git -C work -c gpg.format=ssh -c user.signingkey="$E2E/home/pat/one.pub" \
        commit -q -S --allow-empty -m signed
    ok 'a signed commit' has 1 "signed: $by \\(ssh-keygen, uid $pats\\): signature in namespace git"
else
    skip 1 'git before 2.34 signs with no key of ssh'
fi

as pat sh -c 'echo text >file'
through pat ssh-keygen -q -Y sign -n file -f one.pub file
ok 'a signed file' has 1 "signed: $by \\(ssh-keygen, uid $pats\\): signature in namespace file"

# From bob's account beyond, with the agent forwarded there: bob's relay has a log of its own.
as bob cp "$E2E/home/laptop/one.pub" .
through pat ssh -A bob@beyond 'ssh-keygen -q -Y sign -n onward -f one.pub <one.pub >sig && ssh pat@localhost true'
if openssh_is 8.9; then
    ok 'a signature through a forwarded agent names where that is' \
        has 1 "signed: $by \\(ssh, uid $pats\\): signature in namespace onward through the agent forwarded to host key $beyond"
    ok 'so does a login from there' \
        has 1 "signed: $by \\(ssh, uid $pats\\): ssh login as pat to host key $(fingerprint /etc/ssh/host_key.pub) through the agent forwarded to host key $beyond"
else
    skip 2 'OpenSSH before 8.9 binds no session to its agent'
fi

# Refused: the person is asked, and there is nobody.
login two
add_key two asked -c
knows in_login two relayctl register --label 'my (other) laptop'
as pat cp "$E2E/home/laptop/asked.pub" .
start refuser pat SSH_AUTH_SOCK="$(agent_socket pat)" ssh-keygen -q -Y sign -n file -f asked.pub file
wait_for 20 test -e "$E2E/shared/asked"
ok 'nothing is told before the answer' has 0 "refused: .*"
pkill -u laptop -f "$(askpass)"
ok 'what was not signed was refused' \
    has 1 "refused: login 2 \\(my \\\\x28other\\\\x29 laptop, 127\\.0\\.0\\.1\\) key $(fingerprint "$E2E/home/laptop/asked.pub") client [0-9]+ \\(ssh-keygen, uid $pats\\): signature in namespace file"

as pat relayctl use 1 >/dev/null
# A name that would be a line of its own, or the rest of one.
odd=$(printf 'x\n2026-01-01 00:00:00 signed: login 9 (eve) key')
through pat ssh-keygen -q -Y sign -n "$odd" -f theirs.pub <"$E2E/home/pat/theirs.pub" >"$E2E/got" 2>&1 || :
# shellcheck disable=SC2016
as pat sh -c 'ln -s "$(command -v ssh-keygen)" "$1"' sh 'k, uid 0): x'
through pat './k, uid 0): x' -q -Y sign -n plain -f one.pub <"$E2E/home/pat/one.pub" >"$E2E/got"
ok 'a namespace with a newline stays in its line' \
    has 1 "signed: login [0-9]+ .*: signature in namespace x\\\\x0a2026-01-01\\\\x2000:00:00\\\\x20signed:\\\\x20login\\\\x209\\\\x20\\(eve\\)\\\\x20key"
# So would a socket whose name is no path, by a program that speaks to relayd itself.
as pat ask -s "${own_log%/*}/control.sock" "text:register
path=signed: login 9 (eve) key SHA256:x client 1 (ssh, uid 0): unknown data" >"$E2E/got"
ok 'what is refused to be registered is told of' \
    has 1 'register signed: login 9 .*: refused: not an absolute path'
ok 'and adds none' has 0 'signed: login 9 .*'
ok 'a command cannot end its own name' \
    has 1 "signed: $by \\(k\\\\x2c uid 0\\\\x29: x, uid $pats\\): signature in namespace plain"

# A client that signs without end.
lines=$(wc -l <"$own_log")
# shellcheck disable=SC2046 # many words
through pat ask "$(agent_socket pat)" $(yes sign | head -n 500) >"$E2E/got"
# How many are in one line is up to how fast they come.
all_told() {
    [ "$(tail -n "+$((lines + 1))" "$own_log" | sed -n 's/.* refused\(: \| \([0-9]*\) more: \)login .*: unknown data$/0\2/p' |
        awk '{ n += $1 > 0 ? $1 : 1 } END { print n + 0 }')" -eq 500 ]
}
ok 'five hundred signatures are told of' wait_for 150 all_told
ok 'in few lines' test "$(wc -l <"$own_log")" -le "$((lines + 12))"

# What relayctl makes of it.
log() {
    as pat relayctl log "$@"
}
is "$(log | wc -l)" "$(told '(signed|refused)[ :].*')" 'relayctl log has them all'
like "$(log | head -n 1)" \
    "^[0-9]{4}-[0-9-]+ [0-9:]+  ssh \([0-9]+\)  $one  laptop  ssh login as bob" \
    'a line has when, who, the key, the login, what for'
is "$(log --login 'my (other) laptop' | sed 's/^[^ ]* [^ ]*  //; s/([0-9]*)/(PID)/')" \
    "ssh-keygen (PID)  $(fingerprint "$E2E/home/laptop/asked.pub" | sed 's/\[+\]/+/g')  my \\x28other\\x29 laptop  refused: signature in namespace file" \
    '--login by a label: only its own'
is "$(log --login 2)" "$(log --login 'my (other) laptop')" 'by its number the same'
is "$(log --login 127.0.0.1)" "$(log)" 'by the host that all came from, all'
is "$(log --since 1h)" "$(log)" '--since an hour ago: all'
is "$(log --since "$day")" "$(log)" 'since this day, as a date: all'
said=$(log --since 2999-01-01 2>&1) && result=0 || result=$?
is "$result $said" '1 relayctl: log: no such signature is logged' 'since a day to come: none'
log --since someday 2>"$E2E/got" && result=0 || result=$?
is "$result" 64 'since no time: a usage error'
like "$(log --json | head -n 1)" "^\{\"time\": .*, \"answer\": \"signed\", .*\"login\": \"laptop\", \"host\": \"127.0.0.1\", \"key\": \"$one\", .*\"command\": \"ssh\"" \
    '--json: an object a line'
if have python3; then
    ok 'each of which is JSON' sh -c 'python3 -c "import json, sys
for line in sys.stdin: json.loads(line)"' <<END
$(log --json)
END
else
    skip 1 'python3 is missing'
fi

# What status says of it.
like "$(as pat relayctl status | cat)" 'served, last used (just now|[0-9]+ (s|min) ago)' 'status tells the last use'
like "$(status pat used_s | xargs)" '^[0-9]+ null$' 'for programs too: null is never'
as pat relayctl stop
as pat relayd --daemon
like "$(status pat used_s | xargs)" '^[0-9]+ null$' 'and across a restart'

# Followed across the rotation of the log, and another relayd.
start follower pat relayctl log -f
wait_for 20 grep -q 'ssh login as bob' "$E2E/log/follower"
followed() {
    wait_for 20 grep -q "signature in namespace $1\$" "$E2E/log/follower"
}
sign() {
    through pat ssh-keygen -q -Y sign -n "$1" -f one.pub <"$E2E/home/pat/one.pub" >"$E2E/got"
}
sign now
ok '-f shows what comes' followed now
head -c 300000 /dev/zero | tr '\0' '\n' >>"$own_log"
sign rotated
sign behind
ok 'the log is full: another begins' wait_for 20 test -e "$own_log.old"
ok 'what is in it is shown' followed behind
ok 'and nothing is left out' followed rotated
as pat relayctl stop
as pat relayd --daemon
sign restarted
ok 'another relayd: it goes on' followed restarted
is "$(sort "$E2E/log/follower" | uniq -d)" '' 'nothing is shown twice'
ok 'both files are read' test "$(log | grep -c 'namespace \(now\|behind\)$')" = 2
end follower

as pat relayctl stop
account quiet
said=$(as quiet relayctl log 2>&1) && result=0 || result=$?
is "$result" 1 'who has no log is told so'
like "$said" 'relayctl: .*: ' 'and why'

# What journalctl says to whoever is in no group of its, and what it says where that is all.
cat >"$E2E/bin/journalctl" <<'END'
#!/bin/sh
echo 'Hint: You are currently not seeing messages from other users and the system.
      Pass -q to turn off this notice.' >&2
[ ! -e "$HOME/closed" ] || echo 'No journal files were opened due to insufficient permissions.' >&2
END
chmod 755 "$E2E/bin/journalctl"
like "$(as quiet relayctl log 2>&1)" 'log: no signature is logged' 'a hint of journalctl is no reason'
as quiet touch closed
said='^relayctl: the journal: No journal files were opened'
like "$(as quiet relayctl log 2>&1)" "$said" 'what journalctl cannot read is told'
like "$(as quiet relayctl log --since today 2>&1)" "$said" 'also where not all of it is wanted'
start follower quiet relayctl log -f
ok 'and where somebody waits for what comes' wait_for 20 grep -q "$said" "$E2E/log/follower"
end follower
rm "$E2E/bin/journalctl"
finish
