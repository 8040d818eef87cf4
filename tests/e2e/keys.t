#!/bin/sh
# SPDX-License-Identifier: MIT
# What ssh-add does to an agent it does through the relay: the agent of the login takes keys, gives
# them up, asks before it uses them, forgets them in time, and locks.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
arrives one
as pat ssh-keygen -q -t ed25519 -N '' -C added -f added

# at_laptop: what the agent itself says that it has.
at_laptop() {
    as laptop SSH_AUTH_SOCK=one.agent ssh-add -l 2>&1 | names | xargs
}
forgotten() {
    [ "$(at_laptop)" = one ]
}
signs() {
    through pat ssh-keygen -q -Y sign -n file -f "$1.pub" <"$E2E/home/pat/$1.pub" >/dev/null
}

ok 'a key is added' through pat ssh-add -q added
is "$(at_laptop)" 'one added' 'the laptop has it'
is "$(keys pat | xargs)" 'one added' 'and it is listed'
rm "$E2E/home/pat/added"
ok 'it signs, with its file gone' signs added
ok 'it is removed' through pat ssh-add -q -d added.pub
is "$(at_laptop)" one 'the laptop has it no more'

as pat ssh-keygen -q -t ed25519 -N '' -C brief -f brief
ok 'a key is added for a second' through pat ssh-add -q -t 1 brief
ok 'the laptop forgets it' wait_for 20 forgotten

as pat ssh-keygen -q -t ed25519 -N '' -C careful -f careful
ok 'a key is added that needs a yes each time' through pat ssh-add -q -c careful
rm "$E2E/home/pat/careful"
start sign pat SSH_AUTH_SOCK="$(agent_socket pat)" ssh-keygen -q -Y sign -n file -f careful.pub careful.pub
ok 'the person at the laptop is asked' wait_for 20 test -e "$E2E/shared/asked"
ok 'and the client waits' not gone "$(pid sign)"
touch "$E2E/shared/confirm"
ok 'until the yes' wait_for 20 test -s "$E2E/home/pat/careful.pub.sig"

# word WORD: the agent is locked with that, and unlocked.
word() {
    printf '#!/bin/sh\necho %s\n' "$1" >"$E2E/word"
    chmod 755 "$E2E/word"
}
# with_word OPTION
with_word() {
    through pat env SSH_ASKPASS="$E2E/word" SSH_ASKPASS_REQUIRE=force ssh-add "$1"
}
word right
ok 'the agent is locked' with_word -x
is "$(at_laptop)" 'The agent has no identities.' 'the laptop shows no keys'
is "$(keys pat)" 'The agent has no identities.' 'nor does the relay'
ok 'none signs' not signs careful
word wrong
ok 'another word does not unlock it' not with_word -X
word right
ok 'the right one does' with_word -X
is "$(keys pat | xargs)" 'one careful' 'and the keys are back'

ok 'all are removed' through pat ssh-add -q -D
is "$(at_laptop)" 'The agent has no identities.' 'the laptop has none left'

finish
