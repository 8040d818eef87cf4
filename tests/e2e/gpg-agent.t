#!/bin/sh
# SPDX-License-Identifier: MIT
# The laptop's agent is gpg-agent, with its ssh support.

. "$(dirname "$0")/lib.sh"
world sshd gpg-agent
sshd 22
rc pat

# The person types this passphrase, and yes to whatever else is asked.
cat >"$E2E/pinentry" <<END
#!/bin/sh
echo OK
while read -r word rest; do
    [ "\$word" != GETPIN ] || { touch '$E2E/shared/typed'; echo D a passphrase of 3 words; }
    echo OK
    [ "\$word" != BYE ] || exit
done
END
chmod 755 "$E2E/pinentry"
as laptop gpg-agent --daemon --enable-ssh-support --pinentry-program "$E2E/pinentry" >"$E2E/log/gpg" 2>&1
# To login() it is the agent of that name.
as laptop ln -s "$(as laptop gpgconf --list-dirs agent-ssh-socket)" gpg.agent
: >"$E2E/pid/agent.gpg"
add_key gpg gpg

arrives gpg
is_alive() {
    [ "$(status pat state)" = alive ]
}
ok 'a login with it is alive' wait_for 20 is_alive
is "$(keys pat)" gpg 'its key is listed'
is "$(through pat ssh localhost id -un)" pat 'and signs'

rm "$E2E/shared/typed"
as pat ssh-keygen -q -t ed25519 -N '' -C added -f added
ok 'a key is added, with a passphrase that the person types' through pat ssh-add -q added
ok 'the person has typed it' test -e "$E2E/shared/typed"
rm "$E2E/home/pat/added"
is "$(keys pat | sort | xargs)" "added gpg" 'the key is listed'
ok 'and signs' through pat ssh-keygen -q -Y sign -n file -f added.pub added.pub
ok 'a good signature' as pat sh -c 'ssh-keygen -Y check-novalidate -n file -s added.pub.sig <added.pub'

finish
