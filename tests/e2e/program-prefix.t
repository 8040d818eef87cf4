#!/bin/sh
# SPDX-License-Identifier: MIT
# Where another relayd has the name, ours takes one of its own: configure --program-prefix.

. "$(dirname "$0")/lib.sh"
world sshd systemd sources
if in_valgrind || has_sanitizers; then
    skip_all 'it builds relayd as a distribution would: once is enough'
fi
user_manager pat
# What every other test finds installed gives way to the other relayd.
rm "$E2E/bin/relayctl"
rm -r /etc/systemd/user/relayd[.@]*
printf '#!/bin/sh\ntouch %s/shared/other\n' "$E2E" >"$E2E/bin/relayd"
sshd 22
agent one
home=$E2E/home/pat

# As little as will do is compiled: -O0, and nothing of the tests.
build() {
    as pat cp -R "$E2E/src" src
    # shellcheck disable=SC2016
    as pat sh -c 'cd src && { [ -x configure ] || autoreconf -fi; } &&
        ./configure --program-prefix=agent- --prefix="$HOME/.local" \
            --with-systemduserunitdir="$HOME/.local/share/systemd/user" CFLAGS=-O0 &&
        make -j2 && make install'
}
files() {
    (cd "$home/.local" && find . -type f | sort)
}
# ctl [ARGUMENT...]
ctl() {
    as pat .local/bin/agent-relayctl "$@"
}
registered() {
    ctl status --json 2>/dev/null | grep -Fq "$(upstream one)"
}
# relays ACCOUNT: the names of those that run.
relays() {
    pgrep -l -u "$1" relayd | cut -d ' ' -f 2
}
# unprefixed: where anything that is installed names a program without the prefix. The news are of
# relayd, whatever it is called here.
unprefixed() {
    grep -rEn --exclude-dir=doc '(^|[^-_/.$[:alnum:]])relay(d|ctl)([^-_.[:alnum:]]|$)' "$home/.local/share" || :
}

ok 'it is built with a prefix' build
files >"$E2E/shared/files"
is "$(grep -E '/(bin|man1|user)/' "$E2E/shared/files" | xargs -n 1 basename | xargs)" \
    'agent-relayctl agent-relayd agent-relayctl.1 agent-relayd.1 agent-relayd.service agent-relayd.socket agent-relayd@.service agent-relayd@.socket' \
    'programs, man pages and units have it'
is "$(grep complet "$E2E/shared/files" | xargs -n 1 basename | xargs) $(grep -l '^#compdef agent-relayctl' "$home"/.local/share/zsh/site-functions/*)" \
    "agent-relayctl agent-relayctl.fish $home/.local/share/zsh/site-functions/_agent-relayctl" 'completions too'
is "$(unprefixed)" '' 'nothing that is installed names them without'
like "$(ctl nonesuch 2>&1)" 'try: agent-relayctl help' 'what they say can be pasted'
is "$(ctl help | grep -cE '(^|[^-])relayctl')" 0 'so can their help'
printf 'deny\n' >/etc/relayd.conf
like "$(as pat .local/bin/agent-relayd 2>&1)" '/etc/relayd.conf: relayd is not allowed' \
    'what /etc denies is denied, whatever the prefix'
rm /etc/relayd.conf

systemctl_of pat daemon-reload
ok 'systemd has its socket' systemctl_of pat start agent-relayd.socket
as pat install -m 600 .local/share/relayd/ssh/rc .ssh/rc
login one
ok 'rc registers a login' wait_for 20 registered
is "$(relays pat)" agent-relayd 'with the service, which it started'
is "$(systemctl_of pat show -P MainPID agent-relayd.service)" "$(pgrep -u pat -x agent-relayd)" \
    'and which is the only relay'
as pat sh -c 'cat .local/share/relayd/shell/relayd.bash >>.bashrc'
is "$(as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -A -tt -q pat@localhost \
    'bash -ic "ssh-add -l"' | tr -d '\r' | names)" one 'a shell uses it'

ok 'it starts one more by its units' as pat .local/bin/agent-relayctl --name work register --no-wait "$(upstream one)"
is "$(systemctl_of pat is-active agent-relayd@work.service)" active 'which have the prefix'
systemctl_of pat stop agent-relayd@work.socket agent-relayd@work.service 2>/dev/null

systemctl_of pat stop agent-relayd.socket agent-relayd.service 2>/dev/null
ok 'register starts it' ctl register "$(upstream one)"
is "$(systemctl_of pat is-active agent-relayd.service)" active 'through the user manager'
systemctl_of pat stop agent-relayd.socket agent-relayd.service 2>/dev/null

account bob
start agent bob fake-agent -n agent good agent
wait_for 20 test -S "$E2E/home/bob/agent"
ok 'register starts it without a manager' as bob "$home/.local/bin/agent-relayctl" register agent
is "$(relays bob)" agent-relayd 'from beside itself'
as bob "$home/.local/bin/agent-relayctl" stop
ok 'the other relayd was never run' not test -e "$E2E/shared/other"

as pat make -C src uninstall >/dev/null 2>&1
is "$(files)" '' 'make uninstall takes all of it away'

finish
