#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipes of contrib/recipes, by their own words.

. "$(dirname "$0")/lib.sh"
world sshd gpg bwrap ssh-agent-filter
patient

# recipe HEADING N: the Nth text to paste of those below the heading that has this in it.
recipe() {
    awk -v heading="$1" -v n="$2" '
        /^## / { is_below = index($0, heading) > 0 }
        is_below && /^    / { if (!was) at++; if (at == n) print substr($0, 5) }
        { was = /^    / }' "$E2E/contrib/recipes/README.md"
}
# pasted ACCOUNT: a shell of that account, with what is on stdin.
pasted() {
    as "$1" timeout 60 bash -eu 2>&1
}
home=$E2E/home/pat
sshd 22
recipe gpg: 4 >>/etc/ssh/sshd_config
reread 22
rc pat
recipe gpg: 3 >>"$home/.ssh/rc"
recipe 'one agent' 1 >>"$home/.ssh/rc"

# --- gpg

# laptop NAME: gpg's home there, with its agent, and what its ssh is told. All are of one person.
laptop() {
    as laptop mkdir -m 700 "$1.gnupg"
    gnupg=$E2E/home/laptop/$1.gnupg
    as laptop GNUPGHOME="$gnupg" gpg-agent --daemon 2>/dev/null
    extra=$(as laptop GNUPGHOME="$gnupg" gpgconf --list-dirs agent-extra-socket)
    { printf 'Include /etc/ssh/ssh_config\n' && recipe gpg: 1; } | sed "s/^Host dev/Host localhost/
        s|/home/you|$home|; s/laptop/$1/; s| /run/user/.*extra| $extra|" >"$E2E/home/laptop/$1.config"
    gpgs="$gpgs $gnupg"
}
gpgs=
laptop laptop
at_laptop() {
    as laptop GNUPGHOME="$gnupg" gpg --batch --quiet "$@"
}
at_laptop --passphrase '' --quick-generate-key pat@example ed25519 sign,cert never
print=$(at_laptop --with-colons --list-keys | awk -F: '/^fpr/ { print $10; exit }')
at_laptop --passphrase '' --quick-add-key "$print" cv25519 encrypt never
at_laptop --export >"$E2E/shared/public"
at_laptop --export-secret-keys >"$E2E/shared/secret"
laptop desk
at_laptop --import "$E2E/shared/secret"
rm "$E2E/shared/secret"

recipe gpg: 2 | grep -v ^systemctl | pasted pat >"$E2E/got"
as pat gpg --batch --quiet --import "$E2E/shared/public" 2>/dev/null
# signs, encrypts: to gpg itself, by whichever agent there is.
signs() {
    as pat sh -c 'echo text | timeout 60 gpg --batch --sign --armor >signed && gpg --batch --verify signed' 2>&1
}
decrypts() {
    as pat sh -c 'echo "a secret" | gpg --batch --trust-model always -e -r pat@example >sealed &&
        timeout 60 gpg --batch --quiet -d sealed' 2>&1
}
# counts: which laptops have how many clients of gpg's behind them.
counts() {
    as pat relayctl --name gpg status --json |
        sed -n '/"upstreams"/,$ s/^ *"\(label\|served\)": "\{0,1\}\([^",]*\).*/\2/p' | xargs
}
newest_gpg() {
    counts >"$E2E/got" 2>&1
    matches "$(cat "$E2E/got")" "^$1 "
}
like "$(time_of signs; echo "$took ms")" 'signing failed|failed to sign' 'gpg: with no login nothing is signed'
unlike "$(pgrep -u pat -l gpg-agent)" gpg-agent 'and gpg starts no agent of its own'
login laptop -F laptop.config
ok 'a login is registered with the relay for gpg' wait_for 20 newest_gpg laptop
like "$(signs)" 'Good signature' 'gpg signs with the agent of the laptop'
is "$(decrypts)" 'a secret' 'and decrypts what it was sent'
login desk -F desk.config
ok 'a second laptop comes' wait_for 20 newest_gpg desk
like "$(signs)" 'Good signature' 'it signs'
like "$(counts)" '^desk [1-9]' 'that is, the second one does'
before=$(counts)
logout desk
left() {
    newest_gpg laptop && ! matches "$(cat "$E2E/got")" desk
}
ok 'it logs out' wait_for 20 left
is "$(decrypts)" 'a secret' 'the first one serves'
note "served: $before; then $(counts)"
login desk -F desk.config
ok 'it comes again, where its old socket lies' wait_for 20 newest_gpg desk
like "$(signs)" 'Good signature' 'and signs'
logout desk
logout laptop
time_of signs >"$E2E/got" || :
like "$(cat "$E2E/got")" 'no gpg-agent running|[Nn]o agent' 'all have left: gpg says that no agent is there'
note "$(head -n 1 "$E2E/got"), after $took ms"
unlike "$(pgrep -u pat -l gpg-agent)" gpg-agent 'and starts none'
for gnupg in $gpgs; do
    as laptop GNUPGHOME="$gnupg" gpgconf --kill gpg-agent
