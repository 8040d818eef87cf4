#!/bin/sh
# SPDX-License-Identifier: MIT
# contrib/version knows what it is in a release, in a clone of any kind, and where nobody can tell.

set -eu
contrib=$(CDPATH='' cd -- "$(dirname -- "$0")/../../contrib" && pwd)

if ! command -v git >/dev/null; then
    [ "${RELAYD_TEST_STRICT-}" != 1 ] || { printf 'Bail out! git is missing\n'; exit 1; }
    printf '1..0 # SKIP git is missing\n'
    exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME="$scratch" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=pat GIT_AUTHOR_EMAIL=pat@relayd.invalid \
    GIT_COMMITTER_NAME=pat GIT_COMMITTER_EMAIL=pat@relayd.invalid
unset GIT_DIR GIT_WORK_TREE
number=0
result=0

# is GOT PATTERN DESCRIPTION
is() {
    number=$((number + 1))
    if printf '%s\n' "$1" | grep -Eqx "$2"; then
        printf 'ok %d - %s\n' "$number" "$3"
    else
        printf 'not ok %d - %s\n# got: %s\n' "$number" "$3" "$1"
        result=1
    fi
}
version() { "$scratch/$1/contrib/version"; }
in_clone() { git -C "$scratch/clone" "$@" >/dev/null 2>&1; }
commit() { in_clone commit --allow-empty -m "$1"; }

mkdir -p "$scratch/clone/contrib"
cp "$contrib/version" "$scratch/clone/contrib"
printf '# News\n\n## 2.5.0 (soon)\n\nMore.\n\n## 2.4.1\n' >"$scratch/clone/contrib/NEWS.md"
in_clone init
in_clone add .
commit first
in_clone tag last-good
is "$(version clone)" '2\.5\.0' 'no tag of a version: the newest in NEWS.md'
in_clone tag v2.5.0
is "$(version clone)" '2\.5\.0' 'at a tag: the tag'
commit second
in_clone tag newer-by-another-name
commit third
in_clone tag -a -m signed other
is "$(version clone)" '2\.5\.0\+2\.g[0-9a-f]+' 'after it: the tag, how many commits, and which'
in_clone tag v2.6.0-rc1
is "$(version clone)" '2\.6\.0~rc1' 'a candidate stands before what it is for'
# shellcheck disable=SC2016
is "$(GIT_DIR=$scratch/nowhere "$scratch/clone/contrib/version")" '2\.6\.0~rc1' 'it is asked of its own clone, inside a hook too'
git clone -q --depth 1 --no-tags "file://$scratch/clone" "$scratch/shallow"
is "$(version shallow)" '2\.5\.0' 'a clone too shallow for the tag: the newest in NEWS.md'
git -C "$scratch/clone" worktree add -q "$scratch/tree" v2.5.0 2>/dev/null
is "$(version tree)" '2\.5\.0' 'a worktree is at its own place'
mkdir "$scratch/clone/vendor"
cp -R "$scratch/clone/contrib" "$scratch/clone/vendor"
is "$(version clone/vendor)" '2\.5\.0' 'a clone around it is of something else'
mkdir "$scratch/bin"
for tool in sh dirname sed head cat; do ln -s "$(command -v "$tool")" "$scratch/bin"; done
is "$(PATH=$scratch/bin "$scratch/clone/contrib/version")" '2\.5\.0' 'without git: the newest in NEWS.md'
printf '2.4.9\n' >"$scratch/clone/.tarball-version"
is "$(version clone)" '2\.4\.9' 'a release is what it was made as, whatever clone it lies in'
rm "$scratch/clone/.tarball-version"
if [ "$(id -u)" = 0 ]; then
    chown -R 65534:65534 "$scratch/clone"
    # git before 2.38 does not let the caller say that it is to be trusted.
    wanted='2\.6\.0~rc1'
    printf '2.38\n%s\n' "$(git --version | awk '{ print $3 }')" | sort -V -C || wanted='2\.5\.0|2\.6\.0~rc1'
    is "$(version clone)" "$wanted" "somebody else's clone is known to root"
fi
is "$("$contrib/version")" '[0-9][0-9A-Za-z.+~]*' 'these sources have one that dpkg and rpm take'
printf '1..%d\n' "$number"
exit "$result"
