# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# A world of its own for each test, and processes in it.
#
# A test re-executes itself as the first process of new mount, pid and network namespaces, as root.
# There it may write to /etc and /run, give sshd port 22 and kill a network link; nothing of that
# reaches the host or a test beside it, and when the test ends, however it ends, the kernel ends
# every process it started. What is left to clean up is one directory.

# world PART...: enters it, or skips the whole file naming the real part that is missing.
world() {
    [ "$(id -u)" -eq 0 ] || skip_all 'needs root, to make accounts and namespaces'
    for part in namespaces "$@"; do
        have "$part" && continue
        [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! %s is missing\n' "$part"; exit 1; }
        skip_all "$part is missing"
    done
    [ -n "${E2E-}" ] || enter
    trap died EXIT
    furnish "$@"
}

have() {
    case $1 in
    namespaces) have ip && have setpriv && have nsenter && (isolate true) ;;
    sshd) have ssh && have ssh-agent && [ -x /usr/sbin/sshd ] ;;
    mosh) have mosh-server && have tmux && command -v mosh ;;
    libssh2) have cc && echo '#include <libssh2.h>' | cc -E - ;;
    paramiko) /usr/bin/python3 -c 'import paramiko' ;;
    asyncssh) /usr/bin/python3 -c 'import asyncssh' ;;
    sources) have cc && have make && have autoreconf && have pkg-config ;;
    bash-completion) [ -e /usr/share/bash-completion/bash_completion ] ;;
    golang) have go && [ -d /usr/share/gocode/src/golang.org/x/crypto/ssh/agent ] ;;
    debian-build) have dh && dpkg-checkbuilddeps "$E2E_LIB/../../contrib/debian/control" ;;
    systemd) have systemctl && [ -x /usr/lib/systemd/systemd ] ;;
    journald) have journalctl && [ -x /usr/lib/systemd/systemd-journald ] ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

# isolate COMMAND...: becomes the command, alone. The hour-glass is for hangs that no bound of the
# test's own caught. In a chroot, where the root is no mount point, unshare itself cannot make it
# private; furnish() does where it can. That of util-linux 2.36 has what it starts ignore SIGTERM.
isolate() {
    exec timeout -k 1 900 \
        unshare --mount --propagation unchanged --pid --fork --kill-child --net -- \
        env --default-signal=INT,TERM "$@"
}

# enter: runs this test again inside, and ends with its status.
enter() {
    E2E=$(mktemp -d /var/tmp/e.XXXXXX)
    # sshd of OpenSSH 10.6 reads the directories above the one for its sockets.
    chmod 755 "$E2E"
    # The accounts of worlds that exist at once differ: the kernel counts by uid. From 524288 on they
    # would be those of containers, for whom journald keeps no journal.
    E2E_UID=$((100000 + $$ % 53000 * 8))
    export E2E E2E_UID
    trap 'leave_cgroup || :; rm -rf "$E2E"' EXIT
    trap 'kill "$child"; wait "$child"' INT TERM HUP
    isolate "$0" &
    child=$!
    wait "$child" || exit
    exit 0
}

# leave_cgroup: removes what user_manager() made, the one thing that outlives the namespaces. It is
# busy for a moment after the last process in it has ended.
leave_cgroup() {
    [ -e "$E2E/pid/systemd" ] || return 0
    # shellcheck disable=SC2016
    timeout 20 unshare --mount --propagation unchanged sh -c '
        mount -t cgroup2 cgroup2 "$0"
        while [ -e "$0/$1" ]; do
            find "$0/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
        done
    ' "$E2E/shared" "relayd-test-$E2E_UID.slice"
}

