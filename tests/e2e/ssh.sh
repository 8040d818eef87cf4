# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# OpenSSH: sshd, agents on the laptop, logins, and networks to log in from.

# openssh_is VERSION: whether it is of that version or a newer one.
openssh_is() {
    printf '%s\n' "$1" "$(ssh -V 2>&1 | sed 's/^OpenSSH_\([0-9.]*\).*/\1/')" | sort -V -C
}

# needs_binding: skips the whole file where ssh does not tell agents which host it talks to.
needs_binding() {
    openssh_is 8.9 || skip_all 'OpenSSH before 8.9 binds no session to its agent'
}

# sshd PORT: a server that any agent of this world can log in to, on any account. Without PAM there
# is no XDG_RUNTIME_DIR, as in much of the world.
sshd() {
    if [ ! -e /etc/ssh/host_key ]; then
        ssh-keygen -q -t ed25519 -N '' -C host -f /etc/ssh/host_key
        printf '* %s\n' "$(cat /etc/ssh/host_key.pub)" >/etc/ssh/ssh_known_hosts
        printf 'BatchMode yes\nAddressFamily inet\nCheckHostIP no\n' >/etc/ssh/ssh_config
        cat >/etc/ssh/sshd_config <<END
HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/authorized_keys
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding yes
Subsystem sftp internal-sftp
MaxStartups 100
MaxSessions 100
LogLevel VERBOSE
PidFile none
AcceptEnv LANG LC_* RELAYD_*
SetEnv "ASAN_OPTIONS=$E2E_SANITIZERS" "UBSAN_OPTIONS=$E2E_SANITIZERS"
END
        # Logins that fail here fail on purpose.
        ! openssh_is 9.8 || printf 'PerSourcePenalties no\n' >>/etc/ssh/sshd_config
    fi
    # sshd wants an absolute name, to run itself again.
    /usr/sbin/sshd -D -E "$E2E/log/sshd.$1" -p "$1" </dev/null >/dev/null 2>&1 &
    printf '%d\n' "$!" >"$E2E/pid/sshd.$1"
    wait_for 20 listening "$1"
}

# reread PORT: that server reads its configuration anew. It is the same process, and until it gets to that it
# lets in whoever comes as it did.
reread() {
    listenings=$(listened "$1")
    kill -s HUP "$(pid "sshd.$1")"
    wait_for 20 listens_again "$1" "$listenings"
    wait_for 20 listening "$1"
}
listened() {
    grep -c '^Server listening' "$E2E/log/sshd.$1"
}
listens_again() {
    [ "$(listened "$1")" -gt "$2" ]
}

listening() {
    ssh-keyscan -t ed25519 -p "$1" 127.0.0.1 2>/dev/null | grep -q .
}

# other_host NAME PORT: one more server, which is another host to ssh and to ssh-add -h: it has a key
# of its own, and the name leads there. The first host is localhost then, and nothing else.
other_host() {
    ssh-keygen -q -t ed25519 -N '' -C "$1" -f "/etc/ssh/$1"
    sed -i 's/^\* /localhost /' /etc/ssh/ssh_known_hosts
    printf '%s %s\n' "$1" "$(cat "/etc/ssh/$1.pub")" >>/etc/ssh/ssh_known_hosts
    printf 'Host %s\nHostName localhost\nHostKeyAlias %s\nPort %d\n' "$1" "$1" "$2" >>/etc/ssh/ssh_config
    sed "s|^HostKey .*|HostKey /etc/ssh/$1|" /etc/ssh/sshd_config >"/etc/ssh/sshd_config.$1"
    /usr/sbin/sshd -f "/etc/ssh/sshd_config.$1" -E "$E2E/log/sshd.$1" -p "$2"
    wait_for 20 listening "$2"
}

# agent NAME: an ssh-agent of the laptop with one key, whose comment is NAME.
agent() {
    start "agent.$1" laptop DISPLAY=none SSH_ASKPASS="$(askpass)" ssh-agent -D -a "$1.agent"
    wait_for 20 answers "$1.agent" laptop
    add_key "$1" "$1"
}

# answers SOCKET ACCOUNT: whether that account's agent answers there. OpenSSH's makes the file before it
# listens, and until then whoever comes is refused.
answers() {
    as "$2" SSH_AUTH_SOCK="$1" ssh-add -l >/dev/null 2>&1 || [ $? -eq 1 ]
}

# add_key AGENT NAME [OPTION...]: one more key. With -c the agent asks the person at each signature.
add_key() {
    key_of=$1
    key=$2
    shift 2
    if [ ! -e "$E2E/home/laptop/$key" ]; then
        as laptop ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$key"
        cat "$E2E/home/laptop/$key.pub" >>/etc/ssh/authorized_keys
    fi
    as laptop SSH_AUTH_SOCK="$key_of.agent" ssh-add -q "$@" "$key"
}

