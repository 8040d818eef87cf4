# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What install, package, test, coverage and proof share. Sourced by them, from the tree's contrib/.

prog=contrib/${0##*/}
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
uid=$(id -u)
work='' running=''

# Lines, for a terminal: between words they go on in the next. Those that begin with four blanks are commands,
# and can be pasted nevertheless.
fit() {
    columns=$(stty size </dev/tty 2>/dev/null) || columns=
    columns=${columns#* }
    awk -v width="${columns:-80}" '
        BEGIN { if (width < 40) width = 80 }
        length($0) <= width { print; next }
        {
            match($0, /^ */)
            more = RLENGTH >= 4 ? " \\" : ""
            indent = substr($0, 1, RLENGTH) (RLENGTH > 0 ? "  " : "")
            n = split($0, word, " ")
            line = substr($0, 1, RLENGTH) word[1]
            for (i = 2; i <= n; i++) {
                if (length(line) + 1 + length(word[i]) + length(more) <= width) {
                    line = line " " word[i]
                } else {
                    print line more
                    line = indent word[i]
                }
            }
            print line
        }'
}

# Each argument is a line.
say() {
    if [ -t 1 ]; then printf '%s\n' "$@" | fit; else printf '%s\n' "$@"; fi
}
warn() { say "$prog: $*" >&2; }
die() {
    warn "$@"
    exit 1
}
usage_error() {
    warn "$1: ${2:-unknown option}; see $0 --help"
    exit 64
}

# has_word WORD LIST
has_word() {
    case " $2 " in
    *" $1 "*) return ;;
    esac
    return 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command with its output kept in NAME.log in $work, the caller's own
# directory. It runs beside, for a trap waits for the command before it.
quietly() {
    log=$work/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null &
    running=$!
    wait "$running" && result=0 || result=$?
    running=
    return "$result"
}

# tree_of PID: it, and all processes below it.
tree_of() {
    cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\([0-9]*\) (.*) . \([0-9]*\) .*/\1 \2/p' |
        awk -v top="$1" '
            { parent[$1] = $2 }
            END {
                for (pid in parent) {
                    for (at = pid; at in parent && at != top; at = parent[at]) ;
                    if (at == top) print pid
                }
            }' | sort | tr '\n' ' '
}

# are_alive PID...: whether one of them is, and not only waits to be seen off.
are_alive() {
    for pid; do
        case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) in
        '' | [ZX]*) ;;
        *) return ;;
        esac
    done
    return 1
}

# With all that it started: make leaves its compilers behind, which would write on where all is removed next.
# What stands still starts no more while it is looked for.
end_running() {
    [ -n "$running" ] || return 0
    tree='' found=$running
    # shellcheck disable=SC2086 # lists of numbers
    while [ "$found" != "$tree" ]; do
        tree=$found
        kill -s STOP $tree 2>/dev/null || true
        found=$(tree_of "$running")
    done
    # shellcheck disable=SC2086
    for signal in TERM CONT; do kill -s "$signal" $tree 2>/dev/null || true; done
    tries=0
    # shellcheck disable=SC2086
    while are_alive $tree; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || kill -s KILL $tree 2>/dev/null || true
        [ "$tries" -lt 110 ] || break
        sleep 0.1
    done
    running=
}

# The same, and shows the end of that when the command fails.
logged() {
    quietly "$@" && return
    tail -n 40 "$log" | sed 's/^/    /' >&2
    return 1
}

# Whether commands can be run as root: as root, by a sudo that needs no
# password now, or by one that can ask for it.
may_be_root() {
    [ "$uid" = 0 ] && return
    has sudo || return
    sudo -n true 2>/dev/null && return
    [ -t 0 ] && LC_ALL=C id -Gn | tr ' ' '\n' | grep -qxE 'sudo|wheel|admin'
}

as_root() {
    if [ "$uid" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Those of the named packages that are not installed.
packages_missing() {
    for package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

# An old list of packages names versions that are gone; without a network an
# old list may still do, so a failed update is not the end.
packages_install() {
    logged apt-update as_root apt-get -q update || warn "apt-get update failed: going on with the old lists"
    logged apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
}

# Copies the sources, and nothing that a build has made, so that builds never
# meet each other and the tree stays as it is. Without git (a release) what
# autoreconf makes is part of the sources.
copy_sources() {
    mkdir -p "$1"
    if [ -e "$top/.git" ] && has git; then
        # Root may build another user's clone.
        (cd "$top" && git -c safe.directory="$top" ls-files -z --cached --others --exclude-standard |
            tar --create --null --files-from=- --ignore-failed-read 2>/dev/null)
    else
        (cd "$top" && tar --create --exclude=.git --exclude=autom4te.cache --exclude=.deps --exclude='*.o' \
            --exclude='*.a' --exclude='*.log' --exclude='*.trs' --exclude=./config.status --exclude=./config.h \
            --exclude=./stamp-h1 --exclude=./Makefile .)
    fi | tar --extract --directory="$1"
    [ -e "$1/configure.ac" ] || die "$top: no sources here"
    # The copy has no git to ask.
    sh "$top/contrib/version" >"$1/.tarball-version"
}

# The generated configure is part of a release, and not of a clone.
is_release() { [ -e "$top/configure" ] && [ ! -e "$top/.git" ]; }
