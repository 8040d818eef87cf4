# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# The programs under test, in valgrind (configure --enable-valgrind).

in_valgrind() {
    [ "${RELAYD_TEST_VALGRIND-}" = yes ]
}

# slower: so many times longer may what a test waits for take there.
# shellcheck disable=SC2034
slower=$(in_valgrind && printf 5 || printf 1)

# not_in_valgrind REASON: skips the whole file there.
not_in_valgrind() {
    ! in_valgrind || skip_all "not in valgrind: $*"
}

# plain_relayctl: for what a test asks for its own sake. In valgrind that would take a second each
# time.
plain_relayctl() {
    if in_valgrind; then
        printf '%s\n' "$E2E/valgrind/relayctl.plain"
    else
        printf 'relayctl\n'
    fi
}

# wrap_programs BUILT: from here on who runs one of them runs a wrapper. What that starts bears the name
# of the program, for that is what pgrep sees; and since relayctl looks for relayd beside itself, a
# wrapper stands there too. relayctl, of which there are many and each takes a second to start, runs
# in valgrind in the tests that are about it.
wrap_programs() {
    wrapped=$E2E/valgrind
    mkdir "$wrapped" "$wrapped/named"
    cp "$E2E_LIB/../memcheck" "$1/tests/e2e/pidfd.so" "$1/tests/e2e/slow-clock.so" "$wrapped"
    wrap relayd pidfd.so memcheck
    case ${0##*/} in
    bad-* | hold.t | self-start.t | shells.t | status.t | watch.t | why.t) wrap relayctl slow-clock.so memcheck ;;
    *) wrap relayctl slow-clock.so ;;
    esac
    cp "$E2E/bin/relayd" "$wrapped/relayd"
}

# wrap PROGRAM PRELOADED [memcheck]: in valgrind, or only with what is preloaded.
wrap() {
    mv "$E2E/bin/$1" "$wrapped/$1.plain"
    ln -s "$(valgrind_itself)" "$wrapped/named/$1"
    memcheck=${3:+"'$wrapped/memcheck' --log-file='$E2E/reports/$1.%p'"}
    cat >"$E2E/bin/$1" <<END
#!/bin/sh
export VALGRIND_LAUNCHER='$(command -v valgrind)' MEMCHECK='$wrapped/named/$1' LD_PRELOAD='$wrapped/$2'
exec $memcheck '$wrapped/$1.plain' "\$@"
END
    chmod 755 "$E2E/bin/$1"
}

# valgrind_itself: what the command valgrind becomes, as it is for this machine.
# shellcheck disable=SC2016
valgrind_itself() {
    valgrind -q --vgdb=no sh -c 'readlink "/proc/$$/exe"; :'
}
