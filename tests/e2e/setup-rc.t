#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl setup` in homes whose ~/.ssh/rc has the old symlink trick, in each of its forms: the old
# panes work from then on, and undone, all is as before.

# What a home says of itself is for homes.sh.
# shellcheck disable=SC2034

. "$(dirname "$0")/lib.sh"
. "$E2E_LIB/homes.sh"
world sshd python3 xauth
homes

# rc_is: ~/.ssh/rc, from stdin, in an account as Debian makes them.
rc_is() {
    debian_files
    file .ssh/rc
}

home_empty_home() {
    link=''
}
home_one_line() {
    rc_is <<'END'
[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
}
home_if_and_fi() {
    rc_is <<'END'
#!/bin/bash

# Fix SSH auth socket location so agent forwarding works with tmux.
if test "$SSH_AUTH_SOCK"; then
    ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
fi
END
}
home_test_for_a_socket() {
    rc_is <<'END'
[ -S "$SSH_AUTH_SOCK" ] && ln -sf $SSH_AUTH_SOCK $HOME/.ssh/ssh_auth_sock
END
}
home_case() {
    rc_is <<'END'
case "$SSH_AUTH_SOCK" in
    "$HOME/.ssh/ssh_auth_sock" | '') ;;
    /*) ln -sfn "$SSH_AUTH_SOCK" "$HOME/.ssh/ssh_auth_sock" ;;
esac
END
}
home_only_when_it_dangles() {
    link=.ssh_auth_sock
    rc_is <<'END'
if [ ! -S ~/.ssh_auth_sock ] && [ -S "$SSH_AUTH_SOCK" ]; then
    ln -sf $SSH_AUTH_SOCK ~/.ssh_auth_sock
fi
END
}
home_set_eu_and_exit_at_the_end() {
    rc_is <<'END'
#!/bin/sh
set -eu
if [ -n "${SSH_AUTH_SOCK:-}" ]; then
    ln -sf "$SSH_AUTH_SOCK" "$HOME/.ssh/ssh_auth_sock"
fi
exit 0
END
}
home_exit_without_a_terminal() {
    rc_is <<'END'
[ -n "$SSH_TTY" ] || exit 0
ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
}
# sshd gives rc no terminal, ever.
home_exit_that_is_always_taken() {
    rc_is <<'END'
[ -t 0 ] || exit
[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
    old_link
}
home_does_not_parse() {
    rc_is <<'END'
[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
if [ -e ~/.environment ]; then
    . ~/.environment
END
}
home_does_not_parse_at_all() {
    rc_is <<'END'
if [ -n "$SSH_AUTH_SOCK" ]; then; ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock; fi
END
    old_link
}
# As sshd(8) has it, with a trick after it.
home_xauth() {
    rc_is <<'END'
if read proto cookie && [ -n "$DISPLAY" ]; then
    if [ `echo $DISPLAY | cut -c1-10` = 'localhost:' ]; then
        # X11UseLocalhost=yes
        echo add unix:`echo $DISPLAY |
            cut -c11-` $proto $cookie
    else
        # X11UseLocalhost=no
        echo add $DISPLAY $proto $cookie
    fi | xauth -q -
fi
[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
END
}
# The trick of who had more than one kind of socket: with the relay's it does nothing.
home_test_for_tmp() {
    rc_is <<'END'
case $SSH_AUTH_SOCK in
/tmp/ssh-*) ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock ;;
esac
END
    ! openssh_is 10.1 || old_link
}

drive empty_home one_line if_and_fi test_for_a_socket case only_when_it_dangles \
    set_eu_and_exit_at_the_end exit_without_a_terminal exit_that_is_always_taken \
    does_not_parse does_not_parse_at_all xauth test_for_tmp
like "$(cat "$E2E/said.set")" '\.ssh/rc.* line 2' 'test for tmp: told, with the line'

# cookie: what a login with X11 finds.
as laptop xauth -q add :7 . "$(printf '%032x' 7)" 2>/dev/null
cookie() {
    rm -f "$home/.Xauthority"
    variables=DISPLAY=:7 from_laptop one -Y pat@localhost xauth list 2>&1 | grep -c MIT-MAGIC || :
}
for which in empty_home xauth one_line; do
    new_home
    "home_$which"
    before=$(cookie)
    setup --yes
    is "$(cookie)" "$before" "$(printf '%s' "$which" | tr _ ' '): a login with X11 has the cookie as before"
done

finish
