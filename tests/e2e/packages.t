#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's package and the RPM: built of a release as anybody would, and installed, used by real ssh,
# upgraded below open clients, and purged. What they change of the host is a layer over it.

. "$(dirname "$0")/lib.sh"
world sshd systemd sources debian-build lintian rpmbuild
if in_valgrind || has_sanitizers; then
    skip_all 'it builds relayd as anybody would: once is enough'
fi
home=$E2E/home/pat
said=$E2E/shared/said

# layer FOLDER...: from now on what is written below is seen in this world only.
layer() {
    mkdir "$E2E/layers"
    mount -t tmpfs tmpfs "$E2E/layers"
    for below; do
        over=$E2E/layers/$(printf '%s' "$below" | tr / _)
        mkdir "$over" "$over/upper" "$over/work"
        mount -t overlay -o "lowerdir=$below,upperdir=$over/upper,workdir=$over/work" overlay "$below" || return
    done
    # The programs under test are those of the packages.
    mkdir "$E2E/clients-only"
    cp "$E2E/bin/ask" "$E2E/bin/crowd" "$E2E/clients-only"
    mount --bind "$E2E/clients-only" /usr/local/bin
}
layer /usr /var/lib /var/cache /var/log 2>/dev/null || skip_all 'this kernel lays no folder over another here'
! dpkg -s relayd >/dev/null 2>&1 || dpkg -P relayd >/dev/null

# --- both are built, between two releases

newest=$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$E2E/src/contrib/NEWS.md" | head -n 1)
version=$newest+3.g1a2b3c4
printf '%s\n' "$version" >"$E2E/src/.tarball-version"
(cd "$E2E/src" && autoreconf -fi) >"$said" 2>&1
as pat mkdir build
# Their own tests are the unit tests, which run beside.
printf '%%_without_check 1\n' >"$home/.rpmmacros"
build() {
    as pat TMPDIR=/tmp sh -c 'cd build && "$@"' sh "$@" >"$E2E/log/build" 2>&1 && return
    tail -n 30 "$E2E/log/build"
    return 1
}
ok 'the release is configured' build "$E2E/src/configure" -q
time_of ok 'make deb' build make deb DEB_BUILD_OPTIONS=nocheck
note "in $took ms"
time_of ok 'make rpm' build make rpm
note "in $took ms"
ok 'make install, to compare' build make install CFLAGS=-O0 DESTDIR="$home/installed" prefix=/usr
deb=$(echo "$home/build/relayd_${version}"-*.deb)
rpm=$(find "$home/build" -name "relayd-$version-*.rpm" ! -name '*.src.rpm')

# files: paths as make install has them, for the names that packages have for the same.
files() {
    sed -n 's/\.gz$//; s,/zsh/vendor-completions/,/zsh/site-functions/,; s,/relayd-[0-9][^/]*/,/relayd/,; /^\/.*[^/]$/p' |
        sort -u
}
(cd "$home/installed" && find . -type f | sed 's/^\.//') | files >"$E2E/installed"
dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's/^\.//' | files >"$E2E/in-deb"
rpm -qpl "$rpm" | files >"$E2E/in-rpm"
is "$(comm -23 "$E2E/installed" "$E2E/in-deb")" '' 'the deb has all that make install has'
is "$(comm -23 "$E2E/installed" "$E2E/in-rpm")" '' 'so has the rpm'
like "$(cat "$E2E/in-deb")" '/doc/relayd/examples/ssh/README.md$' 'what goes around the relay is an example'
unlike "$(cat "$E2E/in-deb" "$E2E/in-rpm")" '/examples/.*/?(debian|rpm|installed|complet|pictures|stamp)' 'and nothing more is'
is "$(dpkg-deb --fsys-tarfile "$deb" | tar -t -v | grep -vc root/root)" 0 'all of it is root'\''s'
# lintian of one release wants of a source what that of another does not know yet, and says where it did not
# understand file(1), or took a fuzzer's input for a program.
of_its_time='unpack-message-for|prebuilt-windows-binary|(newer|out-of-date)-standards-version|obsolete-package|old-debhelper-compat|redundant-.*-field|upstream-metadata'
as pat sh -c 'lintian -I -E --pedantic build/*.changes' >"$said" 2>&1 || :
is "$(grep -E '^[EWIP]:|^lintian:' "$said" | grep -Ev "^[WIP]: relayd source: [a-z-]*($of_its_time)")" '' \
    'lintian has nothing to say'
