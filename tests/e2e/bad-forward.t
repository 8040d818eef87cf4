#!/bin/sh
# SPDX-License-Identifier: MIT
# A login that forwards an agent which is not there (ForwardAgent=/bad/path): sshd makes a socket
# for it all the same, which accepts and closes.

. "$(dirname "$0")/lib.sh"
world sshd
sshd 22
rc pat
patient pat
relay pat

arrives good
stands() {
    [ "$(status pat "$1" | xargs)" = "$2" ]
}
time_of login bad -o ForwardAgent=/bad/path
note "the login took $took ms"
ok 'the login is not held up' test "$took" -lt 15000
ok 'it is registered, as one that is silent' wait_for 20 stands state 'alive silent'
ok 'behind the one that works' stands path "$(upstream good) $(upstream bad)"
is "$(keys pat)" good 'the other serves'
answer in_login bad relayctl register
is "$result" 1 'register says no'
like "$said" 'forwards no working agent at the moment' 'and why'
logout good
like "$(keys pat)" 'agent refused' 'the one that works has gone: a client is refused'
like "$(as pat relayctl why)" 'no registered login has an agent that answers' 'and told so'

finish
