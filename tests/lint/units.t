#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd has nothing to say against the units.

set -eu
built=${abs_top_builddir:-$PWD}
relayd=${RELAYD:-$built/relayd/relayd}
cd "$(dirname -- "$0")/../../contrib/systemd"

if ! command -v systemd-analyze >/dev/null; then
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! systemd-analyze is missing\n'; exit 1; }
    printf '1..0 # SKIP systemd-analyze is missing\n'
    exit 0
fi

units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
cp relayd.socket "$units"
sed "s|@bindir@/relayd|$relayd|" relayd.service.in >"$units/relayd.service"
for type in socket service; do
    sed "s|^ExecStart=[^ ]*|ExecStart=$relayd|" "$built/contrib/installed/relayd@.$type" >"$units/relayd@work.$type"
done
sed 's|%h/.local/bin/relay-hold|/bin/true|' ../laptop/relay-hold@.service >"$units/relay-hold@host.service"

number=0
result=0
for unit in relayd.socket relayd.service relayd@work.socket relayd@work.service relay-hold@host.service; do
    number=$((number + 1))
    # The man pages are not installed yet. That of systemd 247 looks for a bus, and says so.
    XDG_RUNTIME_DIR=$units systemd-analyze --user --man=no verify "$units/$unit" >"$units/said" 2>&1 &&
        sound=yes || sound=no
    said=$(grep -v 'Failed to connect to system bus' "$units/said" || :)
    if [ "$sound" = yes ] && [ -z "$said" ]; then
        printf 'ok %d - %s\n' "$number" "$unit"
    else
        printf 'not ok %d - %s\n' "$number" "$unit"
        printf '%s\n' "$said" | sed 's/^/# /'
        result=1
    fi
done
printf '1..%d\n' "$number"
exit "$result"
