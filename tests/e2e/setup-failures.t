#!/bin/sh
# SPDX-License-Identifier: MIT
# `relayctl setup` when something fails in the middle: each file is as it was or as it is to be, no
# shell stops starting, and what is not done is said.

. "$(dirname "$0")/lib.sh"
. "$E2E_LIB/homes.sh"
world sshd python3 strace tmux
not_in_valgrind 'it is traced'
homes
# Whom the symlink leads to after undo.
sits one
wait_for 20 as pat relayctl register "$(upstream one)"

# usual_home: rc with a trick that left a symlink, and the files of bash.
usual_home() {
    new_home
    debian_files
    # shellcheck disable=SC2016
    printf '[ -n "$SSH_AUTH_SOCK" ] && ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock\n' | file .ssh/rc
    setfattr_of .ssh/rc
    old_link
}
setfattr_of() {
    /usr/bin/python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"mine")' "$home/$1"
}

# keep NAME, back_to NAME: the whole home, times and all.
keep() {
    mkdir "$E2E/kept.$1"
    cp -a "$home/." "$E2E/kept.$1"
    manifest take "$home" "$E2E/$1"
}
back_to() {
    find "$home" -mindepth 1 -delete
    cp -a "$E2E/kept.$1/." "$home"
}

parses() {
    sh -n "$home/.ssh/rc" && bash -n "$home/.bashrc" && sh -n "$home/.profile"
}
no_temporaries() {
    ! find "$home" -name '.*.relayd*' | grep .
}
# whole: each file is as before or as set up, and the shells take them.
whole() {
    manifest take "$home" "$E2E/now"
    manifest either "$E2E/before" "$E2E/set" "$E2E/now" && parses
}
# is_as NAME: the home is all that.
is_as() {
    manifest take "$home" "$E2E/now"
    manifest either "$E2E/$1" "$E2E/$1" "$E2E/now"
}

# --- killed, and refused by the kernel, at each call that changes something

calls=write,openat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,symlink,symlinkat
calls=$calls,fchown,fchmod,fchmodat,fsetxattr,utimensat,fsync,fdatasync,ftruncate,link,linkat,close
trace=$E2E/shared/trace

# with FAULT OPTION...: setup with that fault of strace's in it.
with() {
    injected=$1
    shift
    as pat ASAN_OPTIONS="$E2E_SANITIZERS:detect_leaks=0" timeout 120 strace -qq -o "$trace" -e "trace=$calls" \
        -e "inject=$injected" relayctl setup --yes "$@" >"$said" 2>&1 </dev/null && result=0 || result=$?
}

