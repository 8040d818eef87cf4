#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fault is made for real: doctor finds it, and its cure, carried out as it is printed, ends it.

# shellcheck disable=SC2016,SC2088
. "$(dirname "$0")/lib.sh"
world sshd tmux script screen mosh dropbear zsh systemd
home=$E2E/home/pat
socket=$(agent_socket pat)
dir=${socket%/*}

# doctor [NAME=VALUE...]: what it says to a shell of pat's with these variables.
doctor() {
    as pat SSH_AUTH_SOCK="$socket" "$@" timeout 20 relayctl doctor --json >"$E2E/found" 2>&1 || [ $? -eq 1 ]
}

# found [NAME=VALUE...]: the names, in its order.
found() {
    doctor "$@" && sed -n 's/^ *"name": "\(.*\)",$/\1/p' "$E2E/found" | xargs
}

# field NAME FIELD: of that finding, as it was last told.
field() {
    sed -n "/\"name\": \"$1\"/,/}/s/^ *\"$2\": \"\(.*\)\",\{0,1\}\$/\1/p" "$E2E/found" |
        head -n 1 | sed 's/\\\(["\\]\)/\1/g'
}

has() {
    case " $(found) " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# finds GRAVITY NAME PATTERN DESCRIPTION [NAME=VALUE...]: whether it tells of that, and with these words. Whoever
# it asks has a second for the answer, or less, and may not get to it at once on a busy host: so it may ask again.
finds() {
    gravity=$1 name=$2 pattern=$3 what=$4
    shift 4
    wait_for 40 tells_that "$@" || :
    is "$(field "$name" gravity)" "$gravity" "$what: $name"
    like "$(field "$name" text)" "$pattern" "its words: $(field "$name" text)"
}

tells_that() {
    doctor "$@" && [ "$(field "$name" gravity)" = "$gravity" ] && matches "$(field "$name" text)" "$pattern"
}

# finds_nothing DESCRIPTION
finds_nothing() {
    ok "$1" wait_for 40 tells_nothing
}
tells_nothing() {
    found >"$E2E/names" && not grep . "$E2E/names"
}

# all_well [NAME=VALUE...] COMMAND...: whether that says so, in a line.
all_well() {
    [ "$(as pat "$@")" = 'nothing stands in the way' ]
}

# cures NAME: whether its cure, pasted into a shell of pat's, ends it.
cures() {
    # An administrator's line is pasted by one.
    cure=$(field "$1" cure | sed 's/^sudo //')
    who=pat
    ! field "$1" cure | grep -q '^sudo ' || who=root
    if [ "$cure" != "${cure#relayctl setup}" ]; then
        cure="$cure --yes"
    fi
    if [ "$who" = root ]; then
        sh -c "$cure" || :
    else
        as pat SSH_AUTH_SOCK="$socket" bash -c "$cure" </dev/null >"$E2E/cured" 2>&1 || :
    fi
    ok "its cure ends it: $cure" wait_for 20 not has "$1"
}

# writes FILE: below pat's home, from stdin; put_back is what it was before.
writes() {
    cat >"$E2E/new"
    [ -e "$E2E/kept" ] || cp -a "$home" "$E2E/kept"
    as pat mkdir -p "$(dirname "$1")"
    as pat sh -c 'cat >"$0"' "$1" <"$E2E/new"
}

# mended NAME: whether its cure, which is for a person and their editor, ends it.
mended() {
    cure=$(field "$1" cure)
    printf '%s\n' "$cure" | sed -n 's/^put .* of [^:]*: //p' >"$E2E/line"
    set -- "$1" "$(printf '%s\n' "$cure" | sed -n 's/^put \(.*\) of \([^:]*\): .*/\1 \2/p
        s/^\(move line [0-9]*\) of \([^ ]*\) above line \([0-9]*\)$/\1 \2 \3/p
        s/^\(take line [0-9]*\) out of \([^ ]*\)$/\1 \2/p')"
    name=$1
    # shellcheck disable=SC2086
    set -- $2
    case "$*" in
    'at the end '*) cat "$E2E/line" >>"$home/${4#\~/}" ;;
    'at the start '*) ed "$home/${4#\~/}" 0 "$E2E/line" ;;
    'before line '*) ed "$home/${4#\~/}" $(($3 - 1)) "$E2E/line" ;;
    'move line '*)
        sed -n "$3p" "$home/${4#\~/}" >"$E2E/line"
        sed -i --follow-symlinks "$3d" "$home/${4#\~/}"
        ed "$home/${4#\~/}" $(($5 - 1)) "$E2E/line"
        ;;
    'take line '*) sed -i --follow-symlinks "$3d" "$home/${4#\~/}" ;;
    *) note "no such cure: $cure" ;;
    esac
    ok "done by hand, its cure ends it: $cure" not has "$name"
}

