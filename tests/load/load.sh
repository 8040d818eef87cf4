# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the tests of the load have in common. Each has two forms: a short one, and with LOAD=long the one
# that `make load` runs. What it measures it says as a figure, which tests/load/run collects.

. "$(dirname "$0")/../e2e/lib.sh"

# short_or_long SHORT LONG: which of the two is this run's.
short_or_long() {
    if [ "${LOAD-}" = long ]; then
        printf '%s\n' "$2"
    else
        printf '%s\n' "$1"
    fi
}

# figure WHAT VALUE
figure() {
    note "figure: $1 | $2"
}

# private: bytes that the relay of pat has written to, and no other process has. What it has read of a
# library is not among them: that is counted as its own where nobody else uses the library.
private() {
    awk '/^Private_Dirty/ { sum += $2 } END { print sum * 1024 }' "/proc/$relay/smaps_rollup"
}

descriptors() {
    find "/proc/$relay/fd" -mindepth 1 | wc -l
}

# storm OPTION...: storm.py. As root, for it looks into processes that are not its own.
storm() {
    env "ASAN_OPTIONS=$E2E_SANITIZERS" "UBSAN_OPTIONS=$E2E_SANITIZERS" nice -n "${LOAD_NICE-10}" \
        python3 "$E2E/clients/storm.py" --log "$E2E/log/storm" --relay-log "${CHAOS_LOG-$E2E/log/relay.pat}" "$@"
}
