#!/bin/sh
# SPDX-License-Identifier: MIT
# Under systemd the journal can be asked who used a login's keys.

. "$(dirname "$0")/lib.sh"
world sshd systemd journald
journal
user_manager pat
systemctl_of pat start relayd.socket
sshd 22

rc pat
patient pat

# comes NAME: a login from a machine that calls itself so, whose key pat can ask for a signature.
comes() {
    arrives "$1" -o SetEnv="LC_RELAYD_LABEL=$1"
    as pat cp "$E2E/home/laptop/$1.pub" .
}
# sign NAME: with that key. Leaves the pid of who did.
sign() {
    # shellcheck disable=SC2016
    through pat sh -c 'echo "$$" >signer; exec ssh-keygen -q -Y sign -n file -f "$0.pub"' "$1" \
        <"$E2E/home/pat/$1.pub" >"$E2E/said" 2>&1
}
# entries COUNT MATCH...: whether the journal has so many of them; they are in `got` then.
entries() {
    count=$1
    shift
    journal_of pat "$@" -o export >"$E2E/got" && [ "$(grep -c '^MESSAGE=' "$E2E/got")" -eq "$count" ]
}

comes laptop
sign laptop
signer=$(cat "$E2E/home/pat/signer")
comes office
sign office
sign office

ok 'two signatures with the key of the office' wait_for 20 entries 2 RELAYD_UPSTREAM=office
ok 'the one with that of the laptop is told apart' entries 1 RELAYD_UPSTREAM=laptop
key=$(ssh-keygen -lf "$E2E/home/laptop/laptop.pub" | cut -d ' ' -f 2)
is "$(sed -n '/^RELAYD_/p' "$E2E/got" | sort)" \
    "RELAYD_ANSWER=signed
RELAYD_CLIENT_COMMAND=ssh-keygen
RELAYD_CLIENT_PID=$signer
RELAYD_CLIENT_UID=$(id -u pat)
RELAYD_KEY=$key
RELAYD_PURPOSE=signature in namespace file
RELAYD_REPEATED=0
RELAYD_UPSTREAM=laptop
RELAYD_UPSTREAM_ID=1" 'its fields say who it was, which key was used, and for what'
like "$(journal_of pat RELAYD_UPSTREAM=laptop)" \
    "relayd\[[0-9]+\]: signed: login 1 \(laptop, 127\.0\.0\.1\) key $(printf '%s' "$key" | sed 's/+/[+]/g') client $signer \(ssh-keygen, uid $(id -u pat)\): signature in namespace file\$" \
    'so do its words'
like "$(journalctl -q _SYSTEMD_USER_UNIT=relayd.service "_UID=$(id -u pat)" RELAYD_UPSTREAM=laptop)" \
    "client $signer " 'root sees it too'

log() {
    as pat relayctl log "$@"
}
is "$(log | wc -l)" 3 'relayctl log reads them there'
like "$(log --login laptop)" "^....-..-.. [0-9:]{8}  ssh-keygen \($signer\)  SHA256:[^ ]+  laptop  signature in namespace file\$" \
    'of one login too'
is "$(log --since 1h --login office | wc -l)" 2 'and since a while'
start follower pat relayctl log -f --login office
lines_are() {
    [ "$(wc -l <"$E2E/log/follower")" = "$1" ]
}
ok 'it follows them' wait_for 20 lines_are 2
systemctl_of pat restart relayd.service
sign office
ok 'across a restart' wait_for 20 lines_are 3
sign office
ok 'and on' wait_for 20 lines_are 4
end follower
ok 'no journalctl stays behind' wait_for 20 not pgrep -x journalctl

# The relayd of another name has a log of its own.
systemctl_of pat start relayd@work.socket
as pat relayctl --name work log >"$E2E/said" 2>&1 && result=0 || result=$?
is "$result" 1 'that of another name has signed nothing'
knows as pat SSH_AUTH_SOCK="$(upstream laptop)" relayctl --name work register
as pat SSH_AUTH_SOCK="$(as pat relayctl --name work path)" \
    ssh-keygen -q -Y sign -n other -f laptop.pub <"$E2E/home/pat/laptop.pub" >"$E2E/said"
work_has() {
    [ "$(as pat relayctl --name work log 2>/dev/null | sed 's/.*  //')" = "$1" ]
}
ok 'and then one' wait_for 20 work_has 'signature in namespace other'
unlike "$(log)" 'namespace other' "which is not the first one's"

is "$(keys pat)" office 'a client lists the keys'
as pat relayctl unregister --all
like "$(keys pat)" 'agent refused' 'another meets no login'
ok 'the journal has why' wait_for 20 entries 1 RELAYD_REASON='no login is registered'
is "$(sed -n 's/^\(RELAYD_DURATION_MS=\)[0-9]*$/\1some/; /^RELAYD_\(DUR\|QUE\)/p' "$E2E/got" | sort)" \
    "RELAYD_DURATION_MS=some
RELAYD_QUESTIONS=1 list" 'what was asked, and how long that took'
ok 'of which client' grep -q '^RELAYD_CLIENT_COMMAND=ssh-add$' "$E2E/got"
ok 'and nothing of the one that was served' entries 1 RELAYD_CLIENT_COMMAND=ssh-add

# A program may be called anything.
odd=$(printf 'x\nODD=yes\377')
as pat cp /usr/local/bin/ask "$odd"
through pat "./$odd" "$(agent_socket pat)" sign >"$E2E/said"
ok 'an odd name is made plain' wait_for 20 entries 1 'RELAYD_CLIENT_COMMAND=x?ODD=yes?'
like "$(journal_of pat 'RELAYD_CLIENT_COMMAND=x?ODD=yes?')" ' \(x\?ODD=yes\?, uid ' \
    'its line can be read'
ok 'and it adds no field' not entries 1 ODD=yes

finish