like "$(dpkg-deb -f "$deb" Version)" "^$newest\+3\.g1a2b3c4-" 'its version is that of the release'

# --- a host of several people

user_manager pat
rm -r /etc/systemd/user/relayd[.@]*
sshd 22
state() {
    find /etc /usr /var/lib/systemd /var/lib/dpkg/info -xdev ! -path '/usr/local/*' ! -path '*/__pycache__*' -name '*relayd*' | sort
}
state >"$E2E/before"

enabled_for_nobody() {
    [ "$(systemctl --global is-enabled relayd.socket)" = disabled ] && [ -z "$(find /etc/systemd/user -name 'relayd*')" ]
}

ok 'the deb is installed' dpkg -i "$deb"
cp "$E2E/said" "$said"
like "$(cat "$said")" '^    relayctl setup$' 'it says the one command to enable it'
is "$(wc -L <"$said" | awk '{ print ($1 <= 80) }')" 1 'in 80 columns'
ok 'it is enabled for nobody' enabled_for_nobody
ok 'it is there for all' systemctl_of pat cat relayd.socket relayd.service
is "$(relayctl --version)" "relayctl $version" 'and says its version'
ok 'who wants it says so' as pat XDG_RUNTIME_DIR="/run/user/$(id -u pat)" relayctl setup --yes
note "$(cat "$E2E/said")"
ok 'systemd has its socket' systemctl_of pat --quiet is-active relayd.socket
like "$(cat "$home/.ssh/rc")" '/usr/bin/relayctl' 'each login runs the program of the package'
arrives one
is "$(through pat ssh-add -l | names)" one 'a login is registered, and reached'

# with_clients WHAT COMMAND...: the clients that are there lose nothing by it.
with_clients() {
    what=$1
    shift
    start crowd pat crowd -n 20 -e 20 -q 0 odd "$(agent_socket pat)"
    wait_for 60 grep -qs asking "$E2E/log/crowd"
    start idle pat ask -k -t 600 "$(agent_socket pat)"
    daemon=$(relay_pid pat)
    ok "$what" "$@"
    cp "$E2E/said" "$said"
    is "$(relay_pid pat)" "$daemon" 'and no relay was restarted'
    ok 'who restarts it' systemctl_of pat restart relayd.service
    unlike "$(relay_pid pat)" "^$daemon\$" 'has the new one'
    like "$(readlink "/proc/$(relay_pid pat)/exe")" '^/usr/bin/relayd$' 'which is the one that is installed'
    ok 'a client that has asked nothing yet is there still' not gone "$(pid idle)"
    kill "$(pid crowd)" "$(pid idle)" || :
    wait_for 60 gone "$(pid crowd)"
    like "$(tail -n 1 "$E2E/log/crowd")" ' 0 wrong, 0 lost, 0 closed,' 'no client lost anything'
    is "$(through pat ssh-add -l | names)" one 'the login is known still'
}

# The same files as a later version.
dpkg-deb -R "$deb" "$E2E/later"
sed -i "s/^Version: .*/Version: $newest+4.g1a2b3c4-1/" "$E2E/later/DEBIAN/control"
dpkg-deb --root-owner-group -b "$E2E/later" "$E2E/later.deb" >/dev/null
with_clients 'the deb is upgraded' dpkg -i "$E2E/later.deb"
unlike "$(cat "$said")" setup 'and says nothing again'
ok 'it is enabled for nobody still' enabled_for_nobody
daemon=$(relay_pid pat)
ok 'it is purged' dpkg -P relayd
state >"$E2E/after"
ok 'and nothing of it is left' cmp "$E2E/before" "$E2E/after"
ok 'but the relay that ran: its clients have it' not gone "$daemon"

# --- the same by rpm, on a host whose rule is that of Fedora: what is not named is disabled

mkdir -p /etc/systemd/user-preset
printf 'disable *\n' >/etc/systemd/user-preset/99-default-disable.preset
ok 'the rpm is installed' rpm -i --nodeps "$rpm"
ok 'it is enabled for nobody' enabled_for_nobody
systemctl_of pat daemon-reload
is "$(through pat ssh-add -l | names)" one 'the login is reached'
with_clients 'the rpm is upgraded' rpm -U --nodeps --force "$rpm"
ok 'it is removed' rpm -e relayd
state >"$E2E/after"
ok 'and nothing of it is left' cmp "$E2E/before" "$E2E/after"

finish
