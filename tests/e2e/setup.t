#!/bin/sh
# SPDX-License-Identifier: MIT
# relayctl setup: what it tells and asks, that it changes what it said and nothing else, that a second
# run changes nothing, and that its lines are silent and harmless in every shell.

. "$(dirname "$0")/lib.sh"
world sshd tmux
patient
sshd 22
agent one
agent two
home=$E2E/home/pat

# setup WANTED-STATUS DESCRIPTION [OPTION...]: without a terminal; what it says is in $said.
setup() {
    wanted=$1 description=$2
    shift 2
    said=$(as pat relayctl setup "$@" </dev/null 2>&1) && status=0 || status=$?
    is "$status" "$wanted" "$description: exits $wanted"
}

# all_of ACCOUNT: every file of the home with its text, mode and, for a symlink, where it leads.
all_of() (
    cd "$E2E/home/$1" || exit
    find . -path ./.local -prune -o -name '.bash_history' -o \
        \( -type f -o -type l \) -printf '%p %m %l\n' | sort
    find . -path ./.local -prune -o -type f -print | sort | xargs sha256sum
)

# stamps: what changes where a file is written, though its text is the same.
stamps() {
    find "$home" -type f -printf '%p %i %T@\n' | sort
}

# remote COMMAND...: from the laptop, with an agent.
remote() {
    as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -A pat@localhost "$@" 2>&1
}

# --- an account with the old trick

cat >"$home/.ssh/rc" <<'END'
if [ -S "$SSH_AUTH_SOCK" ]; then
    ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
fi
END
printf 'echo of no newline' >>"$home/.bashrc"
sed -i '$s/.*/: no newline/' "$home/.bashrc"
chown -R pat: "$home/.ssh"
login one
ok 'the trick works' wait_for 20 test -L "$home/.ssh/ssh_auth_sock"
before=$(all_of pat)

setup 0 'a dry run' --dry-run
like "$said" '^\+# >>> relayd first .* >>>' 'a dry run shows the lines'
like "$said" '^ *~/\.ssh/rc +each login' 'a dry run tells the plan'
unlike "$said" "$(printf '\033')" 'away from a terminal it has no colours'
setup 64 'without a terminal'
like "$said" 'setup --yes' 'without a terminal the way out is told'
like "$(printf '%s\n' "$said" | tail -n 1)" 'setup --yes$' 'below what it would do'
like "$(as pat relayctl setup --every-shell </dev/null 2>&1)" \
    '^.*setup --every-shell --yes$' 'with the options that were given'
is "$(all_of pat)" "$before" 'neither of them changes anything'

terminal here pat
tmux_of here send-keys 'relayctl setup' Enter
ok 'on a terminal it asks' wait_for 20 shows here 'Do this for you? [Y/n]'
tmux_of here send-keys n Enter
ok 'no is taken for no' wait_for 20 shows here 'Nothing was changed.'
is "$(all_of pat)" "$before" 'after a no nothing has changed'
wipe here 'Do this for you?'
tmux_of here send-keys 'relayctl setup; echo ended $?' Enter
wait_for 20 shows here 'Do this for you? [Y/n]'
tmux_of here send-keys Enter
ok 'yes is an empty answer, and all of it works' wait_for 20 shows here 'ended 0'
tmux_of here send-keys 'clear; relayctl setup --dry-run --every-shell; echo dry $?' Enter
ok 'a dry run on a terminal' wait_for 20 shows here 'dry 0'
like "$(tmux_of here capture-pane -p -e)" "$(printf '\033')\\[32m\\+" 'on a terminal the diff has colours'

socket=$(agent_socket pat)
is "$(readlink "$home/.ssh/ssh_auth_sock")" "$socket" 'the symlink leads to the relay at once'
like "$(cat "$home/.bashrc")" '^: no newline$' 'what a file had last is a line of its own'
made=$(stamps)
setup 0 'a second run' --yes
like "$said" 'There is nothing to do' 'a second run says that there is nothing to do'
unlike "$said" 'No login' 'and asks for no login where one is there'
is "$(stamps)" "$made" 'a second run writes nothing'
like "$(as pat RELAYD_UPSTREAM=/tmp/ssh-gone/agent.1 SSH_AUTH_SOCK="$socket" relayctl setup --yes 2>&1)" \
    'There is nothing to do' 'nor has one in a pane whose login has ended anything to do'

