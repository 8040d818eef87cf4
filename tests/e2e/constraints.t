#!/bin/sh
# A key that may be used for certain hosts only (ssh-add -h) is usable there through the relay, and
# nowhere else; and so it is when the newest login has fallen silent and an older one serves.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
account bob
rc pat

# Two more hosts, with keys of their own: that is what tells them apart.
other_host() {
    ssh-keygen -q -t ed25519 -N '' -C "$1" -f "/etc/ssh/$1"
    printf '%s,[localhost]:%d %s\n' "$1" "$2" "$(cat "/etc/ssh/$1.pub")" >>"$E2E/known_hosts"
    sed "s|^HostKey .*|HostKey /etc/ssh/$1|" /etc/ssh/sshd_config >"/etc/ssh/sshd_config.$1"
    /usr/sbin/sshd -f "/etc/ssh/sshd_config.$1" -E "$E2E/log/sshd.$1" -p "$2"
    wait_for 20 listening "$2"
}
printf 'localhost %s\n' "$(cat /etc/ssh/host_key.pub)" >"$E2E/known_hosts"
other_host allowed 2221
other_host forbidden 2222
cp "$E2E/known_hosts" /etc/ssh/ssh_known_hosts

arrives older
arrives newer
for name in older newer; do
    add_key "$name" bound -h localhost -h 'localhost>allowed'
done
# From here on no other key opens a door.
cp "$E2E/home/laptop/bound.pub" /etc/ssh/authorized_keys

onward() {
    through pat ssh -p "$1" bob@localhost id -un 2>&1
}
both() {
    is "$(onward 2221)" bob "$1: ssh to the host that the key is for"
    like "$(onward 2222)" 'Permission denied' "$1: not to another"
    is "$(status pat served | xargs)" "$2" "$1: which served both"
}
both 'the newest login' '2 0'
kill -s STOP "$(pid login.newer)"
both 'it is silent, so an older one' '2 2'
is "$(status pat state | xargs)" 'alive silent' 'the newest is silent now'

finish
