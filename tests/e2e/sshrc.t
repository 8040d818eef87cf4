#!/bin/sh
# SPDX-License-Identifier: MIT
# One file for everybody on a host: /etc/ssh/sshrc registers the logins of all accounts but those
# that have an rc of their own.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
install -m 644 "$E2E/contrib/ssh/rc" /etc/ssh/sshrc
account bob
as bob sh -c 'printf "touch own\n" >.ssh/rc'

login one
ok 'a login is registered' wait_for 20 newest pat "$(upstream one)"
is "$(keys pat)" one 'and serves'
login two -l bob
ok 'an account with an rc of its own runs that' test -e "$E2E/home/bob/own"
ok 'and not the other' not served bob
is "$(as laptop SSH_AUTH_SOCK=one.agent timeout 60 ssh -A pat@localhost echo clean 2>&1)" clean \
    'nothing is added to what a command says'

finish