is "$(remote echo clean)" clean 'a command says what it says, and no more'
arrives two
is "$(readlink "$home/.ssh/ssh_auth_sock")" "$socket" 'the trick links the relay'
# shellcheck disable=SC2016
like "$(remote -tt bash -ic '"echo \$SSH_AUTH_SOCK"')" "$socket" 'an interactive shell uses the relay'
wait_for 20 newest pat "$(upstream two)" || :
logout two
like "$(as pat SSH_AUTH_SOCK=.ssh/ssh_auth_sock ssh-add -l)" ' one ' 'an old pane has the older login then'

setup 0 'taking it back' --undo --yes
like "$said" 'which runs on: relayctl stop ends it' 'it tells what runs on, and what ends it'
is "$(as pat SSH_AUTH_SOCK="$socket" RELAYD_UPSTREAM="$(upstream one)" \
    sh -c "$(printf '%s\n' "$said" | grep '^    export'); ssh-add -l" | names)" one \
    'and a line that gives an open shell its own agent'
like "$said" 'New logins and panes do without it' 'and what has no need of that'
is "$(readlink "$home/.ssh/ssh_auth_sock")" "$(upstream one)" 'the symlink leads to the login that lives'
is "$(all_of pat)" "$before" 'taken back, all is as it was, byte for byte'
setup 0 'taking it back twice' --undo --yes
like "$said" 'nothing to take back' 'the second time there is nothing to take back'
logout one

setup 0 'one more, without systemd' --yes --name work
unlike "$said" 'New shells' 'shells have nothing to do with it'
setup 0 'taking that back' --undo --yes --name work
like "$said" 'relayd runs on: relayctl --name work stop ends it' 'it tells what runs on, and what ends it'
ok 'which that does' as pat relayctl --name work stop
setup 0 'once more' --yes --name work
as pat relayctl --name work stop
setup 0 'taking that back, when it has ended' --undo --yes --name work
unlike "$said" 'runs on' 'it says of nothing that it runs on'

setup 0 'the first again' --yes
as pat relayctl stop
setup 0 'taking it back, when it has ended' --undo --yes
like "$said" 'where nobody answers now' 'it tells what open shells have'
unlike "$said" 'runs on' 'and of nothing that it runs on'

# --- what is left alone

as pat mkdir dotfiles
as pat mv .ssh/rc dotfiles/rc
as pat ln -s ../dotfiles/rc .ssh/rc
as pat chmod -w .profile
before=$(all_of pat)
setup 1 'an rc that is a symlink' --yes
like "$said" 'Left alone: ~/\.ssh/rc, because it is a symlink to \.\./dotfiles/rc' 'it is told why'
like "$said" '^ +/usr/local/bin/relayctl register ' 'and what to paste'
printf '%s\n' "$said" | sed -n 's/^    //p' | sed -n '/ register /,/SSH_AUTH_SOCK/p' >"$E2E/pasted"
cat "$home/dotfiles/rc" >>"$E2E/pasted"
cp "$E2E/pasted" "$home/dotfiles/rc"
as pat rm -f .ssh/ssh_auth_sock
arrives one
is "$(readlink "$home/.ssh/ssh_auth_sock")" "$socket" 'what is pasted does it'
logout one
setup 0 'taking back what could be done' --undo --yes

# Edited between the markers, they are the person's.
as pat rm .ssh/rc .ssh/ssh_auth_sock
setup 0 'an account without rc' --yes
like "$said" '^No login has brought an agent yet: log in with ssh -A\.$' 'no login is there: it says so'
sed -i 's/--no-wait/--wait/' "$home/.ssh/rc"
edited=$(cat "$home/.ssh/rc")
setup 1 'an edited block' --yes
like "$said" 'markers were edited' 'an edited block is told'
setup 1 'taking back around an edited block' --undo --yes
is "$(cat "$home/.ssh/rc")" "$edited" 'an edited block is not taken out'
like "$said" 'New ones may too, because of ~/\.ssh/rc' 'it claims nothing of new logins'
as pat rm .ssh/rc

said=$(become pat SUDO_USER=pat HOME=/root relayctl setup --yes 2>&1) && status=0 || status=$?
is "$status" 1 'a HOME of somebody else is refused'

