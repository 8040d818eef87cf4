# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What every end-to-end test stands on, here and in the folders beside. Each file beside it is one part;
# TAP first, then the world that world() enters, then what can be had in it.
#
# The people: "pat" has an account on the host; "laptop" is where pat's ssh and ssh-agents run.
# More are made by account().

set -eu

# shellcheck disable=SC1007
E2E_LIB=$(CDPATH= cd -- "$(dirname -- "$0")/../e2e" && pwd)

. "$E2E_LIB/tap.sh"
. "$E2E_LIB/valgrind.sh"
. "$E2E_LIB/world.sh"
. "$E2E_LIB/ssh.sh"
. "$E2E_LIB/terminal.sh"
. "$E2E_LIB/systemd.sh"
. "$E2E_LIB/relay.sh"
