#!/bin/sh
# SPDX-License-Identifier: MIT
# Every call fails once (README.md). Here the first, the middle and the last of each kind; all of them
# with FAULTS_LONG=1.

. "$(dirname "$0")/../e2e/lib.sh"
not_in_valgrind 'its calls are its own there'
# In the world the source may be out of sight.
[ -z "${E2E-}" ] || cp "$(dirname "$0")/calls" "$E2E"
export E2E_ALSO='faults/faults faults/allocation.so'
world
! has_sanitizers || skip_all 'the sanitizers make calls and allocations of their own'

# In a directory whose path leaves room for a socket's name.
"$E2E/bin/faults" ${FAULTS_LONG:+-l} ${FAULTS_ONLY:+-o "$FAULTS_ONLY"} -u "$(id -u pat)" -w "$E2E/faults" \
    "$E2E/calls" /usr/local/bin/relayd /usr/local/bin/relayctl "$E2E/bin/allocation.so" </dev/null &&
    result=0 || result=$?
[ "$result" -ne 77 ] || [ "${RELAYD_TEST_STRICT-}" = 1 ] ||
    skip_all 'this kernel lets nobody decide about the calls of a program (5.6 does)'
trap - EXIT
exit "$result"
