#!/bin/sh
# SPDX-License-Identifier: MIT
# The log says who used a key, also of a command that left as soon as it had its answer. Nobody is
# looked up who only lists.

. "$(dirname "$0")/lib.sh"
world sshd strace
sshd 22
relay pat
login one
knows in_login one relayctl register --label laptop
as pat cp "$E2E/home/laptop/one.pub" key.pub

sign() {
    through pat sh -c 'ssh-keygen -q -Y sign -n file -f key.pub <key.pub'
}

# looked_up COMMAND...: the processes whose name the relay asks for meanwhile.
looked_up() {
    trace "$(pid relay.pat)" -f -o "$E2E/trace"
    "$@" >"$E2E/got" 2>&1
    kill "$tracer"
    wait "$tracer" || :
    grep -c '/proc/[0-9]*/comm' "$E2E/trace" || :
}

is "$(looked_up keys pat)" 0 'a client that lists is not looked up'
is "$(cat "$E2E/got")" one 'and is served'
ok 'the trace shows that it was' grep -q accept4 "$E2E/trace"
is "$(looked_up sign)" 1 'one that signs is, once'
like "$(cat "$E2E/got")" '^-----BEGIN SSH SIGNATURE' 'and is served'

# says LOG SIGNERS: whether these are the signatures in it: how many, of which command, where.
says() {
    [ "$(sed -nE "s/.*client [0-9]+ \((.*), uid $(id -u pat)\) at login [0-9]+ \((.*)\): .*1 sign in .* s: done\$/\1 at \2/p" "$1" |
        sort | uniq -c | xargs)" = "$2" ]
}

for _ in 1 2 3 4 5 6 7 8 9; do
    sign
done >"$E2E/got"
ok 'ten signatures: the log names the command of each' \
    wait_for 20 says "$E2E/log/relay.pat" '10 ssh-keygen at laptop'

# A program may be called anything.
odd=$(printf 'x, uid 0\nclient')
as pat cp /usr/local/bin/ask "$odd"
through pat "./$odd" "$(agent_socket pat)" sign >"$E2E/got"
ok 'a command with a newline in its name adds no line' \
    wait_for 20 grep -q 'client [0-9]* (x, uid 0?client, uid' "$E2E/log/relay.pat"

end relay.pat
as pat relayd --daemon
sign >"$E2E/got"
own_log=/run/user/$(id -u pat)/relayd/log
ok 'with --daemon its own log has the signature' \
    wait_for 20 grep -Eq ' signed: login [0-9]+ \(laptop, .*\) key .* client [0-9]+ \(ssh-keygen, uid ' "$own_log"
through pat ssh-add -D >"$E2E/got" 2>&1
ok 'and the session of one that removes keys' wait_for 20 grep -q 'client .* 1 remove, ' "$own_log"
ok 'but does not say a second time that somebody has signed' not grep '1 sign in' "$own_log"
as pat relayctl stop

finish