# ed FILE LINE ADDITION: puts those lines behind that line; 0: before all.
ed() {
    { head -n "$2" "$1" && cat "$3" && tail -n +"$(($2 + 1))" "$1"; } >"$E2E/edited"
    cat "$E2E/edited" >"$1"
}

put_back() {
    find "$home" -mindepth 1 -maxdepth 1 \( -name '.[a-z]*' -o -type l \) -exec rm -rf {} +
    cp -a "$E2E/kept/." "$home"
}

# --- the relay

cat "$E2E/contrib/shell/relayd.bash" >>"$home/.bashrc"
rc pat
finds stops no-relayd "in $dir" 'no relay runs'
cures no-relayd
as pat relayctl stop
rm -f "$socket"

as pat mkdir "$dir/agent.sock"
chmod 755 "$dir"
finds stops directory "$dir .*others" 'the directory is open to others'
cures directory
finds stops obstacle "agent.sock .*directory" 'a directory stands in the way'
cures obstacle
rm -rf "$dir"

printf '# a word\n  deny\n' >/etc/relayd.conf
finds stops denied /etc/relayd.conf 'this host denies it'
like "$(field denied cure)" '^ask whoever runs this host' 'and its cure is not for a user'
rm /etc/relayd.conf

as pat mkdir -p .config
printf 'patience 2s\nread-onyl\n' >"$home/.config/relayd.conf"
finds stops options 'does not start, .*/relayd.conf:2: read-onyl: unknown option$' 'an option is mistyped'
# shellcheck disable=SC2088
is "$(field options cure)" 'correct line 2 of ~/.config/relayd.conf' 'its cure names the line'
ok 'and none is to be started before' not has no-relayd
rm "$home/.config/relayd.conf"

relay pat
printf 'read-onyl\n' >"$home/.config/relayd.conf"
finds risks options 'does not start again, .*/relayd.conf:1: read-onyl' 'it is mistyped while relayd runs'
rm -r "$home/.config"
ok 'put right it is no more' not has options
sshd 22
finds stops no-login 'no login is registered' 'no login is there'
is "$(field no-login cure)" 'ssh -A' 'rc registers one: nobody is told to'
unlike "$(as pat relayctl status)" 'relayctl register$' 'nor by status'
like "$(as pat relayctl status)" '^ log in with ssh -A: ~/.ssh/rc registers it$' 'which says who does'
as pat mv .ssh/rc .ssh/away
finds stops no-login 'ssh -A, and there' 'without rc'
is "$(field no-login cure)" 'relayctl register' 'whoever logs in is told to'
like "$(as pat relayctl status)" '^ log in with ssh -A, and there: relayctl register$' 'by status too'
as pat mv .ssh/away .ssh/rc
arrives one
finds_nothing 'where all is well nothing is found'
ok 'and that is told in a line' wait_for 20 all_well SSH_AUTH_SOCK="$socket" relayctl doctor
ok 'and by the exit status' wait_for 20 as pat SSH_AUTH_SOCK="$socket" relayctl doctor

kill -s STOP "$(relay_pid pat)"
finds stops hung-relayd "$dir" 'a relay hangs'
cures hung-relayd
relay pat
wait_for 20 newest pat "$(upstream one)"

as pat relayctl pause
finds stops paused 'every client' 'it is paused'
cures paused

