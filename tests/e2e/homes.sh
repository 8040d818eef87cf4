# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Homes for `relayctl setup`, one after the other, all of them pat's; and what a person does in one.
#
# A home is a function that writes its files and says, in variables, what is special about it. drive()
# sets it up, uses it through real ssh, sets it up again, and undoes it.

# homes: the host, the relay, and a laptop with three agents.
homes() {
    home=$E2E/home/pat
    said=$E2E/shared/said
    write_scripts
    new_home
    sshd 2222
    # Where XDG_CONFIG_HOME comes from, on a host that has it.
    printf 'AcceptEnv XDG_CONFIG_HOME\n' >>/etc/ssh/sshd_config
    sshd 22
    for name in one two three; do
        agent "$name"
    done
    patient
    relay pat
}

# write_scripts: what a login runs, whichever shell is its own. `stay NAME` says in the files of
# login() what the shell gave it, and stays; `says` tells whose socket a command has, by whatever
# symlink, and its keys.
write_scripts() {
    cat >"$E2E/stay" <<END
cd '$E2E/shared' || exit
printf '%s\n' "\${SSH_AUTH_SOCK-}" >"\$1.socket"
readlink -f "\${RELAYD_UPSTREAM:-\${SSH_AUTH_SOCK-}}" >"\$1.upstream"
printf '%d\n' \$\$ >"\$1.new"
mv "\$1.new" "\$1.login"
exec sleep 86400
END
    cat >"$E2E/says" <<'END'
case $(readlink -f "${SSH_AUTH_SOCK-}") in
*/relayd/agent.sock) echo relay ;;
/*) echo own ;;
esac
ssh-add -l
END
}

# --- making one

# new_home: pat's home, empty, and what holds for a home unless its function says otherwise.
# shellcheck disable=SC2034
new_home() {
    login_shell /bin/bash
    find "$home" -mindepth 1 -delete
    rm -f /tmp/*.sock /tmp/ssh-agent-*
    chmod 755 "$home"
    chown pat:pat "$home"
    link=.ssh/ssh_auth_sock # that old panes use; '' for none
    is_trick=yes            # whether each login points it at itself
    options=''              # of setup
    variables=''            # NAME=VALUE that setup and each login have
    exit_status=0           # of setup
    shell_has=relay         # SSH_AUTH_SOCK in an interactive shell: relay or own
    command_has=own         # and in `ssh host command`
}

# login_shell PROGRAM
login_shell() {
    sed -i "/^pat:/s|:[^:]*\$|:$1|" /etc/passwd
}

# debian_files: what an account has there from its first day, as far as it matters.
debian_files() {
    file .bashrc <<'END'
# ~/.bashrc: executed by bash(1) for non-login shells.
case $- in
    *i*) ;;
      *) return;;
esac
HISTCONTROL=ignoreboth
PS1='pat ready> '
END
    file .profile <<'END'
if [ -n "$BASH_VERSION" ]; then
    if [ -f "$HOME/.bashrc" ]; then
        . "$HOME/.bashrc"
    fi
fi
END
    as pat mkdir -p -m 700 .ssh
}

# file PATH [MODE]: in the home, with what is on stdin.
file() {
    as pat mkdir -p "$(dirname -- "$home/$1")"
    cat >"$home/$1"
    chown pat:pat "$home/$1"
    chmod "${2:-644}" "$home/$1"
}

# old_link [PATH]: what a login left of which nothing else is left.
old_link() {
    link=${1:-.ssh/ssh_auth_sock}
    is_trick=no
    as pat mkdir -p "$(dirname -- "$home/$link")"
    as pat ln -s /tmp/ssh-XXXXaBcDeF/agent.4711 "$link"
}

# --- in the home

# setup [OPTION...]: what it says is in $said, its status in $result.
setup() {
    # shellcheck disable=SC2086
    as pat $variables timeout 120 relayctl setup "$@" >"$said" 2>&1 </dev/null && result=0 || result=$?
}

# from_laptop NAME SSH-ARGUMENT...: ssh with the agent of that name.
from_laptop() (
    from=$1
    shift
    for variable in $variables; do
        set -- -o "SendEnv=${variable%%=*}" "$@"
    done
    # shellcheck disable=SC2086
    become laptop $variables SSH_AUTH_SOCK="$from.agent" timeout 600 ssh -A -o LogLevel=ERROR "$@"
)

# sits NAME: pat logs in, and types a command that stays. Left again by logout().
sits() {
    rm -f "$E2E/shared/$1.login"
    (printf ' exec sh %s/stay %s\n' "$E2E" "$1" | from_laptop "$1" -tt pat@localhost) >>"$E2E/log/login.$1" 2>&1 &
    printf '%d\n' "$!" >"$E2E/pid/login.$1"
    wait_for 20 test -s "$E2E/shared/$1.login"
}

# command_of NAME: what `ssh host command` says, but for what sh says of an rc that does not parse.
command_of() {
    from_laptop "$1" pat@localhost sh "$E2E/says" 2>&1 </dev/null | grep -v 'rc: [0-9]*: Syntax error' | names
}

# pane: the keys that an old pane lists, which has the symlink in its SSH_AUTH_SOCK.
pane() {
    as pat SSH_AUTH_SOCK="$(pane_socket)" timeout 60 ssh-add -l 2>&1 | names
}

# pane_socket: without a symlink, it was born in a login after setup.
pane_socket() {
    case $link in
    '') agent_socket pat ;;
    /*) printf '%s\n' "$link" ;;
    *) printf '%s\n' "$home/$link" ;;
    esac
}

# new_shell_in_pane: with a trick in its files that points the symlink at itself, if nobody is careful.
new_shell_in_pane() {
    # shellcheck disable=SC2086
    as pat $variables SSH_AUTH_SOCK="$(pane_socket)" TERM=dumb \
        timeout 60 "$(sed -n '/^pat:/s/.*://p' /etc/passwd)" -i -c true </dev/null >/dev/null 2>&1 || :
}

lists() {
    [ "$(pane)" = "$1" ]
}

told_none() {
    pane | grep -q 'refused operation\|no identities'
}

# links_to NAME: whether the symlink leads to that login's own socket.
links_to() {
    [ "$(readlink "$(pane_socket)")" = "$(upstream "$1")" ]
}

# socket_of NAME: SSH_AUTH_SOCK in that login's shell.
socket_of() {
    first_line "$E2E/shared/$1.socket"
}

# whose NAME: is that the relay's, or the login's own.
whose() {
    case $(socket_of "$1") in
    "$(agent_socket pat)") echo relay ;;
    "$(upstream "$1")") echo own ;;
    *) socket_of "$1" ;;
    esac
}

manifest() {
    AGENT_LINKS=$link /usr/bin/python3 "$E2E/clients/manifest.py" "$@"
}

# --- all of it

# drive HOME...: each is a function home_HOME; the points call it so, with spaces. HOMES in the
# environment names those that are wanted, where not all are.
drive() {
    for which; do
        is_wanted "$which" || continue
        called=$(printf '%s' "$which" | tr _ ' ')
        new_home
        "home_$which"
        before_setup
        set_up
        set_up_again
        use_relay
        undo
        after_undo
    done
}

is_wanted() {
    case " ${HOMES-$1} " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# before_setup: the home works as the person meant it to.
before_setup() {
    # There sshd has a directory of its own in it, as long as somebody is logged in.
    ! openssh_is 10.1 || as pat mkdir -p -m 700 .ssh 2>/dev/null || :
    if [ -n "$link" ] && [ "$is_trick" = yes ]; then
        sits one
        ok "$called: before, a login's symlink leads to it" links_to one
        logout one
    fi
    manifest take "$home" "$E2E/before"
}

set_up() {
    # shellcheck disable=SC2086
    setup --yes $options
    is "$result" "$exit_status" "$called: setup, exit $exit_status"
    cp "$said" "$E2E/said.set"
    manifest take "$home" "$E2E/set"
    ok "$called: what was there keeps its owner, its mode and its attributes" manifest kept "$E2E/before" "$E2E/set"
    [ -z "${HOMES_VERBOSE-}" ] || note "$(cat "$said")"
}

set_up_again() {
    # shellcheck disable=SC2086
    setup --yes $options
    manifest take "$home" "$E2E/again"
    ok "$called: again, it changes nothing, not even a time" manifest same "$E2E/set" "$E2E/again"
    is "$result" "$exit_status" "$called: again, exit $exit_status"
}

# use_relay: two logins, a command, and both logins' ends.
use_relay() {
    sits one
    ok "$called: a login is registered" wait_for 20 newest pat "$(upstream one)"
    is "$(whose one)" "$shell_has" "$called: its shell has the socket: $shell_has"
    is "$(pane)" one "$called: an old pane has its agent"
    sits two
    ok "$called: a second login: the pane has its agent" wait_for 20 lists two
    new_shell_in_pane
    ok "$called: and still has it after a new shell in that pane" lists two
    is "$(command_of three)" "$command_has
three" "$called: a command has the socket: $command_has; and says nothing else"
    ok "$called: after it the pane has the second login's agent again" wait_for 20 lists two
    logout two
    ok "$called: after that one's logout, the first one's" wait_for 20 lists one
    logout one
    ok "$called: after the last logout it is told that there is none" wait_for 20 told_none
}

# undo: while somebody is logged in, to whom the symlink leads then.
undo() {
    sits two
    setup --undo --yes
    is "$result" 0 "$called: undo, exit 0"
    manifest take "$home" "$E2E/undone"
    ok "$called: undone, the home is as it was to the byte" manifest undone "$E2E/before" "$E2E/set" "$E2E/undone"
    if [ -n "$link" ] && [ "${link#/}" = "$link" ]; then
        ok "$called: undone, the symlink leads to the login that is there" links_to two
    fi
    logout two
}

# after_undo: it works as the person meant it to, again.
after_undo() {
    if [ -n "$link" ] && [ "$is_trick" = yes ]; then
        sits three
        ok "$called: undone, a login's symlink leads to it" links_to three
        is "$(pane)" three "$called: undone, a pane has its agent"
        logout three
    fi
}