done

# --- one agent for each laptop

other_host git.work.example 2200
other_host git.home.example 2201
as pat touch .ssh/config
recipe 'one agent' 2 >>"$home/.ssh/config"
login work -o SetEnv=LC_RELAYD_LABEL=work
arrives mine -o SetEnv=LC_RELAYD_LABEL=mine
# accepted HOST: whose key it lets in.
accepted() {
    through pat ssh -v "$1" true 2>&1 | sed -n 's/.*Server accepts key: \([^ ]*\) .*/\1/p'
}
is "$(accepted git.work.example)" work "work's hosts get work's key"
is "$(accepted git.home.example)" mine 'others that of whoever came last'
# shellcheck disable=SC2016 # it is pat's shell that expands it
is "$(as pat sh -c 'eval "$(relayctl --name work env -s)"; ssh-add -l' | names)" work 'a shell can have one and no other'
in_login mine LC_RELAYD_LABEL=../x sh .ssh/rc >"$E2E/got" 2>&1 || :
is "$(cat "$E2E/got")" '' 'a label that is no name does nothing, and says nothing'
logout work
logged_out() {
    [ -z "$(accepted git.work.example)" ]
}
ok "without work's login nobody else's key is shown there" wait_for 20 logged_out

# --- a narrow one

recipe narrow 1 | grep -v ^systemctl | pasted pat >"$E2E/got"
as pat relayd --name narrow --daemon
narrow=$(as pat relayctl --name narrow path)
# in_box [COMMAND]: the recipe, with something else in place of ssh-add -l.
in_box() {
    recipe narrow 2 | sed "s|^ *ssh-add -l\$|    ${1:-ssh-add -l}|" | pasted pat
}
if as pat bwrap --ro-bind / / --unshare-user true 2>"$E2E/got"; then
    is "$(in_box | names)" mine 'bubblewrap: the keys of the newest login are listed'
    is "$(in_box 'ssh -o StrictHostKeyChecking=yes localhost id -un')" pat 'and sign'
    like "$(in_box 'ssh-add -D' || :)" '^Failed to remove all' 'but are not removed'
    like "$(in_box "relayctl --dir '${narrow%/*}' pause" || :)" 'control.sock' 'no orders are given'
    is "$(in_box | names)" mine 'it serves on'
    is "$(in_box "ls ${narrow%/*} $(dirname "$(agent_socket pat)") 2>\\&1" | grep -c 'cannot access')" 1 \
        'the first is not in there'
    is "$(as pat SSH_AUTH_SOCK="$narrow" unshare -Ur ssh-add -l | names)" mine 'to unshare -Ur we are root: served'
    as pat install -m 644 "$E2E/home/laptop/mine.pub" .ssh/deploy.pub
    add_key mine other
    is "$(through pat ssh-add -l | names | sort | xargs)" 'mine other' 'the login gets a second key'
    recipe 'some keys' 1 >"$E2E/shared/filter"
    is "$(pasted pat <"$E2E/shared/filter" | names | sed 1d)" mine 'ssh-agent-filter: the one key is listed'
    sed -i "s#ssh-add -l#ask \"\$SSH_AUTH_SOCK\" '$(sign_question "$E2E/home/laptop/mine.pub")' \
        '$(sign_question "$E2E/home/laptop/other.pub")'#" "$E2E/shared/filter"
    is "$(pasted pat <"$E2E/shared/filter" | sed 1d | cut -d ' ' -f 1 | xargs)" '14 5' 'and signs, the other is refused'
else
    skip 9 "bwrap makes no user namespace here: $(head -n 1 "$E2E/got")"
fi

finish
