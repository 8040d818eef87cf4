#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl setup` and homes that are arranged in unusual ways: what is elsewhere is found there, what
# is not an agent's is not touched.

. "$(dirname "$0")/lib.sh"
. "$E2E_LIB/homes.sh"
world sshd python3 zsh fish
homes

# --- files of a shell that are not below the home

# elsewhere DIR: a home of pat's, and such a directory, empty.
elsewhere() {
    new_home
    rm -rf "$1"
    mkdir "$1"
    chown pat:pat "$1"
}

# One has a shorter name than the home, and one a longer, which begins as the home's.
for dir in /tmp/c "$E2E/home/pat.config.of.a.long.name"; do
    elsewhere "$dir"
    login_shell /usr/bin/fish
    # shellcheck disable=SC2034 # homes.sh has it
    variables=XDG_CONFIG_HOME=$dir
    setup --yes
    is "$result" 0 "XDG_CONFIG_HOME=${dir##*/}, not below the home: setup"
    ok 'fish has its lines there' test -s "$dir/fish/conf.d/relayd.fish"
    setup --undo --yes
    is "$(find "$dir" -mindepth 1)" '' 'undone, all of it is gone'

    elsewhere "$dir"
    login_shell /usr/bin/zsh
    printf 'ZDOTDIR=%s\n' "$dir" | file .zshenv
    setup --yes
    is "$result" 0 "ZDOTDIR=${dir##*/}, not below the home: setup"
    ok 'zsh has its lines there' grep -q relayctl "$dir/.zshrc"
    setup --undo --yes
    is "$(find "$dir" -mindepth 1)" '' 'undone, all of it is gone'
done

chown root:root "$dir"
setup --yes
is "$result" 1 "a ZDOTDIR that is somebody else's: setup, exit 1"
like "$(cat "$said")" 'another user' 'it says why'
is "$(find "$dir" -mindepth 1)" '' 'and nothing is made there'

# The same place by another name has the same files.
new_home
login_shell /usr/bin/zsh
# shellcheck disable=SC2016
printf 'ZDOTDIR=$HOME/.\n' | file .zshenv
cp "$home/.zshenv" "$E2E/before"
setup --yes --every-shell
setup --undo --yes
is "$result" 0 'a ZDOTDIR that is the home, by another name: setup and undo'
ok '.zshenv is as before' cmp "$home/.zshenv" "$E2E/before"

# --- symlinks

new_home
debian_files
as pat mkdir data
as pat ln -s data place
as pat ln -s /tmp/ssh-XXXXaBcDeF/agent.4711 .ssh/inner
as pat ln -s inner .ssh/outer
as pat ln -s "$home/.ssh/inner" outer
as pat ln -s loop .ssh/loop
mkdir -m 700 /tmp/ssh-YYYYaBcDeF
chown laptop:laptop /tmp/ssh-YYYYaBcDeF
as pat ln -s /tmp/ssh-YYYYaBcDeF/agent.4711 .ssh/laptops
# shellcheck disable=SC2016
printf 'ln -sf "$SSH_AUTH_SOCK" ~/place\nln -sf "$SSH_AUTH_SOCK" ~/.ssh/loop\n' | file .ssh/rc
setup --yes
is "$(readlink "$home/.ssh/inner")" "$(agent_socket pat)" 'a symlink to a login leads to the relay'
is "$(readlink "$home/.ssh/laptops")" /tmp/ssh-YYYYaBcDeF/agent.4711 "one to another user's login does not"
is "$(readlink "$home/place")" data 'one to a directory does not, though a line links below it'
sits one
setup --undo --yes
is "$(readlink "$home/.ssh/inner")" "$(upstream one)" 'undone, the symlink leads to the login'
is "$(readlink "$home/.ssh/outer") $(readlink "$home/outer")" "inner $home/.ssh/inner" 'and symlinks to it lead to it'
logout one

new_home
debian_files
old_link
printf 'mine\n' | file .ssh/.ssh_auth_sock.relayd
setup --yes
is "$result $(cat "$home/.ssh/.ssh_auth_sock.relayd")" '1 mine' 'what has the name of what setup makes beside a symlink stays'
is "$(readlink "$home/.ssh/ssh_auth_sock")" /tmp/ssh-XXXXaBcDeF/agent.4711 'and so does the symlink'
as pat ln -sfn /nowhere .ssh/.ssh_auth_sock.relayd
setup --yes
is "$result $(readlink "$home/.ssh/ssh_auth_sock")" "0 $(agent_socket pat)" 'a symlink that a setup left there is in nobody'\''s way'
ok 'and goes' not test -L "$home/.ssh/.ssh_auth_sock.relayd"