furnish() {
    mount --make-rprivate / 2>/dev/null || :
    mount -t proc proc /proc
    mountpoint -q /dev/pts || mount -t devpts -o ptmxmode=666 devpts /dev/pts
    ip link set lo up
    mkdir "$E2E/log" "$E2E/bin" "$E2E/pid" "$E2E/home"
    mkdir -m 1777 "$E2E/reports" "$E2E/shared"
    install_programs
    case " $* " in
    *' sources '*) copy_sources ;;
    esac

    # From here on nothing is read from where the project lies: that may be under /tmp.
    cd /
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/sshd /run/user
    cp -a /etc "$E2E/etc"
    mount --bind "$E2E/etc" /etc
    printf '127.0.0.1 localhost\n' >/etc/hosts
    rm -f /etc/motd /etc/relayd.conf

    E2E_SANITIZERS="log_path=$E2E/reports/report:log_exe_name=1"
    account pat
    account laptop
}

# install_programs: what is under test stands where `make install` puts it for everybody.
install_programs() {
    built=${abs_top_builddir:-$PWD}
    cp "${RELAYD:-$built/relayd/relayd}" "$E2E/bin/relayd"
    cp "${RELAYCTL:-$built/relayctl/relayctl}" "$E2E/bin/relayctl"
    for program in e2e/ask e2e/delay e2e/fake-agent e2e/fault.so e2e/stepped-clock.so \
        load/agents load/crowd ${E2E_ALSO-}; do
        cp "$built/tests/$program" "$E2E/bin"
    done
    ! in_valgrind || wrap_programs "$built"
    mount --bind "$E2E/bin" /usr/local/bin
    cp -R "$E2E_LIB/../../contrib" "$E2E_LIB/clients" "$E2E"
    cp "$E2E_LIB"/../load/*.py "$E2E/clients"
    ! [ -d "$built/contrib/completed" ] || cp -R "$built/contrib/completed" "$E2E/completed"
    mkdir "$E2E/units"
    cp "$built"/contrib/installed/relayd@.* "$E2E/units"
    chmod -R a+rX "$E2E"/c* "$E2E/units"
}

# copy_sources: what a clone or a release has, for who builds it again.
copy_sources() {
    # shellcheck disable=SC2016
    sh -c '. "${0%/*}/common.sh"; copy_sources "$1"' "$(realpath "$E2E_LIB/../../contrib/install")" "$E2E/src"
    chmod -R a+rX "$E2E/src"
}

has_sanitizers() {
    grep -q __asan_init "$E2E/bin/relayd"
}

# has_counters: whether it counts its lines (contrib/coverage).
has_counters() {
    grep -q __llvm_profile "$E2E/bin/relayd"
}

# account NAME [SHELL]: an account with a home, and with the /run/user/UID that PAM would make.
account() {
    # This host may have an account of that name, which would come first.
    sed -i "/^$1:/d" /etc/passwd /etc/group /etc/shadow
    uid=$((E2E_UID + $(find "$E2E/home" -mindepth 1 -maxdepth 1 | wc -l)))
    printf '%s:*:%d:%d::%s:%s\n' "$1" "$uid" "$uid" "$E2E/home/$1" "${2:-/bin/bash}" >>/etc/passwd
    printf '%s:x:%d:\n' "$1" "$uid" >>/etc/group
    mkdir "$E2E/home/$1"
    mkdir -m 700 "$E2E/home/$1/.ssh" "/run/user/$uid"
    printf 'PS1="\\u ready> "\n' >"$E2E/home/$1/.bashrc"
    printf '. ~/.bashrc\n' >"$E2E/home/$1/.profile"
    chown -R "$1:$1" "$E2E/home/$1" "/run/user/$uid"
}

# become ACCOUNT[@NET] [NAME=VALUE...] COMMAND...: turns this process into the command, with the
# environment of a fresh login and no other; in another network (see far) when one is named.
become() {
    account=${1%@*}
    net=${1#"$account"}
    shift
    cd "$E2E/home/$account" || exit
    # shellcheck disable=SC2086
    exec ${net:+nsenter --net=/run/netns/${net#@}} \
        setpriv --reuid "$account" --regid "$account" --clear-groups env -i \
        HOME="$PWD" USER="$account" LOGNAME="$account" SHELL=/bin/bash LANG=C.UTF-8 TERM=screen \
        PATH=/usr/local/bin:/usr/bin:/bin \
        "ASAN_OPTIONS=$E2E_SANITIZERS" "UBSAN_OPTIONS=$E2E_SANITIZERS" "$@"
}

# as ACCOUNT [NAME=VALUE...] COMMAND...
as() (
    become "$@"
)

# start NAME ACCOUNT [NAME=VALUE...] COMMAND...: the same in the background. Its output goes to the
# log of that name, its pid is `pid NAME`. The log is of this run alone: whoever waits for a line in it
# must not find that of an earlier one, which is kept for show_logs. It remains the same file.
start() {
    started=$1
    shift
    [ ! -s "$E2E/log/$started" ] || cat "$E2E/log/$started" >>"$E2E/log/$started.earlier"
    : >"$E2E/log/$started"
    (become "$@") >>"$E2E/log/$started" 2>&1 </dev/null &
    printf '%d\n' "$!" >"$E2E/pid/$started"
}

pid() {
    first_line "$E2E/pid/$1"
}

# first_line FILE: of the many that hold but one, without a process.
first_line() {
    read -r line <"$1" && printf '%s\n' "$line"
}

# sleeps NAME: once what was started so has become the sleep that it was to be, with its environment: until
# then it is a shell, and while a process is between two programs, /proc shows it without an environment.
sleeps() {
    sleeps_at "$(pid "$1")"
}

# sleeps_at PID
sleeps_at() {
    wait_for 20 grep -qsx sleep "/proc/$1/comm"
    wait_for 20 grep -qs . "/proc/$1/environ"
}

# end NAME [SIGNAL]: ends what start() started, and waits for that.
end() {
    kill -s "${2:-TERM}" "$(pid "$1")"
    wait_for 20 gone "$(pid "$1")"
}

# trace PID STRACE-OPTION...: strace is $tracer, and sees each call that the process begins from now on.
# That there is a tracer does not say so: it has yet to stop the process, and may have to wait for its turn.
trace() {
    traced=$1
    shift
    : >"$E2E/log/strace.$traced"
    strace -p "$traced" "$@" 2>>"$E2E/log/strace.$traced" &
    # shellcheck disable=SC2034
    tracer=$!
    wait_for 20 grep -q attached "$E2E/log/strace.$traced"
}

# gone PID: whether it has ended. Asked in a loop, so by no process: the state comes behind the name.
gone() {
    read -r line 2>/dev/null <"/proc/$1/stat" || return 0
    case ${line##*) } in
    Z* | X*) ;;
    *) return 1 ;;
    esac
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it was asked after the bound, too. The command may
# wait for something itself: so what is known of this wait is in arguments.
wait_for() {
    uptime
    # shellcheck disable=SC2154
    bound=$((up + $1 * slower))
    shift
    set -- "$bound" 0 "$@"
    until behind_two "$@"; do
        [ "$up" -le "$1" ] || return 1
        bound=$1
        looks=$(($2 + 1))
        shift 2
        set -- "$bound" "$looks" "$@"
        # What takes long is asked for less often: each time costs some processes.
        if [ "$looks" -lt 20 ]; then sleep 0.05; else sleep 0.2; fi
        uptime
    done
}
behind_two() {
    shift 2
    "$@"
}

# uptime: leaves the host's in $up, in seconds; unlike date(1) it is no process.
uptime() {
    read -r up _ </proc/uptime
    up=${up%.*}
}

# time_of COMMAND...: leaves in $took how many milliseconds the command needed.
time_of() {
    before=$(date +%s%N)
    "$@"
    # shellcheck disable=SC2034
    took=$((($(date +%s%N) - before) / 1000000))
}

# within MILLISECONDS COMMAND...: whether it can be done in less. A wait that is there is there each
# time; the noise of a busy host is not.
within() {
    limit=$1
    shift
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        time_of "$@" >/dev/null
        [ "$took" -ge "$limit" ] || return 0
    done
    printf 'the last of ten tries took %d ms\n' "$took"
    return 1
}

# median: of the numbers on stdin, one a line.
median() {
    sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}