# As an upgrade does: another file in its place.
cp "$E2E/bin/relayd" "$E2E/bin/relayd.new"
mv "$E2E/bin/relayd.new" "$E2E/bin/relayd"
finds risks old-relayd 'another program' 'the program was replaced'
cures old-relayd
mv "$E2E/bin/relayd" "$E2E/bin/elsewhere"
finds risks no-program 'nothing starts it again' 'the program was removed'
mv "$E2E/bin/elsewhere" "$E2E/bin/relayd"
as pat relayctl stop
relay pat
finds_nothing 'put back, it is there'

# --- logins

start mute pat fake-agent silent mute.agent
wait_for 20 test -S "$home/mute.agent"
wait_for 20 as pat relayctl register -q --no-wait --label 'laptop' mute.agent
ok 'a login never answers' wait_for 30 has silent-login
is "$(field silent-login gravity)" hinders 'while another works that hinders'
cures silent-login
start empty pat fake-agent -k 0 good empty.agent
wait_for 20 test -S "$home/empty.agent"
# A client that it does not answer in time goes elsewhere, and then nobody knows.
listed_empty() {
    as pat relayctl register -q --label "$(printf 'a\033[31mb')" empty.agent
    keys pat >/dev/null
    has no-keys
}
wait_for 60 listed_empty || :
finds hinders no-keys 'agent without keys' 'a login has no keys'
unlike "$(cat "$E2E/found")" "$(printf '\033')" 'a hostile label is made safe'
as pat relayctl unregister empty.agent

# --- this shell

finds hinders shell 'SSH_AUTH_SOCK is /tmp/other' 'the shell has another socket' SSH_AUTH_SOCK=/tmp/other
finds hinders shell "VS Code's" "it has the editor's" SSH_AUTH_SOCK=/run/vscode-ssh-auth-1.sock
like "$(field shell cure)" '^eval "\$\(relayctl env\)"$' 'the cure is the line for this shell'
ok 'which ends it' wait_for 20 all_well SSH_AUTH_SOCK=/tmp/other bash -c 'eval "$(relayctl env)"; relayctl doctor'
finds hinders shell 'has no SSH_AUTH_SOCK' 'the shell has none' SSH_AUTH_SOCK=
finds hinders no-agent 'brings no agent' 'the login brings no agent' SSH_AUTH_SOCK= SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22'

# --- rc

writes .ssh/rc </dev/null
finds hinders rc '~/.ssh/rc does not tell' 'rc is without relayctl'
cures rc
put_back
rm "$home/.ssh/rc"
finds hinders rc 'no ~/.ssh/rc' 'there is no rc'
cures rc
put_back
{
    printf '[ -t 0 ] || exit\n'
    cat "$E2E/contrib/ssh/rc"
} | writes .ssh/rc
finds hinders rc-exits 'line 1 of ~/.ssh/rc' 'rc ends before its line'
cures rc-exits
put_back
{
    printf 'if true; then\n    fi; fi\n'
    cat "$E2E/contrib/ssh/rc"
} | writes .ssh/rc
finds hinders rc-syntax 'sh stops in ~/.ssh/rc .*fi' 'rc does not parse'
cures rc-syntax
put_back
{
    cat "$E2E/contrib/ssh/rc"
    printf 'if true; then\nfi\n'
} | writes .ssh/rc
finds_nothing 'an error behind its line is none'
put_back
{
    cat "$E2E/contrib/ssh/rc"
        printf 'ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock\n'
} | writes .ssh/rc
finds hinders relinks 'of ~/.ssh/rc points a symlink' 'rc has the old trick'
cures relinks
put_back
finds hinders rc-dir 'does not know' 'RELAYD_DIR is set for shells only' RELAYD_DIR="$dir"
as pat RELAYD_DIR="$dir" sh -c "$(field rc-dir cure)"
doctor RELAYD_DIR="$dir"
is "$(field rc-dir name)" '' 'its cure ends it'
put_back

# --- symlinks

as pat ln -s /tmp/ssh-XXXXgone/agent.7 .ssh/ssh_auth_sock
finds hinders symlink '~/.ssh/ssh_auth_sock .*/tmp/ssh-XXXXgone/agent.7, where nothing is' 'a symlink dangles'
cures symlink
as pat ln -sf ssh_auth_sock .ssh/ssh_auth_sock
finds hinders symlink 'in a circle' 'it leads to itself'
cures symlink
as pat ln -s "$(upstream one)" "a place's agent"
finds hinders symlink "$(upstream one)" 'one leads to a login that lives'
cures symlink
as pat rm "a place's agent"
# What the unguarded trick does in a login without an agent.
as pat sh -c 'unset SSH_AUTH_SOCK; ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock'
finds risks stray-symlink '~/ssh_auth_sock was left' 'an unguarded trick left a symlink'
cures stray-symlink
as pat rm .ssh/ssh_auth_sock

