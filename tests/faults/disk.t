#!/bin/sh
# SPDX-License-Identifier: MIT
# The disk below relayd's directory is full, or stands still, and then no more: who has a login is served, what
# could not be saved is saved later, and the log has the reason once.

. "$(dirname "$0")/../e2e/lib.sh"
not_in_valgrind 'its start is too slow to be waited for on each of three disks'
world
home=$E2E/home/pat
run=/run/user/$(id -u pat)
saved=$run/relayd/upstreams
for name in zero one two three four; do
    start "$name" pat fake-agent -n "$name" good "$name"
    wait_for 20 test -S "$home/$name"
done

# on_disk MOUNT-ARGUMENT...: a relay whose directory is there.
on_disk() {
    mount "$@" "$run"
    chown pat:pat "$run"
    chmod 700 "$run"
    relay pat
}
off_disk() {
    end relay.pat
    # Whoever left word of a relay that is mute may be about to end.
    wait_for 20 umount "$run"
}
said() {
    grep -Eq -- "$1" "$E2E/log/relay.pat"
}
said_once() {
    [ "$(grep -Ec -- "$1" "$E2E/log/relay.pat")" -eq 1 ]
}
is_saved() {
    grep -q "/$1\$" "$saved" && grep -q '^end$' "$saved"
}
fill() {
    ! dd if=/dev/zero of="$run/filling" bs=1k 2>/dev/null
}

on_disk -t tmpfs -o size=64k tmpfs
wait_for 20 as pat relayctl register -q zero
ok 'a login is saved' wait_for 20 is_saved zero
ok 'the disk is full' fill
# Who registers it waits for the verdict no longer than a second.
registers() {
    as pat relayctl register "$1" | grep alive
}
ok 'a login can register all the same' wait_for 20 registers one
is "$(keys pat)" one 'and its clients are served'
ok 'the log says what is not saved, and why' said 'upstreams: not saved: No space left on device'
wait_for 20 as pat relayctl register -q two
ok 'once' said_once 'not saved'
ok 'what was saved before is whole' is_saved zero
rm "$run/filling"
ok 'when there is room it is saved, without a reason of its own' wait_for 90 is_saved two
ok 'and the log says so' wait_for 20 said 'upstreams: saved again'
kill -s KILL "$(pid relay.pat)"
wait_for 20 gone "$(pid relay.pat)"
relay pat
is "$(status pat path | wc -l)" 3 'a relay that is killed then has forgotten none'

end relay.pat

# One that is written to does not become read-only but by its own damage.
mount -o remount,ro "$run"
like "$(as pat timeout 20 relayd 2>&1 || :)" 'lock: Read-only file system$' \
    'on a read-only disk relayd ends, with the reason'
mount -o remount,rw "$run"

# The log is on that disk too.
fill || :
as pat relayd --daemon --verbose 2>/dev/null
background=$(relay_pid pat)
wait_for 20 as pat relayctl register -q one
is "$(keys pat)" one 'in the background on a full disk: a client is served'
rm "$run/filling"
is_told() {
    keys pat >/dev/null
    grep -q 'lines are missing here' "$run/relayd/log"
}
ok 'its log says then how many lines are missing' wait_for 20 is_told
as pat relayctl stop
wait_for 20 gone "$background"
umount "$run"

# A frozen one keeps whoever writes to it waiting, and cannot be asked whether it is.
truncate -s 16M "$E2E/image"
if ! mkfs.ext4 -q "$E2E/image" 2>/dev/null || ! mount -o loop "$E2E/image" "$run" 2>/dev/null; then
    skip 7 'no file system can be mounted from a file here'
    finish
fi
umount "$run"
on_disk -o loop "$E2E/image"
wait_for 20 as pat relayctl register -q one
wait_for 20 is_saved one
# Whoever waits for it cannot be killed: it is thawed in any case.
(
    sleep 120
    fsfreeze --unfreeze "$run"
) >/dev/null 2>&1 &
guard=$!
fsfreeze --freeze "$run"
is "$(keys pat)" one 'the disk is frozen: clients are served'
ok 'a login waits for at most a second' within 3000 as pat relayctl register two
note "in $took ms"
start waits pat ask -t 60 "$(agent_socket pat)" list
ok 'relayctl does not hang with it' within 4500 as pat timeout 20 relayctl status
note "in $took ms"
ok 'relayd waits in the kernel' wait_for 20 grep -q '^State:.*D' "/proc/$(pid relay.pat)/status"
fsfreeze --unfreeze "$run"
kill "$guard"
ok 'it is thawed: who came meanwhile has an answer' wait_for 20 grep -q '^12 ' "$E2E/log/waits"
has_keys() {
    [ "$(keys pat)" = "$1" ]
}
ok 'the login that came meanwhile serves' wait_for 20 has_keys two
ok 'and is saved' wait_for 20 is_saved two
off_disk

finish