# An agent that works and that relayd does not take stays where panes find it.
account other
start agent.theirs other ssh-agent -D -a "$E2E/shared/agent.7"
wait_for 20 answers "$E2E/shared/agent.7" other
chmod 666 "$E2E/shared/agent.7"
mkdir -m 777 /tmp/ssh-theirs
ln "$E2E/shared/agent.7" /tmp/ssh-theirs/agent.7 2>/dev/null || ln -s "$E2E/shared/agent.7" /tmp/ssh-theirs/agent.7
as pat ln -s /tmp/ssh-theirs/agent.7 .ssh/ssh_auth_sock
setup 1 'a symlink to an agent that is refused' --yes
like "$said" 'failed +~/\.ssh/ssh_auth_sock: ' 'it is told'
is "$(readlink "$home/.ssh/ssh_auth_sock")" /tmp/ssh-theirs/agent.7 'the symlink stays'
as pat rm .ssh/ssh_auth_sock
end agent.theirs

# --- the lines themselves

setup 0 'a last time' --yes --every-shell
# shellcheck disable=SC2016
is "$(remote 'echo "${SSH_AUTH_SOCK-none}"') $(remote -a 'echo "${SSH_AUTH_SOCK-none}"')" "$socket none" \
    'a command has the relay, and none where its login forwards no agent'
rc=$home/.ssh/rc

# silent DESCRIPTION COMMAND...: it ends with 0, and neither says nor leaves anything.
silent() {
    description=$1
    shift
    said=$(as pat "$@" 2>&1) && status=0 || status=$?
    is "$status:$said" 0: "$description"
}

# Each of these runs the text and then counts what it has left behind.
check='if set | grep "^relayd_"; then :; fi'
for shell in dash 'bash --posix' 'busybox sh' ksh mksh zsh; do
    have "${shell%% *}" || { skip 4 "${shell%% *} is missing"; continue; }
    for options in '' -eu; do
        # shellcheck disable=SC2086,SC2016
        silent "rc in $shell $options" SSH_AUTH_SOCK=/nowhere $shell $options -c '. "$1"; '"$check" sh "$rc" </dev/null
    done
    # shellcheck disable=SC2086,SC2016
    silent "rc in $shell without HOME" SSH_AUTH_SOCK=/nowhere env -u HOME $shell -eu -c '. "$1"; '"$check" sh "$rc" </dev/null
    # shellcheck disable=SC2086,SC2016
    is "$(printf 'MIT cookie\nmore\n' | as pat $shell -eu -c '. "$1"; read -r line; echo "$line"' sh "$rc" 2>&1)" 'MIT cookie' \
        "rc in $shell leaves stdin alone where no X11 is forwarded"
done

sed -n '/^# >>> relayd/,/^# <<</p' "$home/.bashrc" >"$E2E/shared/lines"
for shell in dash 'bash --posix' bash 'busybox sh' ksh mksh zsh; do
    have "${shell%% *}" || { skip 6 "${shell%% *} is missing"; continue; }
    for options in '' -eu; do
        for without in '' 'env -u HOME'; do
            # shellcheck disable=SC2086,SC2016
            silent "the lines in $without $shell $options" SSH_AUTH_SOCK=/nowhere \
                $without $shell $options -c '. "$1"; '"$check" sh "$E2E/shared/lines" </dev/null
        done
    done
    # shellcheck disable=SC2086,SC2016
    like "$(as pat $shell -ic '. "$1"; echo "$SSH_AUTH_SOCK"' sh "$E2E/shared/lines" 2>/dev/null </dev/null)" "^$socket\$" \
        "an interactive $shell uses the relay"
    # shellcheck disable=SC2086,SC2016
    is "$(printf 'kept\n' | as pat $shell -c '. "$1"; read -r line; echo "$line"' sh "$E2E/shared/lines" 2>&1)" kept \
        "the lines leave stdin alone in $shell"
done

# Where relayctl is gone, or cannot run, a login and a shell are as ever.
as pat relayctl stop
mv "$E2E/bin/relayctl" "$E2E/bin/hidden"
is "$(remote echo clean)" clean 'without relayctl a command is as ever'
like "$(remote -tt "bash -ic 'echo \$SSH_AUTH_SOCK'")" '/agent|/s\.' 'without relayctl a shell keeps its own agent'
printf '\177ELF' >"$E2E/bin/relayctl"
chmod 755 "$E2E/bin/relayctl"
is "$(remote echo clean)" clean 'with one that cannot run, too'
mv "$E2E/bin/hidden" "$E2E/bin/relayctl"
finish