# made_up_keys FIRST LAST LENGTH: questions for `ask` that add keys of these numbers. An agent lists
# them, each with a comment of that length, as it lists any; there is nothing to sign with.
made_up_keys() {
    awk -v first="$1" -v last="$2" -v length_of="$3" 'BEGIN {
        for (i = 0; i < length_of; i++)
            comment = comment "6b"
        for (i = first; i <= last; i++) {
            key = sprintf("%064x", i)
            printf "hex:110000000b7373682d6564323535313900000020%s", key
            printf "00000040%s%s%08x%s\n", key, key, length_of, comment
        }
    }'
}

# blob FILE.pub: the key in hexadecimal.
blob() {
    cut -d ' ' -f 2 "$1" | base64 -d | od -An -v -tx1 | tr -d ' \n'
    echo
}

# sign_question FILE.pub: for `ask`, a signature by that key.
sign_question() {
    key=$(blob "$1")
    printf 'hex:0d%08x%s0000000474657874%08x\n' "$((${#key} / 2))" "$key" 0
}

# askpass: the person at the prompt. `asked` in the shared directory shows that there is one; it is
# answered with yes once `confirm` is there.
askpass() {
    if [ ! -e "$E2E/askpass" ]; then
        cat >"$E2E/askpass" <<END
#!/bin/sh
touch '$E2E/shared/asked'
while [ ! -e '$E2E/shared/confirm' ]; do sleep 0.05; done
END
        chmod 755 "$E2E/askpass"
    fi
    printf '%s\n' "$E2E/askpass"
}

# login NAME [SSH-OPTION...]: pat (another with -l) logs in from the laptop with the agent of that
# name, and stays. `upstream NAME` is then the socket that sshd made for it.
login() {
    login_from '' "$@"
}

# login_from NET NAME [SSH-OPTION...]: the same, from another network (see far).
login_from() {
    from=${1:+@$1}
    host=localhost
    [ -z "$1" ] || host=$(first_line "$E2E/pid/net.$1")
    name=$2
    shift 2
    [ -e "$E2E/pid/agent.$name" ] || agent "$name"
    rm -f "$E2E/shared/$name.login"
    start "login.$name" "laptop$from" SSH_AUTH_SOCK="$name.agent" ssh -A "$@" "pat@$host" "
        printf '%s\n' \"\${RELAYD_UPSTREAM:-\$SSH_AUTH_SOCK}\" >'$E2E/shared/$name.upstream'
        printf '%s\n' \"\$USER\" >'$E2E/shared/$name.account'
        printf '%s\n' \"\$SSH_CONNECTION\" >'$E2E/shared/$name.connection'
        printf '%d\n' \$\$ >'$E2E/shared/$name.new'
        mv '$E2E/shared/$name.new' '$E2E/shared/$name.login'
        exec sleep 86400"
    wait_for 20 test -s "$E2E/shared/$name.login"
}

upstream() {
    first_line "$E2E/shared/$1.upstream"
}

# connection NAME: the SSH_CONNECTION of that login. It says so itself: while a process is between two
# programs, /proc shows it without an environment.
connection() {
    first_line "$E2E/shared/$1.connection"
}

# in_login NAME COMMAND...: a command in that login, with its agent and its SSH_CONNECTION.
in_login() {
    theirs=$(first_line "$E2E/shared/$1.account")
    came_from=$(connection "$1")
    own=$(upstream "$1")
    shift
    as "$theirs" SSH_AUTH_SOCK="$own" SSH_CONNECTION="$came_from" "$@"
}

# logout NAME: the login's command ends, then sshd's session, then ssh.
logout() {
    kill "$(first_line "$E2E/shared/$1.login")"
    wait_for 20 gone "$(pid "login.$1")"
}

# far NET: another network for the laptop, whose link to the host can be cut. Not by `ip netns`,
# which needs a root that is a mount point.
far() {
    subnet=10.9.$(find "$E2E/pid" -name 'net.*' | wc -l)
    mkdir -p /run/netns
    touch "/run/netns/$1"
    unshare --net="/run/netns/$1" true
    ip link add "$1" type veth peer name host netns "$1"
    ip address add "$subnet.1/24" dev "$1"
    nsenter --net="/run/netns/$1" ip address add "$subnet.2/24" dev host
    nsenter --net="/run/netns/$1" ip link set host up
    mend_link "$1"
    printf '%s.1\n' "$subnet" >"$E2E/pid/net.$1"
}

cut_link() {
    ip link set "$1" down
}

mend_link() {
    ip link set "$1" up
}
