#!/bin/sh
# SPDX-License-Identifier: MIT
# README's pictures can be drawn anew from what the programs say.

. "$(dirname "$0")/lib.sh"
world tmux sshd python3
home=$E2E/home/pat

as pat mkdir pictures
ok 'they are drawn' as pat "$E2E/contrib/pictures/make" pictures
for name in light dark; do
    picture=$home/pictures/status-$name.svg
    ok "$name: it is sound" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$picture"
    ok "$name: the laptop serves, and is silent once it sleeps" grep -q 'silent since' "$picture"
    ok "$name: the one in the tree shows the same" grep -q 'silent since' "$E2E/contrib/pictures/status-$name.svg"
done

finish