# --- a home that hosts share

as pat ln -s "$socket" .ssh/agent_sock
finds_nothing 'a symlink to the relay is well in a home of this host'
mount --bind "$home" "$E2E/shared"
mount -t tmpfs -o "mode=755,uid=$(id -u pat),gid=$(id -g pat)" filer:/home "$home"
cp -a "$E2E/shared/." "$home"
umount "$E2E/shared"
finds risks shared-home 'home is filer:/home, .*~/.ssh/agent_sock leads nowhere' 'and may lead nowhere from one that hosts share'
as pat sh -c "$(field shared-home cure) --yes" >/dev/null 2>&1 || :
ok 'its cure ends it' wait_for 20 not has shared-home
umount "$home"
as pat rm .ssh/agent_sock

# --- the shell's files

writes .bashrc </dev/null
finds hinders shell-line bash 'no file of the shell has the line'
cures shell-line
put_back
writes .profile </dev/null
finds hinders login-shell .bashrc 'a login does not read the file that has it'
cures login-shell
put_back
{
    printf 'export SSH_AUTH_SOCK=%s\n[ -n "$PS1" ] || return\n' "$socket"
    cat "$home/.bashrc"
} | writes .bashrc
finds hinders hides-login 'line 1 of ~/.bashrc' 'a file sets the variable for every shell'
cures hides-login
put_back
{
    cat "$home/.bashrc"
    printf '\n# mine\nexport SSH_AUTH_SOCK=/tmp/mine\n'
} | writes .bashrc
finds hinders overrides "line $(wc -l <"$home/.bashrc") of ~/.bashrc" 'a later line takes it away'
cures overrides
put_back
# setup's own lines go behind what came later, or before it in rc; and are taken out as ever.
as pat relayctl setup --yes >/dev/null
printf '# mine\nexport SSH_AUTH_SOCK=/tmp/mine\n' >>"$home/.bashrc"
finds hinders overrides "line $(wc -l <"$home/.bashrc") of ~/.bashrc" "one behind setup's lines"
cures overrides
like "$(cat "$home/.bashrc")" '^# mine$' 'and it stays'
like "$(as pat relayctl setup --yes)" '^There is nothing to do' 'once is enough'
sed -i '1i exit 0 # mine' "$home/.ssh/rc"
finds hinders rc-exits 'line 1 of ~/.ssh/rc' "rc ends before setup's lines"
cures rc-exits
as pat relayctl setup --undo --yes >/dev/null
is "$(cat "$home/.bashrc")" "$(cat "$E2E/kept/.bashrc" && printf '# mine\nexport SSH_AUTH_SOCK=/tmp/mine\n')" \
    'taken back, the file is as it was with that line'
like "$(cat "$home/.ssh/rc")" '^exit 0 # mine$' 'so is rc'
put_back
{
    printf 'case $- in *i*) ;; *) return ;; esac\neval "$(keychain --eval id_ed25519)"\n'
    cat "$home/.bashrc"
} | writes .bashrc
finds hinders local-agent "line 2 of ~/.bashrc" 'an agent of the host comes first'
cures local-agent
put_back
{
    printf 'eval "$(keychain --eval id_ed25519)"\n'
    cat "$home/.profile"
} | writes .profile
finds hinders local-agent 'line 1 of ~/.profile' 'one in a file that setup writes nothing before'
mended local-agent
put_back

{
    printf '. ~/.bashrc\nexport SSH_AUTH_SOCK=/tmp/mine\n'
} | writes .profile
finds hinders overrides 'line 2 of ~/.profile' 'a line behind .bashrc takes it away at a login'
cures overrides
put_back

