# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# The relay under test, and clients of it.

# rc ACCOUNT: every login there registers itself from now on.
rc() {
    as "$1" install -m 600 "$E2E/contrib/ssh/rc" .ssh/rc
}

# patient [ACCOUNT]: its relays that are started from now on, or those of all, wait longer before they ask the next
# login too: for tests in which each login answers. One that a busy host has stopped for a while is no silent one.
patient() {
    if [ $# -eq 0 ]; then
        printf 'patience 10s\n' >>/etc/relayd.conf
    else
        as "$1" sh -c 'mkdir -p .config && echo patience 10s >>.config/relayd.conf'
    fi
}

# relay ACCOUNT [OPTION...]: a relayd in the foreground, as a service would run it.
relay() {
    who=$1
    shift
    start "relay.$who" "$who" relayd --verbose "$@"
    wait_for 20 served "$who"
}

# served ACCOUNT: whether a relay answers there.
served() {
    as "$1" "$(plain_relayctl)" status >/dev/null 2>&1 || [ $? -eq 1 ]
}

# knows COMMAND...: a relayctl that registers a login, until the relay has its answer. It is waited for no longer than
# a second, in which a busy host may not get to it.
knows() {
    wait_for 60 has_answer "$@"
}
has_answer() {
    said=$("$@" 2>&1) && not matches "$said" 'no answer yet'
}

# answer COMMAND...: leaves in $said what a relayctl says, and in $result its exit status. It asks again where the relay
# did not get to it in time.
answer() {
    for _ in 1 2 3 4 5; do
        said=$("$@" 2>&1) && result=0 || result=$?
        matches "$said" 'is there but does not answer|no answer yet' || return 0
    done
}

# full_status ACCOUNT: for programs; asked for again in the same way.
full_status() {
    for _ in 1 2 3 4 5; do
        as "$1" "$(plain_relayctl)" status --json 2>"$E2E/unanswered.$1" && return
        grep -q 'is there but does not answer' "$E2E/unanswered.$1" || break
    done
    cat "$E2E/unanswered.$1" >&2
}

# relay_pid ACCOUNT
relay_pid() {
    full_status "$1" |
        sed -n '1,/"upstreams"/ s/^ *"pid": \([0-9]*\),$/\1/p'
}

# status ACCOUNT FIELD: that field of each upstream, in the order in which they would be tried.
status() {
    full_status "$1" | sed -n "/\"upstreams\"/,\$ {
        s/^ *\"$2\": \"\(.*\)\",\{0,1\}\$/\1/p
        s/^ *\"$2\": \([^\",]*\),\{0,1\}\$/\1/p
    }"
}

# newest ACCOUNT SOCKET: whether that upstream would be tried first.
newest() {
    [ "$(status "$1" path 2>/dev/null | head -n 1)" = "$2" ]
}

# arrives NAME [SSH-OPTION...]: a login whose rc has registered it.
arrives() {
    login "$@"
    wait_for 20 newest pat "$(upstream "$1")"
}

# agent_socket ACCOUNT: what SSH_AUTH_SOCK is to be there.
agent_socket() {
    as "$1" "$(plain_relayctl)" path
}

# through ACCOUNT COMMAND...: a client of that account's relay. No answer in 60 s is a hang.
through() {
    client=$1
    shift
    as "$client" SSH_AUTH_SOCK="$(agent_socket "$client")" timeout 60 "$@"
}

# keys ACCOUNT: the names of the keys that its agent socket lists, or what ssh-add says instead.
keys() {
    through "$1" ssh-add -l 2>&1 | names
}

# names: of the keys in a listing.
names() {
    sed 's/^256 [^ ]* \(.*\) (ED25519)$/\1/'
}

# other_client COMMAND...: what one of `clients` gets from the relay, with logins and with none.
other_client() {
    sshd 22
    # What older libraries have in common with sshd.
    ssh-keygen -q -t rsa -N '' -f /etc/ssh/rsa_key
    printf 'HostKey /etc/ssh/rsa_key\nHostKeyAlgorithms +ssh-rsa\n' >>/etc/ssh/sshd_config
    sshd 2222
    account bob
    rc pat
    arrives one
    add_key one two
    wanted=$(blob "$E2E/home/laptop/one.pub" && blob "$E2E/home/laptop/two.pub" && echo bob)

    is "$(through pat "$@" bob 2222 2>&1)" "$wanted" 'it lists the keys of the laptop, and logs in'
    arrives silent
    kill -s STOP "$(pid login.silent)"
    is "$(through pat "$@" bob 2222 2>&1)" "$wanted" 'also while the newest login is silent'

    as pat relayctl unregister --all
    said=$(through pat "$@" bob 2222 2>&1) && result=0 || result=$?
    is "$result" 1 'with no login it fails, and waits for nothing'
    note "it says: $said"
}