new_home
as pat mkdir -p -m 700 .ssh
# shellcheck disable=SC2016
printf '[[ -z $SSH_AUTH_SOCK ]] || ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock\n' | file .zshenv
old_link
as pat SSH_AUTH_SOCK=/tmp/ssh-here/agent.1 relayctl setup --dry-run >/dev/null 2>&1 </dev/null
is "$(readlink "$home/.ssh/ssh_auth_sock")" /tmp/ssh-XXXXaBcDeF/agent.4711 'a dry run has .zshenv change no symlink'

# --- one of two blocks is edited

new_home
debian_files
setup --yes --every-shell
as pat sed -i '0,/command -v/s//command  -v/' .bashrc
cp "$home/.bashrc" "$E2E/edited"
setup --undo --yes
is "$result" 1 'of two blocks the first is edited: undo, exit 1'
like "$(cat "$said")" '/\.bashrc, because the lines between .* were edited' 'it says so'
ok 'the file is left alone' cmp "$home/.bashrc" "$E2E/edited"

# --- two blocks in a file that setup made

new_home
setup --yes --every-shell
setup --undo --yes
is "$(cd "$home" && echo .[a-z]*)" '.[a-z]*' 'nothing is left of an empty home'
setup --yes
as pat timeout 120 relayctl --name work setup --yes >/dev/null
setup --undo --yes
as pat timeout 120 relayctl --name work setup --undo --yes >/dev/null
is "$(find "$home" -mindepth 1)" '' 'nor where two relays were set up'
as pat relayctl --name work stop

# --- a file whose end is open

# open_end SHELL FILE TEXT: such a file, as printf has it.
open_end() {
    new_home
    login_shell "/usr/bin/$1"
    # shellcheck disable=SC2059
    printf "$3" | file "$2"
    cp "$home/$2" "$E2E/before"
    setup --yes
    is "$result" 1 "$called in $2: setup, exit 1"
    like "$(cat "$said")" "/$2, because something is left open" 'it says why'
    ok 'the file is left alone' cmp "$home/$2" "$E2E/before"
}

for shell in bash zsh; do
    called='a here-document that is not ended'
    open_end "$shell" ".${shell}rc" 'cat <<END\nwords\n'
done
called='a here-document that is not ended'
open_end dash .profile 'cat <<END\nwords\n'
called='a quotation that is not ended'
open_end bash .bashrc 'alias x=y\nalias ll="ls\n'
called='an if that is not ended'
open_end dash .profile 'if true; then\n'

new_home
printf 'shopt -s extglob\ncase x in @(x|y)) : ;; esac\n' | file .bashrc
setup --yes
is "$result" 0 'a .bashrc with extglob: setup'
unlike "$(cat "$said")" 'may stop' 'of which bash reads all'
printf 'PS1=x\nfi\n' | file .bashrc
setup --yes
is "$result" 0 'a .bashrc that does not parse: setup'
like "$(cat "$said")" '/\.bashrc: bash may stop in the lines that are there: .*`fi' 'it says where bash stops'

# --- a home that hosts of two kinds share

new_home
login_shell /usr/bin/fish
printf '# mine\n' | file .bashrc
printf '# mine\n' | file .zshrc
setup --yes
sits one
mv "$E2E/bin/relayctl" "$E2E/bin/hidden"
cp /bin/true "$E2E/bin/relayctl"
# A machine that nothing emulates.
printf '\377\376' | dd of="$E2E/bin/relayctl" bs=1 seek=18 conv=notrunc 2>/dev/null
printf '#!/bin/sh\nexec /usr/local/bin/hidden "$@"\n' | file .local/bin/relayctl 755
for shell in bash zsh fish; do
    # shellcheck disable=SC2016
    is "$(as pat SSH_AUTH_SOCK="$(upstream one)" "$shell" -ic 'echo $SSH_AUTH_SOCK' 2>&1 </dev/null | grep -v '^bash: ')" \
        "$(as pat hidden path)" "$shell, where the first relayctl is another machine's: it uses the next, and says nothing"
done
mv "$E2E/bin/hidden" "$E2E/bin/relayctl"
logout one

finish
