#!/bin/sh
# SPDX-License-Identifier: MIT
# relay-mosh, on a laptop: mosh with an agent, which comes back whatever happens to its connection.

. "$(dirname "$0")/lib.sh"
world sshd tmux mosh git
sshd 22
account bob
as bob git init -q --bare repo
far train
host=$(first_line "$E2E/pid/net.train")
agent one
mkdir "$E2E/home/laptop/bin"
cp "$E2E"/contrib/laptop/relay-* "$E2E/home/laptop/bin"
cat >"$E2E/home/laptop/.ssh/config" <<END
Host dev word bare
    HostName $host
    ControlMaster auto
    ControlPath ~/.ssh/%C
    ControlPersist yes
    RemoteCommand tmux attach
    RequestTTY yes
Host dev
    User pat
Host word
    User word
Host bare
    User pat
    IdentityFile ~/one
END

# Somebody who has only a password there; nothing of relayd's is in the shell's files of either.
account word
sed -i "s|^word:[^:]*|word:$(perl -e 'print crypt("open sesame", "\$6\$salt")')|" /etc/passwd
cat >>/etc/ssh/sshd_config <<'END'
Match User word
    PasswordAuthentication yes
    AuthenticationMethods password
END
sed -i 's/^BatchMode yes$//' /etc/ssh/ssh_config
reread 22

terminal laptop laptop@train SSH_AUTH_SOCK="$E2E/home/laptop/one.agent"
tmux_of laptop send-keys 'bin/relay-mosh dev' Enter
# comes_up ACCOUNT
comes_up() {
    wait_for 60 shows laptop "$1 ready>" || { tmux_of laptop capture-pane -p | grep .; return 1; }
}
ok 'mosh comes up' comes_up pat
pulls() {
    typed laptop 'timeout 10 git ls-remote bob@localhost:repo' >/dev/null
}
ok 'git in it has the agent' wait_for 60 pulls
is "$(pgrep -u laptop -fc 'hold --label')" 1 'over one connection'
is "$(find "$E2E/home/laptop/.ssh" -type s)" '' 'none of them a master for others'

pkill -KILL -u laptop -f 'hold --label'
ok 'its ssh is killed: git works again' wait_for 60 pulls
pkill -STOP -u laptop -f 'hold --label'
ok 'it is stopped: so it does' wait_for 60 pulls
held_by=$(pgrep -u laptop -f 'hold --label' | head -n 1)
cut_link train
ok 'the link is cut: its ssh ends' wait_for 60 gone "$held_by"
wait_for 6 false || :
mend_link train
ok 'the link is back: git works again' wait_for 60 pulls
daemon=$(relay_pid pat)
kill "$daemon"
wait_for 20 gone "$daemon"
start relay pat relayd
ok 'the relay is restarted: so it does' wait_for 60 pulls
ok 'there is one hold on the host' wait_for 20 has_logins 1
like "$(status pat label)" ' mosh pts/[0-9]+$' 'which is named for its terminal'

tmux_of laptop send-keys 'exit' Enter
wait_for 20 shows laptop 'laptop ready>'
ok 'mosh ends: no ssh is left' wait_for 20 not pgrep -u laptop -f 'hold --label'
ok 'nor a master of it, whatever ControlPersist says' wait_for 20 not pgrep -u laptop -f '/tmp/relay-mosh.*mux'
no_file() {
    find /tmp -name 'relay-*' >"$E2E/left" && not grep . "$E2E/left"
}
ok 'nor file' wait_for 20 no_file
cat >"$E2E/home/laptop/bin/seven" <<'END'
#!/bin/sh
[ "$1" = -c ] && echo 8 && exit
exit 7
END
chmod 755 "$E2E/home/laptop/bin/seven"
typed laptop 'bin/relay-mosh dev --client=bin/seven' >/dev/null && result=0 || result=$?
is "$result" 7 'its exit status is that of mosh, which has the arguments'

tmux_of laptop send-keys 'clear; bin/relay-mosh word' Enter
ok 'where that takes a password it is asked for' wait_for 20 shows laptop 'password:'
tmux_of laptop send-keys 'open sesame' Enter
ok 'and mosh comes up' comes_up word
ok 'git in it has the agent' wait_for 60 pulls
is "$(grep -c 'Accepted password for word' "$E2E/log/sshd.22")" 1 'the password was asked for once'
held_by=$(pgrep -u laptop -f 'hold --label' | head -n 1)
kill -s KILL "$held_by"
ok 'its ssh is killed: it asks for nothing' wait_for 20 grep -q 'Connection closed by authenticating user word' "$E2E/log/sshd.22"
is "$(typed laptop 'echo here')" here 'nor does it disturb mosh'
kill "$(pgrep -u laptop -f 'relay-mosh word' | head -n 1)"
ok 'SIGTERM ends it, and mosh' wait_for 20 not pgrep -u laptop -x mosh-client
ok 'and what belongs to it' wait_for 20 not pgrep -u laptop -f relay-hold

typed laptop 'clear; reset' >/dev/null
tmux_of laptop send-keys 'env -u SSH_AUTH_SOCK bin/relay-mosh bare' Enter
ok 'without an agent it starts no mosh' wait_for 30 shows laptop 'it is without an agent by: mosh bare'
is "$(tmux_of laptop capture-pane -p | sed -n -E 's/^relay-mosh: (bare|mosh)/\1/p')" \
    "$(printf '%s\n' 'bare: no agent is forwarded: one must run here (SSH_AUTH_SOCK), and sshd there allow it' \
        'mosh was not started; it is without an agent by: mosh bare')" 'and says why, once'

rm "$E2E/bin/relayctl"
typed laptop 'clear; reset' >/dev/null
said=$(typed laptop 'bin/relay-mosh dev') && result=0 || result=$?
is "$(printf '%s\n' "$said" | head -n 1)" 'relay-mosh: dev: there is no relayctl: install relayd there' 'a host without relayctl is named'
is "$result" 1 'and the exit status is 1'
typed laptop 'bin/relay-mosh -x' >/dev/null && result=0 || result=$?
is "$result" 64 'a wrong command line is 64'
finish
