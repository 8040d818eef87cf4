# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# A systemd user manager, and a journal.

# user_manager ACCOUNT: a real `systemd --user` with relayd's units installed, on a host that was
# not booted with systemd. The cgroup lies outside the namespaces: leave_cgroup() takes it away.
user_manager() {
    mkdir -p /run/systemd/system
    mountpoint -q /sys || mount -t sysfs sysfs /sys
    # A tree of cgroups as a new host has it, whatever this host's looks like. By these names the
    # journal knows which unit a message comes from.
    mount -t cgroup2 cgroup2 /sys/fs/cgroup

    mkdir -p /etc/systemd/user
    cp "$E2E/contrib/systemd/relayd.socket" /etc/systemd/user
    sed 's|@bindir@|/usr/local/bin|' "$E2E/contrib/systemd/relayd.service.in" \
        >/etc/systemd/user/relayd.service
    # Those of an instance are made of these by make.
    for type in socket service; do
        sed 's|^ExecStart=[^ ]*|ExecStart=/usr/local/bin/relayd|' "$E2E/units/relayd@.$type" \
            >"/etc/systemd/user/relayd@.$type"
    done
    for unit in relayd relayd@; do
        loosen "/etc/systemd/user/$unit.service.d"
    done
    start_manager "$1"
}

# loosen FOLDER: drop-ins with what the service needs in a test.
loosen() {
    mkdir "$1"
    # A test starts it more often in ten seconds than anybody else.
    printf '[Unit]\nStartLimitIntervalSec=0\n' >"$1/limit.conf"
    # The leak check attaches to the process, which the unit's filter of system calls forbids.
    ! has_sanitizers || printf '[Service]\nSystemCallFilter=ptrace\n' >"$1/leaks.conf"
    # valgrind writes the code that it runs.
    ! in_valgrind || printf '[Service]\nMemoryDenyWriteExecute=no\n' >"$1/valgrind.conf"
}

# start_manager ACCOUNT: the same manager again, after end_manager().
start_manager() {
    uid=$(id -u "$1")
    cgroup=/sys/fs/cgroup/relayd-test-$E2E_UID.slice/user@$uid.service
    mkdir -p "$cgroup"
    chown -R "$1:$1" "$cgroup"
    (
        sh -c 'echo "$PPID"' >"$cgroup/cgroup.procs"
        become "$1" XDG_RUNTIME_DIR="/run/user/$uid" /usr/lib/systemd/systemd --user
    ) >>"$E2E/log/systemd" 2>&1 </dev/null &
    printf '%d\n' "$!" >"$E2E/pid/systemd"
    wait_for 30 manager_up "$1"
}

# end_manager: as after the last logout.
end_manager() {
    end systemd
    wait_for 20 without_cgroup
}

without_cgroup() {
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || :
    [ ! -e "$cgroup" ]
}

# runtime_dir_comes ACCOUNT: what user-runtime-dir@.service does at the first login.
runtime_dir_comes() {
    # account() has made one that is no mount. The mount point is root's.
    rm -rf "/run/user/$(id -u "$1")"
    mkdir -m 700 "/run/user/$(id -u "$1")"
    mount -t tmpfs -o "mode=700,uid=$(id -u "$1"),gid=$(id -g "$1")" tmpfs "/run/user/$(id -u "$1")"
}

# runtime_dir_goes ACCOUNT: and after the last logout, whoever still has files open there, or makes some anew.
runtime_dir_goes() {
    find "/run/user/$(id -u "$1")" -mindepth 1 -delete 2>/dev/null || :
    runtime_dir_unmounted "$1"
}

runtime_dir_unmounted() {
    umount -l "/run/user/$(id -u "$1")"
    rmdir "/run/user/$(id -u "$1")"
}

manager_up() {
    systemctl_of "$1" is-system-running 2>/dev/null | grep -Eqx 'running|degraded'
}

# systemctl_of ACCOUNT COMMAND...
systemctl_of() {
    managed=$1
    shift
    as "$managed" XDG_RUNTIME_DIR="/run/user/$(id -u "$managed")" timeout 60 systemctl --user "$@"
}

# journal: a real journald, for whatever is started after it. The journal is kept as on a disk, as
# only then each user has one.
journal() {
    mount -t tmpfs tmpfs /var/log
    mkdir -p /var/log/journal /run/systemd/journal
    touch /run/systemd/journal/flushed
    od -An -N16 -tx1 /dev/urandom | tr -d ' ' >/etc/machine-id
    # It keeps its hands off what is the host's: the kernel's messages and its audit.
    mkdir -p /etc/systemd
    printf '[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=\nSeal=no\nRateLimitBurst=0\n' \
        >/etc/systemd/journald.conf
    /usr/lib/systemd/systemd-journald >"$E2E/log/journald" 2>&1 </dev/null &
    # It answers once it has all of its sockets; what finds one of them missing is not logged.
    wait_for 20 journalctl --sync 2>/dev/null
}

# journal_of ACCOUNT [ARGUMENT...]: what its journal has of its relay.
journal_of() {
    reader=$1
    shift
    as "$reader" journalctl --quiet --user -u relayd "$@"
}
