#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl setup` and files that are not plain ones: what they are they stay, and those that cannot
# be changed without harm are left alone, with what to do instead.

. "$(dirname "$0")/lib.sh"
. "$E2E_LIB/homes.sh"
world sshd python3
homes

trick() {
    # shellcheck disable=SC2016
    printf '[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock\n'
}
trick_home() {
    debian_files
    trick | file .ssh/rc
}

home_no_newline_at_the_end() {
    trick_home
    for name in .ssh/rc .bashrc .profile; do
        truncate -s -1 "$home/$name"
    done
    printf 'set -g mouse on' | file .tmux.conf
}
home_a_backslash_at_the_end() {
    trick_home
    printf '%s' "alias ll='ls -l' \\" >>"$home/.bashrc"
}
# Of which each carriage return is in a comment, or harmless.
home_CRLF() {
    debian_files
    printf '# one\r\nHISTCONTROL=ignoreboth\r\ncase $- in *i*) ;; *) return ;; esac #\r\n# two\r\n' | file .bashrc
    trick | sed 's/$/ #\r/' | file .ssh/rc
}
home_modes_and_attributes() {
    trick_home
    chmod 600 "$home/.bashrc"
    chmod 744 "$home/.ssh/rc"
    chmod 640 "$home/.profile"
    /usr/bin/python3 - "$home" <<'END'
import os, struct, sys
# rw for the owner, r for root by name, a mask, nothing for others
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in (
    (1, 6, 0xffffffff), (2, 4, 0), (4, 0, 0xffffffff), (16, 4, 0xffffffff), (32, 0, 0xffffffff)))
os.setxattr(sys.argv[1] + '/.bashrc', 'system.posix_acl_access', acl)
os.setxattr(sys.argv[1] + '/.ssh/rc', 'system.posix_acl_access', acl)
os.setxattr(sys.argv[1] + '/.ssh/rc', 'user.note', b'mine\0too')
os.setxattr(sys.argv[1] + '/.bashrc', 'user.xdg.origin.url', b'https://dotfiles.invalid/')
END
}
home_in_no_group_of_the_account() {
    trick_home
    # A file of a group that somebody else chose: pat may not give it away again.
    chgrp laptop "$home/.profile"
}

drive no_newline_at_the_end a_backslash_at_the_end CRLF modes_and_attributes in_no_group_of_the_account

# --- left alone

# The home of each of these has the trick; the function does to one of its files what keeps setup from
# it, and names it.
alone_symlinks_into_a_repository() {
    as pat mkdir -p dotfiles/ssh
    as pat mv .bashrc dotfiles/bashrc
    as pat mv .ssh/rc dotfiles/ssh/rc
    as pat ln -s dotfiles/bashrc .bashrc
    as pat ln -s ../dotfiles/ssh/rc .ssh/rc
    left='.bashrc .ssh/rc'
}
alone_a_directory_that_is_a_symlink() {
    as pat mkdir dotfiles
    as pat mv .ssh dotfiles/ssh
    as pat ln -s dotfiles/ssh .ssh
    left=.ssh/rc
}
alone_read_only() {
    chmod 444 "$home/.bashrc" "$home/.ssh/rc"
    left='.bashrc .ssh/rc'
}
alone_hard_links() {
    as pat mkdir dotfiles
    as pat ln .bashrc dotfiles/bashrc
    as pat ln .ssh/rc dotfiles/rc
    left='.bashrc .ssh/rc'
}
alone_mount_points() {
    cp -p "$home/.bashrc" "$home/.ssh/rc" "$E2E/shared"
    mount --bind "$E2E/shared/.bashrc" "$home/.bashrc"
    mount --bind "$E2E/shared/rc" "$home/.ssh/rc"
    mounted='.bashrc .ssh/rc'
    left='.bashrc .ssh/rc'
}
alone_of_another_owner() {
    chown root:root "$home/.bashrc" "$home/.ssh/rc"
    left='.bashrc .ssh/rc'
}
alone_edited_between_the_markers() {
    setup --yes
    is_new=no
    as pat sed -i '/relayd first/a : mine' .ssh/rc
    as pat sed -i '/relayd last/a : mine' .bashrc
    left='.bashrc .ssh/rc'
}
alone_a_directory_in_the_way() {
    as pat rm .ssh/rc .bashrc
    as pat mkdir .ssh/rc .bashrc
    left='.bashrc .ssh/rc'
}
alone_a_home_that_cannot_be_written() {
    as pat touch .tmux.conf
    chmod 555 "$home" "$home/.ssh"
    left='.bashrc .ssh/rc .tmux.conf'
}

