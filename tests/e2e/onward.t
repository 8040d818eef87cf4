#!/bin/sh
# SPDX-License-Identifier: MIT
# From the host onward to a second one, with the laptop's agent, and a relay there too.

. "$(dirname "$0")/lib.sh"
world sshd tmux
patient
sshd 22
sshd 2222
rc pat
account bob
rc bob

terminal old pat SSH_AUTH_SOCK="$(agent_socket pat)"
arrives one

is "$(typed old 'ssh -p 2222 bob@localhost id -un')" bob 'ssh onward logs in with the key of the laptop'

cat >"$E2E/shared/onward" <<END
export SSH_AUTH_SOCK="\$(relayctl path)"
ssh-add -l
cp $E2E/home/laptop/one.pub .
printf 'a message\n' >message
ssh-keygen -q -Y sign -n file -f one.pub message
ssh-keygen -Y check-novalidate -n file -s message.sig <message
END
said=$(typed old "ssh -A -p 2222 bob@localhost sh $E2E/shared/onward")
like "$said" ' one \(ED25519\)' 'the relay there lists it'
like "$said" 'Good "file" signature' 'and ssh-keygen -Y sign through both relays makes a good signature'

cat >"$E2E/shared/sixteen" <<'END'
for i in $(seq 16); do
    ssh-add -l >list.$i 2>&1 &
    ssh-keygen -q -Y sign -n file -f one.pub <one.pub >sig.$i 2>&1 &
done
wait
grep -l ' one ' list.* | wc -l
for i in $(seq 16); do
    ssh-keygen -Y check-novalidate -n file -s sig.$i <one.pub
done | grep -c 'Good'
END
as pat cp "$E2E/home/laptop/one.pub" .
is "$(typed old "sh $E2E/shared/sixteen")" "$(printf '16\n16')" \
    '16 clients that list and 16 that sign at once are all served'
is "$(as pat ask -n 16 "$(agent_socket pat)" list sign list)" '16 of 16 answered' \
    'so are 16 that connect before the first of them asks'

finish
