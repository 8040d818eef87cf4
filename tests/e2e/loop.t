#!/bin/sh
# SPDX-License-Identifier: MIT
# A login made through the relay leads back to it. It must not become what the relay leads to.

. "$(dirname "$0")/lib.sh"
world sshd tmux
sshd 22
rc pat
account bob
rc bob

terminal old pat SSH_AUTH_SOCK="$(agent_socket pat)"
arrives one

# It is waited for a second only, in which a busy host may not tell.
leads_back() {
    said=$(typed old 'ssh -A localhost "relayctl register; echo exit \$?"')
    matches "$said" 'leads back'
}
wait_for 60 leads_back || :
like "$said" 'leads back to this relayd' 'ssh -A localhost from a pane: register says that it leads back'
like "$said" 'exit 1' 'and fails'
# What env says, and what the line that it names makes of the shell.
cat >"$E2E/shared/inner" <<'END'
said=$(relayctl env -s --register 2>&1)
printf '%s\n' "$said"
eval "$(printf '%s\n' "$said" | sed -n 's/^.* without the way round: //p')"
echo "now $SSH_AUTH_SOCK"
END
said=$(typed old "ssh -A localhost sh $E2E/shared/inner")
like "$said" 'SSH_AUTH_SOCK is left as it is; to use relayd without the way round: eval "\$\(relayctl env\)"$' \
    'env leaves a shell in it alone, and names the line for the direct way'
like "$said" "^now $(agent_socket pat)\$" 'which leads there'
is "$(typed old 'ssh -A localhost ssh-add -l' | names)" one 'the inner login has the agent nonetheless'
is "$(status pat path)" "$(upstream one)" 'no inner login is among the upstreams'
is "$(typed old 'ssh-add -l' | names)" one 'the pane still has the first login'

# A to B to A, a relay on each: bob's relay leads to pat's, and pat's new login leads to bob's.
cat >"$E2E/shared/back" <<'END'
socket=$(relayctl path)
echo "bob has $(SSH_AUTH_SOCK=$socket ssh-add -l)"
SSH_AUTH_SOCK=$socket ssh -A pat@localhost 'relayctl register; echo exit $?'
END
leads_back_again() {
    said=$(typed old "ssh -A bob@localhost sh $E2E/shared/back")
    matches "$said" '^bob has .* one ' && matches "$said" 'leads back'
}
wait_for 60 leads_back_again || :
like "$said" '^bob has .* one ' 'A to B: the relay of B serves the key through the relay of A'
like "$said" 'leads back to this relayd' 'A to B to A: register says that it leads back'
like "$said" 'exit 1' 'and fails'
is "$(status pat path)" "$(upstream one)" 'the login from B is not among the upstreams'
is "$(typed old 'ssh-add -l' | names)" one 'the pane still has the first login'

finish