# Files that setup leaves alone: the cure is for a person.
links_away() {
    as pat mkdir -p dotfiles "$(dirname "$1")"
    as pat mv "$1" "dotfiles/${1##*/}"
    as pat ln -s "$home/dotfiles/${1##*/}" "$1"
}
links_away .bashrc
: >"$home/dotfiles/.bashrc"
finds hinders shell-line bash 'no file has the line, and .bashrc is a symlink'
mended shell-line
printf 'export SSH_AUTH_SOCK=/tmp/mine\n' >>"$home/dotfiles/.bashrc"
finds hinders overrides 'line 2 of ~/.bashrc' 'a later line takes it away there'
mended overrides
sed -i '1i ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock' "$home/dotfiles/.bashrc"
finds hinders relinks 'line 1 of ~/.bashrc' 'it has the old trick'
mended relinks
put_back
links_away .bashrc
sed -i "1i export SSH_AUTH_SOCK=$socket" "$home/dotfiles/.bashrc"
finds hinders hides-login 'line 1 of ~/.bashrc' 'it sets the variable for every shell'
mended hides-login
put_back
links_away .ssh/rc
: >"$home/dotfiles/rc"
finds hinders rc '~/.ssh/rc does not tell' 'rc is a symlink, and without relayctl'
mended rc
sed -i '1i exit 0' "$home/dotfiles/rc"
finds hinders rc-exits 'line 1 of ~/.ssh/rc' 'it ends before its line'
mended rc-exits
printf 'ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock\n' >"$home/dotfiles/rc"
finds hinders relinks 'of ~/.ssh/rc points a symlink' 'it has the old trick'
mended relinks
put_back
rm -r "$home/dotfiles"

# As a completion's tables that somebody pasted make it. setup leaves one of that size alone.
{
    yes '# a long table' | head -c 3000000
    printf '\n'
    cat "$home/.bashrc"
} | writes .bashrc
finds_nothing 'what a very large file has counts'
put_back
finds_nothing 'all is as it was'

# --- tmux, screen, mosh

as pat tmux -f /dev/null new-session -d -s 'a b'
finds risks tmux-copies 'tmux server default copies' 'tmux copies the variable from whoever attaches'
cures tmux-copies
finds hinders tmux 'gives new panes no SSH_AUTH_SOCK' 'a server has none for new panes'
cures tmux
as pat tmux set-environment -t '=a b' SSH_AUTH_SOCK /tmp/old
finds hinders tmux-session 'session a b of .*SSH_AUTH_SOCK=/tmp/old' 'a session has an old one'
cures tmux-session
as pat tmux set-environment -t '=a b' -r SSH_AUTH_SOCK
finds hinders tmux-session 'gives new panes no SSH_AUTH_SOCK' 'a session hides it'
cures tmux-session
finds_nothing 'then tmux is well'
kill -s STOP "$(as pat tmux display-message -p '#{pid}')"
finds risks tmux-hangs 'default does not answer' 'a server that hangs is told'
kill -s CONT "$(pgrep -u pat -x 'tmux: server')"
as pat tmux kill-server

writes .bashrc </dev/null
# As tmpfiles.d has it.
mkdir -m 777 /run/screen
as pat SSH_AUTH_SOCK=/tmp/old screen -dmS one sleep 600
ok 'screen has an old socket for its shells' wait_for 20 has screen
wait_for 20 as pat screen -S one -X quit
as pat SSH_AUTH_SOCK=/tmp/old SSH_CONNECTION='127.0.0.1 1 127.0.0.1 22' mosh-server new -i 127.0.0.1 -- sleep 600 >/dev/null 2>&1
ok 'so has mosh' wait_for 20 has mosh
like "$(field mosh text)" 'mosh-server .*SSH_AUTH_SOCK=/tmp/old' "its words: $(field mosh text)"
links_away .bashrc
ok 'where setup leaves the file alone, too' wait_for 20 has mosh
mended mosh
rm -r "$home/.bashrc" "$home/dotfiles"
writes .bashrc </dev/null
ok 'and where it does not' wait_for 20 has mosh
cures mosh
put_back
finds_nothing 'where the shell has the line, that does not matter'
pkill -u pat mosh-server

cp /bin/sleep "$E2E/bin/node"
start node pat VSCODE_AGENT_FOLDER=x SSH_AUTH_SOCK=/tmp/old node 600
ok "an editor's server has what its login had" wait_for 20 has vscode
as pat sh -c "$(field vscode cure | sed 's/shell;/shell --yes;/')" >/dev/null 2>&1
ok 'its cure ends it' wait_for 20 not has vscode
put_back

