#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl setup` for each shell, with the old symlink trick in its files or without: new shells use
# the relay, old panes work, and undone, all is as before.

# What a home says of itself is for homes.sh.
# shellcheck disable=SC2034

. "$(dirname "$0")/lib.sh"
. "$E2E_LIB/homes.sh"
world sshd python3 zsh fish
homes

# bashrc_is: what it has above and below its guard, from stdin, where a line `guard` stands for that.
bashrc_is() {
    debian_files
    sed -e '/^guard$/{' -e 's/.*/[[ $- == *i* ]] || return/' -e '}' | file .bashrc
}
home_bash_without_a_trick() {
    debian_files
    link=''
}
home_bash_above_the_guard() {
    bashrc_is <<'END'
[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
guard
PS1='> '
END
    command_has=relay
}
home_bash_below_the_guard() {
    bashrc_is <<'END'
guard
PS1='> '
if [ -S "$SSH_AUTH_SOCK" ] && [ "$SSH_AUTH_SOCK" != ~/.ssh/ssh_auth_sock ]; then
    ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
fi
export SSH_AUTH_SOCK=~/.ssh/ssh_auth_sock
END
    command_has=relay
}
home_bash_links_in_every_shell() {
    bashrc_is <<'END'
ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
    command_has=relay
}
home_bash_sets_it_in_every_shell() {
    bashrc_is <<'END'
if [ -n "$SSH_CONNECTION" ]; then export SSH_AUTH_SOCK=$HOME/.ssh/ssh_auth_sock; fi
guard
PS1='> '
END
    # Some read rc first, and it is theirs that links.
    file .ssh/rc <<'END'
[ -n "$SSH_AUTH_SOCK" ] && [ ! -L "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
    old_link
    command_has=relay
}
home_bash_profile() {
    debian_files
    file .bash_profile <<'END'
[ -z "$SSH_AUTH_SOCK" ] || ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
}
home_sh() {
    login_shell /bin/sh
    file .profile <<'END'
PATH=$HOME/bin:$PATH
if [ -n "$SSH_AUTH_SOCK" ]; then ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock; fi
END
    as pat mkdir -p -m 700 .ssh
}
home_zsh_new() {
    login_shell /usr/bin/zsh
    link=''
}
home_zshrc() {
    login_shell /usr/bin/zsh
    file .zshrc <<'END'
autoload -Uz compinit
if [[ -n $SSH_AUTH_SOCK && $SSH_AUTH_SOCK != ~/.ssh/ssh_auth_sock ]]; then
  ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock
  export SSH_AUTH_SOCK=~/.ssh/ssh_auth_sock
fi
END
    as pat mkdir -p -m 700 .ssh
}
home_zshenv() {
    login_shell /usr/bin/zsh
    file .zshenv <<'END'
[[ -S $SSH_AUTH_SOCK && ! -L $SSH_AUTH_SOCK ]] && ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock
END
    file .zshrc </dev/null
    as pat mkdir -p -m 700 .ssh
    command_has=relay
}
home_zdotdir() {
    login_shell /usr/bin/zsh
    printf 'ZDOTDIR=~/.config/zsh\n' | file .zshenv
    file .config/zsh/.zshrc <<'END'
[[ -n $SSH_AUTH_SOCK ]] && ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock
END
    as pat mkdir -p -m 700 .ssh
}
# In the manner of oh-my-zsh's plugin ssh-agent with agent-forwarding.
home_oh_my_zsh() {
    login_shell /usr/bin/zsh
    file .zshrc <<'END'
export ZSH=$HOME/.oh-my-zsh
zstyle :omz:plugins:ssh-agent agent-forwarding yes
plugins=(git ssh-agent)
source $ZSH/oh-my-zsh.sh
END
    file .oh-my-zsh/oh-my-zsh.sh <<'END'
for plugin in $plugins; do
  [[ ! -e $ZSH/plugins/$plugin ]] || source $ZSH/plugins/$plugin
done
END
    file .oh-my-zsh/plugins/ssh-agent <<'END'
if zstyle -t :omz:plugins:ssh-agent agent-forwarding && [[ -n $SSH_AUTH_SOCK ]]; then
  [[ -L $SSH_AUTH_SOCK ]] || ln -sf $SSH_AUTH_SOCK /tmp/ssh-agent-$USER-screen
fi
END
    link=/tmp/ssh-agent-pat-screen
}
# In the manner of prezto's module ssh.
home_prezto() {
    login_shell /usr/bin/zsh
    file .zshrc <<'END'
source "${ZDOTDIR:-$HOME}/.zprezto/init.zsh"
END
    file .zpreztorc <<'END'
zstyle ':prezto:load' pmodule 'environment' 'ssh' 'prompt'
END
    file .zprezto/init.zsh <<'END'
source ~/.zpreztorc
source ~/.zprezto/ssh.zsh
END
    file .zprezto/ssh.zsh <<'END'
socket=${TMPDIR:-/tmp}/prezto-ssh-agent.sock
if [[ -S $SSH_AUTH_SOCK && $SSH_AUTH_SOCK != $socket ]]; then
  ln -sf $SSH_AUTH_SOCK $socket
  export SSH_AUTH_SOCK=$socket
fi
unset socket
END
    link=/tmp/prezto-ssh-agent.sock
}
# fish_new: with what fish makes at its first start.
fish_new() {
    login_shell /usr/bin/fish
    sits one
    logout one
}
home_fish_new() {
    fish_new
    link=''
}
fish_trick() {
    cat <<'END'
if set -q SSH_AUTH_SOCK; and test -S $SSH_AUTH_SOCK; and not test -L $SSH_AUTH_SOCK
    ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock
end
END
}
home_fish() {
    fish_new
    fish_trick | file .config/fish/config.fish
    command_has=relay
    as pat mkdir -p -m 700 .ssh
}
home_XDG_CONFIG_HOME() {
    variables=XDG_CONFIG_HOME=$home/.xdg
    fish_new
    command_has=relay
    fish_trick | file .xdg/fish/config.fish
    printf 'set -g status off\n' | file .xdg/tmux/tmux.conf
    as pat mkdir -p -m 700 .ssh
}
home_bash_every_shell() {
    debian_files
    link=''
    options=--every-shell
    command_has=relay
}
home_zsh_every_shell() {
    login_shell /usr/bin/zsh
    file .zshrc </dev/null
    link=''
    options=--every-shell
    command_has=relay
}
home_fish_every_shell() {
    fish_new
    link=''
    options=--every-shell
    command_has=relay
}

drive bash_without_a_trick bash_above_the_guard bash_below_the_guard bash_links_in_every_shell \
    bash_sets_it_in_every_shell bash_profile sh bash_every_shell
drive zsh_new zshrc zshenv zdotdir oh_my_zsh prezto zsh_every_shell
drive fish_new fish XDG_CONFIG_HOME fish_every_shell

# With nothing of fish's own there: the directories are setup's, and go.
new_home
login_shell /usr/bin/fish
manifest take "$home" "$E2E/before"
setup --yes
manifest take "$home" "$E2E/set"
like "$(manifest changed "$E2E/before" "$E2E/set")" '^\.config/fish/conf\.d/relayd\.fish$' 'fish has a file of its own'
setup --undo --yes
manifest take "$home" "$E2E/undone"
mkdir "$E2E/fish"
HOME="$E2E/fish" fish --no-execute </dev/null
if [ -d "$E2E/fish/.config/fish" ]; then
    skip 1 'this fish (3.1) makes them where it only looks'
else
    ok 'undone, its directories are gone too' manifest undone "$E2E/before" "$E2E/set" "$E2E/undone"
fi

finish
