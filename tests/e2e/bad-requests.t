#!/bin/sh
# SPDX-License-Identifier: MIT
# Words that relayd and relayctl do not know, and noise on both sockets.

. "$(dirname "$0")/lib.sh"
world
relay pat
start good pat fake-agent good good
wait_for 20 test -S "$E2E/home/pat/good"
knows as pat relayctl register good
agent=$(agent_socket pat)
control=${agent%/*}/control.sock

# usage WORD COMMAND...: it ends with 64, and names the word.
usage() {
    word=$1
    shift
    said=$(as pat "$@" 2>&1) && result=0 || result=$?
    is "$result" 64 "$*: exit 64"
    like "$said" "$word" "$*: names what it does not know"
}
usage nonsense relayctl nonsense
usage nonsense relayctl --nonsense
usage nonsense relayctl status --nonsense
usage nonsense relayctl status nonsense
usage nonsense relayctl wait --timeout nonsense
usage label relayctl register --label
usage nonsense relayd --nonsense
usage nonsense relayd nonsense
usage nonsense relayd --patience nonsense
usage nonsense relayd --when-none nonsense

# asked PACKET...
asked() {
    as pat ask -s "$control" "$@"
}
like "$(asked text:nonsense)" '^error' 'an unknown verb is refused'
like "$(asked text:nonsense)" nonsense 'by name'
like "$(asked "$(printf 'text:status\nnonsense=1')")" '^error' 'an unknown key is refused'
like "$(asked "$(printf 'text:status\nnonsense=1')")" nonsense 'by name'
for packet in text: text:=== text:status%zz noise:1 noise:4000 noise:65536 noise:65537 noise:200000; do
    unlike "$(asked "$packet")" '^ok|nothing' "$packet: refused"
done

# On the agent socket what is no question ends its client, and only that.
is "$(as pat ask "$agent" raw:00000000)" end 'a frame of length 0 ends the client'
is "$(as pat ask "$agent" raw:00040001)" end 'so does one over 262144'
is "$(as pat ask -k "$agent" raw:ffffffffffff)" end 'and one of four gigabytes'
is "$(as pat ask -h "$agent" raw:0000)" end 'half a header, and no more to come'
is "$(as pat ask -b "$agent" list sign)" "$(as pat ask "$agent" list sign)" \
    'questions that come byte by byte are answered the same'
is "$(as pat ask -p "$agent" list sign list | cut -d' ' -f1 | xargs)" '12 14 12' \
    'questions sent at once are answered in order'
is "$(as pat ask -hk "$agent" list | cut -d' ' -f1 | xargs)" '12 end' \
    'a client that has shut down its side has its answer'

is "$(keys pat)" fake 'after all that the agent serves'
finish
