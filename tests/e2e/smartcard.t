#!/bin/sh
# SPDX-License-Identifier: MIT
# A smartcard (here one of software) is given to an agent through the relay, and taken away; and
# where the agent refuses it because it is asked from afar, it refuses it through the relay as well.

. "$(dirname "$0")/lib.sh"
world sshd softhsm2-util
sshd 22
other_host second 2221
account bob
rc pat

provider=$(find /usr/lib -name libsofthsm2.so | head -n 1)
printf 'directories.tokendir = %s\n' "$E2E/home/pat/tokens" >"$E2E/softhsm2.conf"
as pat mkdir tokens
as pat ssh-keygen -q -t rsa -b 2048 -m PKCS8 -N '' -f card
as pat SOFTHSM2_CONF="$E2E/softhsm2.conf" \
    softhsm2-util --init-token --free --label card --pin 1234 --so-pin 1234 >/dev/null
as pat SOFTHSM2_CONF="$E2E/softhsm2.conf" \
    softhsm2-util --import card --token card --label card --id 01 --pin 1234 >/dev/null
rm "$E2E/home/pat/card"
cat "$E2E/home/pat/card.pub" >>/etc/ssh/authorized_keys

start agent.card pat SOFTHSM2_CONF="$E2E/softhsm2.conf" ssh-agent -D -a card.agent
wait_for 20 answers card.agent pat
wait_for 20 as pat relayctl register card.agent >/dev/null

# The person types the PIN.
printf '#!/bin/sh\necho 1234\n' >"$E2E/pin"
chmod 755 "$E2E/pin"
# card OPTION COMMAND...: what ssh-add says there.
card() {
    option=$1
    shift
    "$@" env SSH_ASKPASS="$E2E/pin" SSH_ASKPASS_REQUIRE=force ssh-add "$option" "$provider" 2>&1
}
locally() {
    as pat SSH_AUTH_SOCK=card.agent "$@"
}

ok 'the card is given to an agent of this host' card -s through pat
like "$(keys pat)" 'RSA' 'its key is listed'
is "$(through pat ssh bob@second id -un)" bob 'and opens a door'
ok 'it is taken away' card -e through pat
like "$(keys pat)" 'no identities' 'and so is its key'

# Another key leads on to the next host, where the agent is forwarded to.
as pat ssh-keygen -q -t ed25519 -N '' -C other -f other
cat "$E2E/home/pat/other.pub" >>/etc/ssh/authorized_keys
locally ssh-add -q other
rm "$E2E/home/pat/other"
refused=$(card -s locally ssh -A bob@second) || :
if openssh_is 8.9; then
    like "$refused" 'agent refused operation' 'the agent takes no card from the next host'
    is "$(card -s through pat ssh -A bob@second)" "$refused" 'neither does it through the relay'
    is "$(keys pat)" other 'there is none'
else
    skip 3 'an agent of OpenSSH before 8.9 knows not from which host it is asked'
fi

arrives one
refused=$(card -s in_login one) || :
like "$refused" 'agent refused operation' 'the agent of a login takes none'
is "$(card -s through pat)" "$refused" 'neither does it through the relay'

finish