# --- sshd

# login_says [SSH-OPTION...]: what doctor finds in a new login, by a shell that is not interactive.
login_says() {
    # The PATH of an older dropbear does not have the place.
    as laptop SSH_AUTH_SOCK=one.agent ssh -A "$@" pat@localhost '/usr/local/bin/relayctl doctor --json' >"$E2E/found" 2>&1 || :
    sed -n 's/^ *"name": "\(.*\)",$/\1/p' "$E2E/found" | xargs
}
# configured LINE...: sshd's configuration, with these lines at its head or its end.
cp /etc/ssh/sshd_config "$E2E/sshd_config"
configured() {
    { [ "${1#Match}" != "$1" ] || printf '%s\n' "$@"; cat "$E2E/sshd_config"
        [ "${1#Match}" = "$1" ] || printf '%s\n' "$@"; } >/etc/ssh/sshd_config
}
chmod 644 /etc/ssh/sshd_config
configured 'PermitUserRC no'
finds hinders no-rc 'PermitUserRC no' 'sshd runs no rc'
configured 'Match User p?t' 'PermitUserRC no'
finds hinders no-rc 'PermitUserRC no' 'not for this user'
configured 'Match User laptop' 'PermitUserRC no'
finds_nothing 'for another user only: nothing'
configured 'ForceCommand /bin/true'
finds hinders no-rc 'ForceCommand /bin/true' 'sshd has each login run one command'
cures no-rc
put_back
links_away .bashrc
finds hinders no-rc 'ForceCommand' 'so it has where .bashrc is a symlink'
mended no-rc
rm -r "$home/dotfiles"
put_back
configured 'AllowAgentForwarding no'
finds stops sshd-no-forwarding AllowAgentForwarding 'sshd forwards no agent'
cures sshd-no-forwarding
configured 'DisableForwarding yes'
finds stops sshd-no-forwarding DisableForwarding 'sshd forwards nothing'
cures sshd-no-forwarding
configured 'PermitUserRC no'
ok 'root hears it of sshd itself' \
    wait_for 40 eval 'matches "$(RELAYD_DIR="$E2E/shared/root" "$E2E/bin/relayctl" doctor)" "PermitUserRC no"'
cp "$E2E/sshd_config" /etc/ssh/sshd_config
ok 'in a login by sshd' wait_for 40 eval 'matches "$(login_says)" "^shell\$"'

mkdir -p /etc/dropbear
dropbear -F -E -p 127.0.0.1:2022 -R -s >"$E2E/log/dropbear" 2>&1 &
printf '%d\n' "$!" >"$E2E/pid/dropbear"
as pat cp /etc/ssh/authorized_keys .ssh/authorized_keys
dropbear_says() {
    login_says -p 2022 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
}
ok 'in one by dropbear' wait_for 20 eval 'matches "$(dropbear_says)" no-rc'
like "$(field no-rc text)" 'came through dropbear' "its words: $(field no-rc text)"
kill "$(pid dropbear)"

# A login whose socket sshd could not make: it is told in sshd's log.
mount -t tmpfs tmpfs /var/log
rm "$E2E/found"
as laptop SSH_AUTH_SOCK=one.agent ssh -a pat@localhost 'echo "$PPID"; while [ ! -e go ]; do sleep 0.05; done
    for _ in 1 2 3 4 5; do relayctl doctor --json >go 2>&1; if grep -q sshd-refused go; then break; fi; done; cat go' \
    >"$E2E/found" 2>&1 &
refused=$!
wait_for 20 test -s "$E2E/found"
printf 'Nov 27 06:00:00 host sshd-session[%s]: error: mkdir_path: mkdir: %s/.ssh/agent: Permission denied\n' \
    "$(head -n 1 "$E2E/found")" "$home" >/var/log/auth.log
as pat touch go
wait "$refused" || :
like "$(field sshd-refused text)" 'mkdir_path: .*Permission denied' "sshd's refusal is told: $(field sshd-refused text)"
rm "$home/go"

