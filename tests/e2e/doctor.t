#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fault is made for real: doctor finds it, and its cure, carried out as it is printed, ends it.

. "$(dirname "$0")/lib.sh"
world sshd tmux script
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

# finds GRAVITY NAME PATTERN DESCRIPTION [NAME=VALUE...]: whether it tells of that, and with these words.
finds() {
    gravity=$1 name=$2 pattern=$3 what=$4
    shift 4
    doctor "$@"
    is "$(field "$name" gravity)" "$gravity" "$what: $name"
    like "$(field "$name" text)" "$pattern" "its words: $(field "$name" text)"
}

# cures NAME: whether its cure, pasted into a shell of pat's, ends it.
cures() {
    # An administrator's line is pasted by one.
    cure=$(field "$1" cure | sed 's/^sudo //')
    who=pat
    ! field "$1" cure | grep -q '^sudo ' || who=root
    if [ "$cure" != "${cure#relayctl setup}" ]; then
        is_set_up || { skip 1 'there is no setup yet' && return; }
        cure="$cure --yes"
    fi
    if [ "$who" = root ]; then
        sh -c "$cure"
    else
        as pat SSH_AUTH_SOCK="$socket" bash -c "$cure" </dev/null >"$E2E/cured" 2>&1
    fi
    ok "its cure ends it: $cure" wait_for 20 not has "$1"
}

is_set_up() {
    as pat relayctl help setup >/dev/null 2>&1
}

# writes FILE: below pat's home, from stdin; put_back is what it was before.
writes() {
    cat >"$E2E/new"
    [ -e "$E2E/kept" ] || cp -a "$home" "$E2E/kept"
    as pat mkdir -p "$(dirname "$1")"
    as pat sh -c 'cat >"$0"' "$1" <"$E2E/new"
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
cures denied

relay pat
sshd 22
finds stops no-login 'ssh -A' 'no login is there'
arrives one
is "$(found)" '' 'where all is well nothing is found'
is "$(as pat SSH_AUTH_SOCK="$socket" relayctl doctor)" 'nothing stands in the way' 'and that is told in a line'
ok 'and by the exit status' as pat SSH_AUTH_SOCK="$socket" relayctl doctor

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
finds risks old-relayd 'older program' 'the program was replaced'
cures old-relayd
mv "$E2E/bin/relayd" "$E2E/bin/elsewhere"
finds risks no-program 'nothing starts it again' 'the program was removed'
mv "$E2E/bin/elsewhere" "$E2E/bin/relayd"
as pat relayctl stop
relay pat
is "$(found)" '' 'put back, it is there'

# --- logins

start mute pat fake-agent silent mute.agent
wait_for 20 test -S "$home/mute.agent"
as pat relayctl register -q --no-wait --label 'laptop' mute.agent
ok 'a login never answers' wait_for 30 has silent-login
is "$(field silent-login gravity)" hinders 'while another works that hinders'
cures silent-login
start empty pat fake-agent -k 0 good empty.agent
wait_for 20 test -S "$home/empty.agent"
as pat relayctl register -q --label "$(printf 'a\033[31mb')" empty.agent
keys pat >/dev/null
finds hinders no-keys 'agent without keys' 'a login has no keys'
unlike "$(cat "$E2E/found")" "$(printf '\033')" 'a hostile label is made safe'
as pat relayctl unregister empty.agent

# --- this shell

finds hinders shell 'SSH_AUTH_SOCK is /tmp/other' 'the shell has another socket' SSH_AUTH_SOCK=/tmp/other
like "$(field shell cure)" '^eval "\$\(relayctl env\)"$' 'the cure is the line for this shell'
# shellcheck disable=SC2016
like "$(as pat SSH_AUTH_SOCK=/tmp/other bash -c 'eval "$(relayctl env)"; relayctl doctor')" '^nothing stands' 'which ends it'
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
is "$(found)" '' 'an error behind its line is none'
put_back
{
    cat "$E2E/contrib/ssh/rc"
    # shellcheck disable=SC2016
    printf 'ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock\n'
} | writes .ssh/rc
finds hinders relinks 'of ~/.ssh/rc points a symlink' 'rc has the old trick'
cures relinks
put_back
finds hinders rc-dir 'does not know' 'RELAYD_DIR is set for shells only' RELAYD_DIR="$dir"

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
# shellcheck disable=SC2016
as pat sh -c 'unset SSH_AUTH_SOCK; ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock'
finds risks stray-symlink '~/ssh_auth_sock was left' 'an unguarded trick left a symlink'
cures stray-symlink
as pat rm .ssh/ssh_auth_sock

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
{
    printf 'case $- in *i*) ;; *) return ;; esac\neval "$(keychain --eval id_ed25519)"\n'
    cat "$home/.bashrc"
} | writes .bashrc
finds hinders local-agent "line 2 of ~/.bashrc" 'an agent of the host comes first'
cures local-agent
put_back
is "$(found)" '' 'all is as it was'

# --- what it says

on_terminal() {
    as pat SSH_AUTH_SOCK="/tmp/$(printf %0100d 0)" script -qec "stty cols $1; NO_COLOR=1 relayctl doctor" /dev/null </dev/null | tr -d '\r'
}
for columns in 80 120; do
    widest=$(on_terminal $columns | LC_ALL=C.UTF-8 wc -L)
    note "$(on_terminal $columns)"
    ok "on a terminal of $columns columns nothing is wider" test "$widest" -le $columns
done

finish
