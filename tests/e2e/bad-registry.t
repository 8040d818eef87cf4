#!/bin/sh
# SPDX-License-Identifier: MIT
# What was registered survives a restart; a file that is damaged does not stop one.

. "$(dirname "$0")/lib.sh"
world
patient pat
relay pat
start a pat fake-agent -n a good a
start b pat fake-agent -n b good b
wait_for 20 test -S "$E2E/home/pat/a"
wait_for 20 test -S "$E2E/home/pat/b"
knows as pat relayctl register --label first a
knows as pat relayctl register b
saved=$(dirname "$(agent_socket pat)")/upstreams

known=$(status pat path)
end relay.pat
is "$(stat -c '%a %U' "$saved")" '600 pat' 'the registry is private'
cp "$saved" "$E2E/saved"
relay pat
is "$(status pat path)" "$known" 'a restart keeps the logins, in order'
is "$(status pat label | tail -n 1)" first 'with their labels'
is "$(keys pat)" b 'and they serve'
end relay.pat KILL
relay pat
is "$(status pat path)" "$known" 'so does one after SIGKILL'
end relay.pat

end b
relay pat
is "$(keys pat)" a 'a login that ended meanwhile is not used'
end relay.pat

end a
as pat rm a
start a pat fake-agent -n a good a
wait_for 20 test -S "$E2E/home/pat/a"
relay pat
is "$(status pat path)" '' 'another socket at the same path is another login'
like "$(cat "$E2E/log/relay.pat")" 'dropped: its login ended while no relayd was running' 'and the log says so'
answer as pat relayctl register --label "$(printf '%0300d' 0)" a
is "$result" 1 'what the registry could not keep is refused'
like "$said" 'a fact of the login is too long' 'with the reason'
end relay.pat

# damaged WHAT: with the file as it is now, relayd starts empty and keeps the file.
damaged() {
    sum=$(cksum <"$saved")
    rm -f "$saved"?*
    relay pat
    is "$(status pat path)" '' "$1: started empty"
    like "$(cat "$E2E/log/relay.pat")" "$saved" "$1: told"
    kept=$(for file in "$saved"?*; do cksum <"$file"; done)
    is "$kept" "$sum" "$1: kept aside"
    ok "$1: a login can be registered" knows as pat relayctl register a
    is "$(keys pat)" a "$1: and serves"
    end relay.pat
}

head -c 3000 /dev/urandom >"$saved"
damaged noise
head -c $(($(wc -c <"$E2E/saved") / 2)) "$E2E/saved" >"$saved"
damaged 'half a file'

finish
