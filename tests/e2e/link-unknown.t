#!/bin/sh
# SPDX-License-Identifier: MIT
# Where nothing can be known of the link everything works, with the patience of not knowing: the
# login came over no TCP connection, the relay runs in another network, or it may not ask.

. "$(dirname "$0")/lib.sh"
world sshd systemd
sshd 22
far home
far elsewhere
account bob
account carol
relay pat
start relay.bob bob@elsewhere relayd --verbose
wait_for 20 served bob
user_manager carol
mkdir -p /etc/systemd/user/relayd.service.d
printf '[Service]\nRestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX\n' \
    >/etc/systemd/user/relayd.service.d/unasked.conf
systemctl_of carol daemon-reload
systemctl_of carol start relayd.socket

# has NAME ACCOUNT: a login from afar that is registered.
has() {
    login_from home "$1" -l "$2"
    [ "$2" = pat ] && connection='UNKNOWN 65535 UNKNOWN 65535' || connection=
    knows in_login "$1" ${connection:+"SSH_CONNECTION=$connection"} relayctl register
}

# newest_serves: once it is registered, with nothing said of it before. On a busy host it may fall silent.
newest_serves() {
    in_login "newer.$owner" ${connection:+"SSH_CONNECTION=$connection"} relayctl register >"$E2E/registered" 2>&1 &&
        [ "$(keys "$owner")" = "newer.$owner" ]
}
# waits_for_older: the newest is stopped, and a client comes. Leaves in $took how long that takes, and fails where it is
# too long: a neighbour's noise spoils a try, a relay at fault each of them.
waits_for_older() {
    kill -s CONT "$(pid "login.newer.$owner")"
    wait_for 60 newest_serves
    kill -s STOP "$(pid "login.newer.$owner")"
    time_of keys "$owner" >"$E2E/got"
    [ "$took" -lt $((4500 * slower)) ]
}

for owner in pat bob carol; do
    has "older.$owner" "$owner"
    has "newer.$owner" "$owner"
    is "$(status "$owner" link | xargs)" 'unknown unknown' "$owner: the links are unknown"
    is "$(status "$owner" state | xargs)" 'alive alive' "$owner: both logins are alive"
    ok "$owner: the newest serves" wait_for 60 newest_serves

    waits_for_older || waits_for_older || waits_for_older || :
    is "$(cat "$E2E/got")" "older.$owner" "$owner: it is silent: the older one serves"
    note "after $took ms"
    # With a link that is known to be up it would be five times as long.
    ok "$owner: after patience" test "$took" -ge 1000
    ok "$owner: and no more" test "$took" -lt $((4500 * slower))
    like "$(as "$owner" relayctl status)" 'silent since [0-9:]+: no answer for [0-9]+ s' "$owner: status says why"
    unlike "$(as "$owner" relayctl status)" 'connection|acknowledged|link (up|down)' "$owner: and claims nothing of the link"
    is "$(keys "$owner")" "older.$owner" "$owner: so it does next"
    ok "$owner: without a wait" within 1000 keys "$owner"

    kill -s CONT "$(pid "login.newer.$owner")"
    ok "$owner: registered again, the newest serves" wait_for 60 newest_serves
    logout "newer.$owner"
    left() {
        [ "$(status "$owner" path)" = "$(upstream "older.$owner")" ]
    }
    ok "$owner: it leaves, and is dropped" wait_for 20 left
    is "$(keys "$owner")" "older.$owner" "$owner: the older one serves"
done

finish
