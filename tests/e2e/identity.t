#!/bin/sh
# SPDX-License-Identifier: MIT
# Which sockets are taken, and that each is known for the same one: whatever becomes of its mode, its
# labels, and the links that led to it.

. "$(dirname "$0")/lib.sh"
world sshd python3
home=$E2E/home/pat
link=$home/.ssh/ssh_auth_sock

# fake NAME SOCKET [ACCOUNT]
fake() {
    start "$1" "${3:-pat}" fake-agent -n "$1" good "$2"
    wait_for 20 test -S "$2"
}

# request LINE...: what a relayctl sends, and the answer.
request() {
    as pat python3 -c '
import socket, sys
asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
asking.settimeout(60)
asking.connect(sys.argv[1])
asking.send("\n".join(sys.argv[2:]).encode())
print(asking.recv(65536).decode())' "$(dirname "$(agent_socket pat)")/control.sock" "$@"
}

restart() {
    end relay.pat "$@"
    relay pat
}

# What an old rc does at each login, and then shows the relay.
as pat tee .ssh/rc >/dev/null <<'END'
ln -sf "$SSH_AUTH_SOCK" ~/.ssh/ssh_auth_sock
exec relayctl register --label "$LC_NAME" -q ~/.ssh/ssh_auth_sock
END
sshd 22
patient pat
relay pat
login one -o SetEnv=LC_NAME=desk
is "$(status pat path)" "$(upstream one)" 'a socket is registered by a link: its own path is kept'
as pat relayctl use "$link"
is "$(status pat preferred)" true 'a link names the upstream that it leads to'
as pat relayctl use --auto
login two -o SetEnv=LC_NAME=notebook
known="$(upstream two) $(upstream one)"
is "$(status pat path | xargs)" "$known" 'the link is pointed elsewhere: the older login stays'
restart
is "$(status pat path | xargs)" "$known" 'both survive a restart'
as pat relayctl use "$link"
is "$(status pat preferred | xargs)" 'true false' 'the link names the newer one now'
as pat relayctl use --auto
logout two
is "$(keys pat)" one 'the older one serves when the newer has ended'

# touch_up SOCKET: all that may be done to a file and leaves it the same.
touch_up() {
    chmod 700 "$1"
    touch "$1"
    ! have setfacl || setfacl -m u:laptop:rwx "$1" 2>/dev/null || :
    ln "$1" "$1.too"
    rm "$1.too"
}
as pat relayctl use "$(upstream one)"
id=$(status pat id)
touch_up "$(upstream one)"
knows in_login one relayctl register
is "$(status pat id | xargs)" "$id" 'a socket whose mode and times changed is the same, registered again'
is "$(status pat label),$(status pat preferred)" desk,true 'it keeps its label, and stays the preferred one'
touch_up "$(upstream one)"
restart
is "$(status pat id | xargs)" "$id" 'and after a restart'
is "$(status pat label),$(status pat preferred)" desk,true 'with what is known of it'
is "$(keys pat)" one 'it serves'

# The version before saved when it was changed last, and not when it was born.
end relay.pat
changed=$(stat -c %.9Z "$(upstream one)")
sed -i "/^birth/d; s/^ino=.*/&\nctime=${changed%.*}\nctime-nsec=${changed#*.}/" \
    "$(dirname "$(agent_socket pat)")/upstreams"
relay pat
is "$(status pat id | xargs)" "$id" 'what the version before has saved is understood'
logout one
none_left() {
    [ -z "$(status pat path)" ]
}
ok 'it ends' wait_for 20 none_left

# The relayctl before passed links on as they are.
fake first "$home/first"
fake second "$home/second"
as pat ln -s first link
request register "path=$home/link" wait=1 >"$E2E/said"
as pat ln -sfn second link
request register "path=$home/link" wait=1 >"$E2E/said"
is "$(status pat path | xargs)" "$home/second $home/first" 'a link is resolved here too'
request use "path=$home/link" >"$E2E/said"
is "$(status pat preferred | xargs)" 'true false' 'and where it names one'
request unregister "path=$home/link" >"$E2E/said"
is "$(status pat path)" "$home/first" 'so it can be unregistered by it'
end first
end second
ok 'the other ends' wait_for 20 none_left

# Two have one path, and both are alive.
fake old "$home/agent"
knows as pat relayctl register agent
mv "$home/agent" "$home/agent.old"
fake new "$home/agent"
knows as pat relayctl register agent
is "$(keys pat)" new 'a new socket at an old path is another upstream'
end new
is "$(keys pat)" old 'the one that had the path serves on'
knows as pat relayctl register agent.old
is "$(status pat path)" "$home/agent.old" 'by its new name it is the same'
restart
is "$(keys pat)" old 'and after a restart'
rm "$home/agent.old"
is "$(keys pat)" old 'its file is removed: it serves on'
ok 'by its old path it is named still' as pat relayctl unregister agent.old
end old

# rooted NAME MODE: an agent of root's, as a container has it.
rooted() {
    fake-agent -n "$1" good "/run/agents/$1" </dev/null >/dev/null 2>&1 &
    printf '%d\n' "$!" >"$E2E/pid/$1"
    wait_for 20 test -S "/run/agents/$1"
    chmod "$2" "/run/agents/$1"
}
mkdir -m 755 /run/agents
rooted open 666
rooted closed 600
ok 'a socket of root is registered' knows as pat relayctl register /run/agents/open
is "$(keys pat)" open 'and serves'
answer as pat relayctl register /run/agents/closed
is "$result" 1 'one that is not open to us is refused'
like "$said" '^relayctl: /run/agents/closed: .*root.*not open' 'with the cause'
restart
is "$(keys pat)" open 'a socket of root survives a restart'
chmod 777 /run/agents
answer as pat relayctl register /run/agents/closed
is "$result" 1 'where anybody may put sockets, none is taken'
start theirs laptop fake-agent good "$E2E/shared/theirs"
wait_for 20 test -S "$E2E/shared/theirs"
chmod 777 "$E2E/shared/theirs"
answer as pat relayctl register "$E2E/shared/theirs"
like "$said" 'another user' 'nor is one of another user'
end open
end closed

finish
