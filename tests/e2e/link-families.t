#!/bin/sh
# SPDX-License-Identifier: MIT
# The link of a login, whatever family of addresses it came over: up, and down once it is cut.

. "$(dirname "$0")/lib.sh"
world sshd systemd
sshd 22
relay pat

# has NET FAMILY ADDRESS [SSH-OPTION...]: a login over that address, whose zone is the laptop's.
has() {
    net=$1
    family=$2
    address=$3
    shift 3
    login_from "$net" "$family" -o AddressFamily=any -o HostName="$address" "$@"
    knows in_login "$family" relayctl register
}
# in_net NET COMMAND...
in_net() {
    net=$1
    shift
    nsenter --net="/run/netns/$net" "$@"
}

far four
far global
far scoped
far mapped
ip address add fd00:9::1/64 dev global nodad
in_net global ip address add fd00:9::2/64 dev host nodad
ip address add fe80::9:1/64 dev scoped nodad
in_net scoped ip address add fe80::9:2/64 dev host nodad
# sshd itself never holds IPv4 in a socket of IPv6; who started it for a connection may.
systemd-socket-activate --inetd --accept --listen='[::]:2222' /usr/sbin/sshd -i \
    </dev/null >"$E2E/log/inetd" 2>&1 &
wait_for 20 listening 2222

has four four 10.9.0.1
has global global fd00:9::1
has scoped scoped fe80::9:1%%host
has mapped mapped 10.9.3.1 -o Port=2222
for family in four global scoped mapped; do
    note "$family: $(connection "$family")"
done
like "$(ss -tnH state established 'sport = :2222')" '::ffff:10\.9\.3\.2' 'there is a login over IPv4 in a socket of IPv6'
is "$(keys pat)" mapped 'the newest serves'
is "$(status pat link | xargs)" 'up up up up' 'each link is up'

# The laptop's side goes: the host still has its addresses, and nobody answers.
for net in four global scoped mapped; do
    in_net "$net" ip link set host down
done
start client pat SSH_AUTH_SOCK="$(agent_socket pat)" timeout 60 ssh-add -l
down() {
    [ "$(status pat link | xargs)" = 'down down down down' ]
}
ok 'they are cut, a client comes: each link is down' wait_for 20 down
wait_for 30 gone "$(pid client)"
said_to_be() {
    [ "$(status pat reason | grep -c 'nothing acknowledged for')" = 4 ]
}
ok 'and is said to be' wait_for 20 said_to_be

finish