left_alone() {
    for which; do
        called=$(printf '%s' "$which" | tr _ ' ')
        new_home
        trick_home
        mounted='' is_new=yes
        "alone_$which"
        manifest take "$home" "$E2E/before"
        setup --yes
        [ -z "${HOMES_VERBOSE-}" ] || note "$(cat "$said")"
        is "$result" 1 "$called: setup, exit 1"
        manifest take "$home" "$E2E/set"
        changed=$(manifest changed "$E2E/before" "$E2E/set")
        for name in $left; do
            like "$(cat "$said")" "[~]/$name" "$called: it names ~/$name"
            unlike "$changed" "^$name\$" "$called: and leaves it alone"
        done
        setup --undo --yes
        manifest take "$home" "$E2E/undone"
        changed=$(manifest changed "$E2E/before" "$E2E/undone")
        for name in $left; do
            unlike "$changed" "^$name\$" "$called: undo leaves ~/$name alone too"
        done
        [ "$is_new" = no ] ||
            ok "$called: undone, the home is as it was to the byte" manifest undone "$E2E/before" "$E2E/set" "$E2E/undone"
        for name in $mounted; do
            umount "$home/$name"
        done
    done
}
left_alone symlinks_into_a_repository a_directory_that_is_a_symlink read_only hard_links mount_points \
    of_another_owner edited_between_the_markers a_directory_in_the_way a_home_that_cannot_be_written
is "$(manifest changed "$E2E/before" "$E2E/set")" '' 'a home that cannot be written: nothing is changed there'

# --- what is left alone, done by hand

# to_paste NAME: what setup says to put into ~/NAME.
to_paste() {
    sed -n "\|put into ~/$1|,/^\$/ s/^    //p" "$said"
}
new_home
trick_home
alone_symlinks_into_a_repository
called='pasted'
setup --yes
like "$(to_paste .ssh/rc)" '^# At its start' 'for rc it says where'
like "$(cat "$said")" 'New shells do not use the relay yet, because of ~/\.bashrc' 'it does not claim that shells use the relay'
{ to_paste .ssh/rc; trick; } | file dotfiles/ssh/rc
to_paste .bashrc >>"$home/dotfiles/bashrc"
use_relay
setup --yes
like "$(cat "$said")" 'There already:.* ~/\.bashrc' 'setup finds what was pasted'
unlike "$(cat "$said")" 'do not use the relay yet' 'and complains no more'
mv "$E2E/bin/relayctl" "$E2E/relayctl.away"
is "$(as pat bash -ic 'echo silent' 2>&1 | grep -v 'job control\|cannot set terminal')" silent \
    'where relayctl is gone the pasted lines say nothing'
mv "$E2E/relayctl.away" "$E2E/bin/relayctl"

# pastes HOME-FUNCTION NAME [OPTION]: what setup says to put into that file, which is a symlink.
pastes() {
    new_home
    "$1"
    as pat mkdir -p dotfiles
    as pat mv "$2" dotfiles/moved
    as pat ln -s "$home/dotfiles/moved" "$2"
    # shellcheck disable=SC2086
    setup --yes ${3-}
    to_paste "$2"
}
home_with_every_shell() {
    debian_files
}
pastes home_with_every_shell .bashrc --every-shell >"$E2E/pasted"
like "$(cat "$E2E/pasted")" '^# At its start' 'with --every-shell the lines go to the start'
cat "$home/dotfiles/moved" >>"$E2E/pasted"
file dotfiles/moved <"$E2E/pasted"
is "$(command_of one)" 'relay
one' 'and a command uses the relay'
is "$(from_laptop one -a pat@localhost sh "$E2E/says" 2>&1 </dev/null)" \
    'Could not open a connection to your authentication agent.' 'but one that forwards no agent has none'

# --- a home that two hosts share

new_home
trick_home
setup --yes
sits one
logout one
mkdir "$E2E/away"
mv "$E2E/bin/relayctl" "$E2E/bin/relayd" "$E2E/away"
as pat rm .ssh/ssh_auth_sock
sits one
is "$(socket_of one)" "$(upstream one)" 'on a host without relayd a login has its own socket'
ok 'and the trick links to it' links_to one
is "$(pane)" one 'which an old pane has then'
is "$(command_of two)" 'own
two' 'a command has its own too, and nothing is added to what it says'
logout one
mv "$E2E/away/relayctl" "$E2E/away/relayd" "$E2E/bin"
sits one
is "$(whose one)" relay 'on the other host the next login uses the relay'
is "$(pane)" one 'and so do old panes'
logout one

# --- a home with a user manager

home_a_user_manager() {
    trick_home
}
if have systemd; then
    end relay.pat
    user_manager pat
    drive a_user_manager
    systemctl_of pat stop relayd.socket relayd.service
    end systemd
else
    skip 19 'systemd is missing'
fi

# --- a login that is cut off while it is asked

# asked_in_login: setup on a terminal of a real login, up to its question.
asked_in_login() {
    : >"$E2E/log/asked"
    (from_laptop one -tt pat@localhost 'relayctl setup') >"$E2E/log/asked" 2>&1 &
    wait_for 20 grep -Fq '[Y/n]' "$E2E/log/asked"
}
no_relayctl() {
    ! pgrep -u pat -x relayctl >/dev/null
}
new_home
trick_home
ok 'in a login it asks' asked_in_login
manifest take "$home" "$E2E/before"
pkill -u laptop -x ssh
ok 'the login is cut off: setup ends' wait_for 20 no_relayctl
manifest take "$home" "$E2E/set"
is "$(manifest changed "$E2E/before" "$E2E/set")" '' 'and does nothing'

finish
