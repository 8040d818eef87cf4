#!/bin/sh
# SPDX-License-Identifier: MIT
# With every login gone, clients are told so at once, each time, and the relay lives.

. "$(dirname "$0")/lib.sh"
world sshd tmux
sshd 22
rc pat

terminal old pat SSH_AUTH_SOCK="$(agent_socket pat)"
arrives one
is "$(typed old 'ssh-add -l' | names)" one 'while the login is there, its key is listed'
daemon=$(relay_pid pat)
logout one
wait_for 20 not newest pat "$(upstream one)"

# A client that dies of SIGPIPE ends with 141 and says nothing. The relay waits for its next question no longer
# than 200 ms: one that was stopped for so long between two of them proves nothing, and asks again.
cat >"$E2E/shared/often" <<'END'
for i in $(seq 300); do
    while began=$(date +%s%N)
        said=$(ssh-add "$1" 2>&1) && result=0 || result=$?
        [ "$result" -eq 141 ] && [ $((($(date +%s%N) - began) / 1000000)) -ge 200 ]
    do :; done
    printf '%d %.1s\n' "$result" "$said"
done | sort | uniq -c | awk '{ printf "%s times exit %s%s\n", $1, $2, $3 == "" ? " in silence" : "" }'
END
is "$(typed old "sh $E2E/shared/often -l")" '300 times exit 1' \
    'ssh-add -l fails with a message, 300 times of 300'
is "$(typed old "sh $E2E/shared/often -D")" '300 times exit 1' \
    'ssh-add -D fails with a message, 300 times of 300'
is "$(relay_pid pat)" "$daemon" 'the relay is the same process as before'

is "$(as pat ask -kp "$(agent_socket pat)" list list)" "$(printf '5 1\n5 1\nend')" \
    'each question of a connection is refused, and then it is closed'
is "$(as pat ask -k -t 20 "$(agent_socket pat)")" end 'a client that says nothing is closed too'

arrives two
is "$(typed old 'ssh-add -l' | names)" two 'the next login serves the pane again'

finish
