#!/bin/sh
# SPDX-License-Identifier: MIT
# What an account asks of its relay, and what a host allows it: the command line, relayd.conf in both
# places, and what each means to ssh-add.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
user=$E2E/home/pat/.config/relayd.conf
as pat mkdir .config

# gives WANTED DESCRIPTION [OPTION...]: what a client gets of a relay with no login.
gives() {
    wanted=$1
    description=$2
    shift 2
    relay pat "$@"
    like "$(keys pat)" "$wanted" "$description"
    end relay.pat
}
gives 'agent refused' 'without a login a client is refused'
echo 'when-none empty # a comment' >/etc/relayd.conf
gives 'no identities' "the host's file says that it sees an empty agent"
echo 'when-none close' >"$user"
gives 'agent refused' "the user's file has precedence"
gives 'no identities' 'and the command line before that' --when-none empty
rm /etc/relayd.conf "$user"

# fails DESCRIPTION: neither a relay nor a login that starts one gets past the files.
fails() {
    as pat timeout 20 relayd >"$E2E/why" 2>&1 && result=0 || result=$?
    is "$result" 1 "$1: no relay"
    as pat timeout 20 relayctl register nonesuch >"$E2E/answer" 2>&1 && result=0 || result=$?
    is "$result" 2 'a login starts none either'
    is "$(head -n 1 "$E2E/answer")" "$(cat "$E2E/why")" 'and says why'
}
printf 'patience 2s\ndeny\n' >/etc/relayd.conf
fails 'the host denies'
is "$(cat "$E2E/why")" 'relayd: /etc/relayd.conf: relayd is not allowed to run on this host' 'in these words'
rm /etc/relayd.conf
printf '\npatience 2s\npatience\n' >"$user"
fails 'a line that is wrong'
like "$(cat "$E2E/why")" "^relayd: $user:3: patience: takes one value\$" 'in which file and line'
echo deny >"$user"
fails 'a user denies'
like "$(cat "$E2E/why")" "^relayd: $user:1: deny: unknown option\$" 'as that is not for a user to say'
rm "$user"

# What a long line ends with is neither an option nor a word of the host's.
blanks=$(printf '%300s' '')
printf '#%s deny\n#%s nonsense\nwhen-none%sempty\n' "$blanks" "$blanks" "$blanks" >/etc/relayd.conf
gives 'no identities' 'a line may have any length'
printf '#%s\ndeny%s\n' "$blanks" "$blanks" >/etc/relayd.conf
fails 'a host that denies at length'
rm /etc/relayd.conf

# A file that is there and cannot be read may say anything.
mkdir /etc/relayd.conf
fails "a directory in the place of the host's file"
like "$(cat "$E2E/why")" '^relayd: /etc/relayd.conf: cannot be read: Is a directory: it may not allow' 'which it names'
rmdir /etc/relayd.conf
ln -s /proc/self/mem /etc/relayd.conf
fails 'one that breaks off'
like "$(cat "$E2E/why")" '^relayd: /etc/relayd.conf: cannot be read: Input/output error: ' 'with the reason'
rm /etc/relayd.conf
(umask 077 && echo 'when-none empty' >/etc/relayd.conf)
fails 'one that is not for users to read'
like "$(cat "$E2E/why")" '^relayd: /etc/relayd.conf: cannot be read: Permission denied: ' 'with the reason'
rm /etc/relayd.conf
ln -s nowhere /etc/relayd.conf
fails 'a link that leads nowhere'
like "$(cat "$E2E/why")" '^relayd: /etc/relayd.conf: cannot be read: No such file or directory: ' 'with the reason'
rm /etc/relayd.conf
mkfifo -m 644 /etc/relayd.conf
fails 'a FIFO, which nobody may ever write to'
like "$(cat "$E2E/why")" '^relayd: /etc/relayd.conf: cannot be read: ' 'which it names'
rm /etc/relayd.conf
printf '\0\0\0\0deny\n' >/etc/relayd.conf
fails 'one that a crash has left with zeros'
like "$(cat "$E2E/why")" '^relayd: /etc/relayd.conf:1: : has a NUL byte$' 'in which file and line'
rm /etc/relayd.conf
ln -s /dev/null /etc/relayd.conf
gives 'agent refused' 'nothing at all is an empty file'
rm /etc/relayd.conf

as pat mkdir "$user"
gives 'agent refused' "a directory in the place of the user's file is passed over"
like "$(cat "$E2E/log/relay.pat")" "^relayd: $user: cannot be read: Is a directory: passed over\$" 'and told'
rmdir "$user"
as pat mkfifo "$user"
gives 'agent refused' 'so is a FIFO'
as pat rm "$user"
(umask 077 && echo nonsense >"$user")
gives 'agent refused' 'so is one that the user may not read'
like "$(cat "$E2E/log/relay.pat")" "^relayd: $user: cannot be read: Permission denied: passed over\$" 'and told'
rm -f "$user"

as pat relayd --check --read-only >"$E2E/got" 2>&1 && result=0 || result=$?
is "$result $(cat "$E2E/got")" '0 ' 'options can be looked at without a start'
printf 'verbose\nmax-clients none\n' >"$user"
as pat relayd --check >"$E2E/got" 2>&1 && result=0 || result=$?
is "$result $(cat "$E2E/got")" "1 relayd: $user:2: max-clients: bad value" 'and what is wrong is told'
rm -f "$user"

rc pat
relay pat --read-only
arrives one
as pat ssh-keygen -q -t ed25519 -N '' -C new -f new
is "$(keys pat)" one 'read-only: keys are listed'
ok 'and sign' through pat ssh -o UserKnownHostsFile=/etc/ssh/ssh_known_hosts localhost true
ok 'none is added' not through pat ssh-add -q new
ok 'none is removed' not through pat ssh-add -q -D
# For a password any word will do.
ok 'it is not locked' not through pat env SSH_ASKPASS=/bin/pwd SSH_ASKPASS_REQUIRE=force ssh-add -x
is "$(keys pat)" one 'all is as it was'
is "$(as laptop SSH_AUTH_SOCK=one.agent ssh-add -l | names)" one 'on the laptop too'

# Keys pass through its memory: the kernel lets no process of the user look into it.
ok 'the memory of a relay is nobody else'\''s' not as pat dd if="/proc/$(relay_pid pat)/mem" of=/dev/null count=0
is "$(stat -c %U "/proc/$(relay_pid pat)/environ")" root 'as it is not dumpable'

finish