chmod 711 "$E2E/home"
if openssh_is 10.6; then
    is "$(as laptop SSH_AUTH_SOCK=one.agent ssh -A pat@localhost 'echo "$SSH_AUTH_SOCK"')" '' 'a home below mode 0711: no agent socket'
else
    skip 1 'OpenSSH before 10.6 makes one below mode 0711 too'
    finds_nothing 'nor is anything found'
    printf '#!/bin/sh\necho OpenSSH_10.6p1, OpenSSL 3.5 >&2\n' >"$E2E/sshd"
    chmod 755 "$E2E/sshd"
    mount --bind "$E2E/sshd" /usr/sbin/sshd
fi
finds stops unreadable-parent "$E2E/home cannot be read" 'the home is below a directory that cannot be read'
cures unreadable-parent
umount /usr/sbin/sshd 2>/dev/null || :

# Where sshd puts its sockets, by what it says of itself. agent_socket_path VALUE
agent_socket_path() {
    printf '#!/bin/sh\ncase $1 in\n-V) echo OpenSSH_10.6p1, OpenSSL 3.5 >&2 ;;\n-T | -G) echo "agentsocketpath %s" ;;\nesac\n' \
        "$1" >"$E2E/sshd.stand-in"
}
agent_socket_path 'user:/tmp/agents-%U'
chmod 755 "$E2E/sshd.stand-in"
mount --bind "$E2E/sshd.stand-in" /usr/sbin/sshd
ok 'outside of such a home it makes them' wait_for 20 not has unreadable-parent
chmod 755 "$E2E/home"
agent_socket_path "shared:$E2E/shared/agents-%u"
finds stops agent-socket-path "shared:$E2E/shared/agents-%u, which is not there" 'its shared directory is missing'
cures agent-socket-path
chmod 755 "$E2E/shared/agents-pat"
finds stops agent-socket-path 'where you may not write' 'its shared directory is closed'
cures agent-socket-path
agent_socket_path "user:.ssh/$(printf %080d 0)"
finds stops agent-socket-path 'over 107 bytes' 'its path is too long'
agent_socket_path 'user:%h/%u/agents'
as pat mkdir -p -m 700 pat/agents
finds risks agent-socket-path "$home/pat/agents is where sshd makes its own" "relayd's directory is there too" RELAYD_DIR="$home/pat/agents"
ok 'and no other' wait_for 20 not has agent-socket-path
as pat rm -r pat
umount /usr/sbin/sshd

# --- zsh's modules

sed -i '/^pat:/s|/bin/bash|/bin/zsh|' /etc/passwd
printf 'plugins=(\n  git ssh-agent # mine\n  keychain)\nsource $ZSH/oh-my-zsh.sh\n' | cat - "$E2E/contrib/shell/relayd.zsh" | writes .zshrc
finds hinders oh-my-zsh 'line 2 of ~/.zshrc .*ssh-agent' 'oh-my-zsh starts an agent'
cures_line=$(field oh-my-zsh cure)
as pat sh -c "$cures_line"
finds hinders oh-my-zsh 'line 3 of ~/.zshrc .*keychain' "that one ended ($cures_line), there is a second"
cures oh-my-zsh
is "$(as pat sed -n 2,3p .zshrc)" '  git  # mine
  )' 'nothing else is changed'
printf "zstyle ':prezto:load' pmodule \\\\\n  'editor' \\\\\n  'ssh' \\\\\n  'prompt'\n" | writes .zpreztorc
finds hinders prezto "line 3 of ~/.zpreztorc .* ssh" 'prezto starts one'
cures prezto
put_back

# --- files of other shells