# each CALL... : CALL:N of the last trace, for each of these calls and each time it was made.
each() {
    for call; do
        seq -f "$call:%g" "$(grep -c "^$call(" "$trace")"
    done
}

# complain WHAT COMMAND...: into the list of what was wrong, unless the command succeeds.
complain() {
    complaint=$1
    shift
    "$@" >"$E2E/verdict" 2>&1 && return
    printf '%s:\n' "$complaint" >>"$E2E/wrong"
    cat "$E2E/verdict" "$said" >>"$E2E/wrong"
}

nothing_wrong() {
    cat "$E2E/wrong"
    [ ! -s "$E2E/wrong" ]
}

# killed_at_each FROM TO OPTION BACK: setup OPTION, which makes TO of FROM, is killed; then setup BACK.
killed_at_each() {
    : >"$E2E/wrong"
    kills=0
    for at in $moments; do
        back_to "$1"
        # shellcheck disable=SC2086
        with "${at%:*}:signal=KILL:when=${at#*:}" $3
        [ "$result" != 137 ] || kills=$((kills + 1))
        complain "killed at $at" whole
        # shellcheck disable=SC2086
        setup --yes $4
        complain "killed at $at, then setup $4: exit $result" is_as "$1"
        complain "killed at $at, then setup $4 minds what was left" not grep -q 'sock\.relayd' "$said"
    done
    note "killed $kills times, at $(printf '%s\n' "$moments" | xargs)"
}

# refused_at_each FROM TO ERROR OPTION: and here one call fails.
refused_at_each() {
    : >"$E2E/wrong"
    for at in $moments; do
        back_to "$1"
        # shellcheck disable=SC2086
        with "${at%:*}:error=$3:when=${at#*:}" $4
        complain "$3 at $at: exit $result" whole
        complain "$3 at $at: leaves files behind" no_temporaries
        [ "$result" != 0 ] || complain "$3 at $at: exit 0" is_as "$2"
    done
}

usual_home
keep before
with close:error=EIO:when=60000
is "$result" 0 'undisturbed, it does all'
keep set
changing='rename renameat renameat2 unlink unlinkat mkdir mkdirat symlink symlinkat fchown fchmod
    fchmodat fsetxattr utimensat fsync fdatasync ftruncate link linkat'
# shellcheck disable=SC2086
moments=$(each $changing write) failing=$(each $changing write openat)
killed_at_each before set '' --undo
ok 'killed at each of these: every file is whole, and undo takes it back' nothing_wrong
ok 'it was killed in the middle' test "$kills" -gt 8
moments=$failing
refused_at_each before set ENOSPC ''
ok 'each call may find the disk full: every file is whole, nothing is left behind, and exit 0 means all' nothing_wrong

back_to set
with close:error=EIO:when=60000 --undo
is "$result" 0 'undisturbed, undo does all'
is "$(is_as before)" '' 'the home is as it was'
# shellcheck disable=SC2086
moments=$(each $changing write)
killed_at_each set before --undo ''
ok 'undo killed at each of these: every file is whole, and setup does it again' nothing_wrong
refused_at_each set before EIO --undo
ok 'each call of undo may fail: every file is whole, nothing is left behind, and exit 0 means all' nothing_wrong

# --- a disk that is really full

# on_disk SIZE: a home on a file system of its own, and everything there taken but SIZE. It has no rc,
# for a file that is replaced gives its room to the next.
on_disk() {
    mount -t tmpfs -o "size=256k,mode=755,uid=$(id -u pat),gid=$(id -g pat)" tmpfs "$home"
    usual_home
    rm "$home/.ssh/rc"
    head -c "$(($(stat -f -c '%a * %S' "$home") - $1))" /dev/zero | file fill
    manifest take "$home" "$E2E/before.full"
}
page=$(getconf PAGESIZE)
for room in 0 "$page"; do
    on_disk "$room"
    setup --yes
    manifest take "$home" "$E2E/full"
    is "$result" 1 "on a disk with room for $room bytes: setup, exit 1"
    like "$(cat "$said")" 'No space left' "room for $room bytes: it says so"
    ok "room for $room bytes: the shells take their files" bash -n "$home/.bashrc"
    ok "room for $room bytes: nothing is left behind" no_temporaries
    is "$([ -e "$home/.ssh/rc" ] && echo "$page" || echo 0)" "$room" "room for $room bytes: what has room is done"
    rm "$home/fill"
    setup --undo --yes
    manifest take "$home" "$E2E/undone"
    is "$(manifest changed "$E2E/before.full" "$E2E/undone")" fill "room for $room bytes: undone, all is as before"
    umount "$home"
done

# --- somebody else changes a file meanwhile

usual_home
manifest take "$home" "$E2E/before"
terminal asked pat
tmux_of asked send-keys -l 'relayctl setup; echo "exit $?"'
tmux_of asked send-keys Enter
ok 'on a terminal it asks' wait_for 20 shows asked '[Y/n]'
as pat sh -c 'echo "alias mine=true" >>.bashrc'
cp "$home/.bashrc" "$E2E/theirs"
tmux_of asked send-keys y Enter
ok 'a file that somebody changed meanwhile: setup, exit 1' wait_for 20 shows asked 'exit 1'
ok 'the change is not lost, and nothing is added' cmp "$home/.bashrc" "$E2E/theirs"
like "$(tmux_of asked capture-pane -p)" '\.bashrc.*(changed|meanwhile)' 'it says why'
ok 'the rest is done' grep -q relayctl "$home/.ssh/rc"
wipe asked '[Y/n]'
tmux_of asked send-keys -l 'relayctl setup; echo "exit $?"'
tmux_of asked send-keys Enter
wait_for 20 shows asked '[Y/n]'
manifest take "$home" "$E2E/before"
tmux_of asked send-keys n Enter
ok 'answered with no' wait_for 20 shows asked 'exit 1'
manifest take "$home" "$E2E/now"
is "$(manifest changed "$E2E/before" "$E2E/now")" '' 'it does nothing'

# --- refused

# refuses WHAT STATUS PATTERN COMMAND...: and nothing is changed.
refuses() {
    what=$1 status=$2 pattern=$3
    shift 3
    manifest take "$home" "$E2E/before"
    "$@" >"$said" 2>&1 </dev/null && result=0 || result=$?
    manifest take "$home" "$E2E/now"
    is "$result" "$status" "$what: exit $status"
    like "$(cat "$said")" "$pattern" "$what: it says so"
    ok "$what: nothing is done" manifest same "$E2E/before" "$E2E/now"
}
usual_home
refuses 'nobody to ask' 64 '[-]-yes' as pat relayctl setup
refuses 'another HOME' 1 'HOME names another place' as pat HOME="$E2E/home/laptop" relayctl setup --yes
refuses 'as root by sudo, with the home of who called' 1 'without sudo' \
    env HOME="$home" SUDO_USER=pat SUDO_UID="$(id -u pat)" timeout 60 relayctl setup --yes
mount -t tmpfs tmpfs /root
refuses "as root by sudo, with root's home" 1 'without sudo' \
    env HOME=/root SUDO_USER=pat SUDO_UID="$(id -u pat)" timeout 60 relayctl setup --yes
is "$(ls -A /root)" '' "and nothing is done to root's home"
chown root:root "$home"
refuses "a home that is somebody else's" 1 'belongs to another user' as pat relayctl setup --yes
chown pat:pat "$home"
sed -i "s|^\(pat:.*:\)$home:|\1$E2E/nowhere:|" /etc/passwd
refuses 'a home that is not there' 1 'is missing' as pat HOME="$E2E/nowhere" relayctl setup --yes
ok 'nor is it made' not test -e "$E2E/nowhere"

finish
