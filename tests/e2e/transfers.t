#!/bin/sh
# SPDX-License-Identifier: MIT
# What travels over ssh to an account with rc in place arrives as it was sent, and nothing is added
# to what the programs say. The login registers wherever sshd runs rc.

. "$(dirname "$0")/lib.sh"
world sshd rsync git
sshd 22
agent one
rc pat
relay pat
home=$E2E/home/laptop
by='-c user.name=pat -c user.email=pat@localhost'
head -c 1000000 /dev/urandom >"$home/file"
as pat sh -euc "git init -q -b main first
    git -C first $by commit -q --allow-empty -m first
    git clone -q --bare first repository"

# laptop SCRIPT: on the laptop; pat@localhost is the account.
laptop() {
    as laptop SSH_AUTH_SOCK="$home/one.agent" timeout 120 sh -euc "$1" 2>&1
}

# carry PROGRAM: `file` goes to the account, and comes back as `back`.
carry() {
    forward="-o ForwardAgent=$forwarding"
    there=pat@localhost:there
    case $1 in
    ssh)
        laptop "ssh $forward pat@localhost 'cat >there' <file
            ssh $forward pat@localhost cat there >back"
        ;;
    scp | 'scp -O')
        laptop "$1 $forward file $there
            $1 $forward $there back"
        ;;
    sftp)
        # With a list of commands it says which, and nothing else.
        printf 'put file there\nget there back\n' >"$home/commands"
        laptop "sftp -q $forward -b commands pat@localhost | sed '/^sftp> [gp][eu]t /d'"
        ;;
    rsync)
        laptop "rsync -e 'ssh $forward' file $there
            rsync -e 'ssh $forward' $there back"
        ;;
    git)
        laptop "export GIT_SSH_COMMAND='ssh $forward'
            rm -rf clone again
            git clone -q pat@localhost:repository clone
            cp file clone/file
            git -C clone add file
            git -C clone $by commit -q -m $forwarding
            git -C clone push -q origin HEAD:$forwarding
            git clone -q -b $forwarding pat@localhost:repository again
            mv again/file back"
        ;;
    esac
}

start watch pat relayctl watch
listens() {
    as pat relayctl resume
    grep -q resumed "$E2E/log/watch"
}
wait_for 20 listens
registered() {
    [ "$(grep -c ': registered$' "$E2E/log/watch")" -eq "$1" ]
}

# carries PROGRAM LOGINS: so many of its logins run a command, for which sshd runs rc.
logins=0
carries() {
    rm -f "$home/back" "$E2E/home/pat/there"
    is "$(carry "$1")" '' "$1, $what: nothing is added to what it says"
    ok "$1, $what: the file arrives there and back" cmp "$home/file" "$home/back"
    [ "$forwarding" = no ] || logins=$((logins + $2))
    ok "$1, $what: all logins that run a command are registered, and no other" \
        wait_for 20 registered "$logins"
}
for forwarding in yes no; do
    what='with an agent'
    [ "$forwarding" = yes ] || what='without one'
    carries ssh 2
    if openssh_is 9.0; then
        carries scp 0
        carries 'scp -O' 2
    else
        carries scp 2
        skip 3 'scp of OpenSSH before 9.0 has one protocol'
    fi
    carries sftp 0
    carries rsync 2
    carries git 3
done

finish