# with SHELL: pat's login shell, with setup's lines.
with() {
    sed -i "/^pat:/s|/bin/[a-z]*\$|/bin/$1|" /etc/passwd
    put_back
    as pat relayctl setup --yes >/dev/null
}
with zsh
as pat sh -c 'echo "eval \"\$(keychain --eval id_ed25519)\"" >.zprofile'
finds hinders local-agent 'line 1 of ~/.zprofile' 'zsh: an agent of the host in a file that is read early'
cures local-agent
with zsh
as pat sh -c 'printf "export SSH_AUTH_SOCK=%s\n" "$0" >.zshenv' "$socket"
finds hinders hides-login 'line 1 of ~/.zshenv' 'zsh: the variable for every shell'
cures hides-login
printf 'export SSH_AUTH_SOCK=%s\n' "$socket" >>"$home/.zshenv"
is "$(found)" '' 'zsh: what a file that is read later puts right takes nothing away'
as pat sh -c 'echo export SSH_AUTH_SOCK=/tmp/mine >.zlogin'
finds hinders overrides 'line 1 of ~/.zlogin' 'zsh: a file that is read last takes it away'
cures overrides
with sh
sed -i '1i eval "$(keychain --eval id_ed25519)"' "$home/.profile"
finds hinders local-agent 'line 1 of ~/.profile' 'sh: an agent of the host'
mended local-agent
if have fish; then
    with fish
    as pat sh -c 'echo "set -gx SSH_AUTH_SOCK /tmp/mine" >.config/fish/config.fish'
    finds hinders hides-login 'line 1 of ~/.config/fish/config.fish' 'fish: a line that setup cannot go behind'
    mended hides-login
    as pat sh -c 'echo "ln -sf \$SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock" >.config/fish/config.fish'
    finds hinders relinks 'line 1 of ~/.config/fish/config.fish' 'fish: it has the old trick'
    cures relinks
fi
with bash
put_back

# --- what it says

on_terminal() {
    as pat SSH_AUTH_SOCK="/tmp/$(printf %0100d 0)" script -qec "stty cols $1; NO_COLOR=1 relayctl doctor" /dev/null </dev/null | tr -d '\r'
}
for columns in 80 120; do
    widest=$(on_terminal $columns | LC_ALL=C.UTF-8 wc -L)
    note "$(on_terminal $columns)"
    ok "on a terminal of $columns columns nothing is wider" test "$widest" -le $columns
done
like "$(on_terminal 80 | tail -n 1)" '^ [^ ] something goes without' 'the last line says what the marks stand for'

# --- a user manager

as pat relayctl stop
mount -t tmpfs tmpfs /var/lib/systemd
mkdir -p /etc/systemd/user
printf '[Socket]\nListenStream=%%t/openssh_agent\nExecStartPost=systemctl --user set-environment SSH_AUTH_SOCK=%%t/openssh_agent\n' \
    >/etc/systemd/user/ssh-agent.socket
printf '[Service]\nExecStart=/bin/false\n' >/etc/systemd/user/ssh-agent.service
user_manager pat
manager_env="XDG_RUNTIME_DIR=/run/user/$(id -u pat)"
finds stops no-relayd "in $dir" 'no relay runs, and the manager knows it' "$manager_env"
like "$(field no-relayd cure)" '^systemctl --user enable --now relayd.socket$' 'the manager is to start it'
as pat "$manager_env" sh -c "$(field no-relayd cure)" 2>/dev/null
ok 'and does' wait_for 20 not has no-relayd
systemctl_of pat start ssh-agent.socket
finds hinders services 'openssh_agent, which ssh-agent.socket put' "another agent is in the manager's environment"
as pat "$manager_env" sh -c "$(field services cure | sed 's/; relayctl setup//')" || :
ok 'its cure ends it' wait_for 20 not has services
finds risks linger 'do not linger' 'the user does not linger'
is "$(field linger cure)" 'loginctl enable-linger' 'the cure is of systemd'
# What logind does then.
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/pat
ok 'and ends it' wait_for 20 not has linger

# Whoever is asked says nothing: relayd, tmux, the manager, sshd.
as pat tmux -f /dev/null new-session -d
printf '#!/bin/sh\nexec sleep 600\n' >"$E2E/mute"
chmod 755 "$E2E/mute"
mount --bind "$E2E/mute" /usr/sbin/sshd
stopped="$(pid systemd) $(pgrep -u pat -x 'tmux: server') $(pgrep -u pat -x relayd)"
# shellcheck disable=SC2086
kill -s STOP $stopped
ok 'where all that it asks is mute, doctor ends in time' within $((6500 * slower)) doctor "$manager_env"
note "$took ms"
is "$(field hung-relayd gravity)" stops 'and says what it could see'
# shellcheck disable=SC2086
kill -s CONT $stopped

finish
