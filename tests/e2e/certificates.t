#!/bin/sh
# SPDX-License-Identifier: MIT
# A certificate goes to the agent with its key, through the relay, and logs in where nothing else
# does.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
account bob
rc pat
arrives one

as pat ssh-keygen -q -t ed25519 -N '' -C authority -f authority
as pat ssh-keygen -q -t ed25519 -N '' -C user -f user
as pat ssh-keygen -q -s authority -I pat -n bob user.pub
# A host that knows no key but the authority's.
cp "$E2E/home/pat/authority.pub" /etc/ssh
sed -i 's|^AuthorizedKeysFile .*|AuthorizedKeysFile none\nTrustedUserCAKeys /etc/ssh/authority.pub|' \
    /etc/ssh/sshd_config
other_host strict 2221

login_there() {
    through pat ssh bob@strict id -un 2>&1
}
like "$(login_there)" 'Permission denied' 'the key of the laptop does not open that host'
ok 'a key and its certificate are added' through pat ssh-add -q user
rm "$E2E/home/pat/user" "$E2E/home/pat/user-cert.pub"
is "$(as laptop SSH_AUTH_SOCK=one.agent ssh-add -l | cut -d' ' -f3- | xargs)" \
    'one (ED25519) user (ED25519) user (ED25519-CERT)' 'the laptop has both'
is "$(login_there)" bob 'the certificate opens it'

finish
