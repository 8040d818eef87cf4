# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What bash completes behind relayctl. It needs nothing of the package bash-completion.

# Rows of: where a word may stand, the word, what follows it, help.
_relayctl_table='
@words@
'

# _relayctl_words WHERE: offers the words that may stand there and begin as the current one.
_relayctl_words() {
    local where word
    while IFS=$'\t' read -r where word _; do
        [[ $where == "$1" || ($where == '*' && $cur == -*) ]] || continue
        [[ $word == "$cur"* && (-n $cur || $word != -*) ]] && COMPREPLY+=("$word")
    done <<<"$_relayctl_table"
}

# _relayctl_argument WHERE WORD: leaves in $argument what follows that word; "-": nothing.
_relayctl_argument() {
    local where word
    while IFS=$'\t' read -r where word argument _; do
        [[ ($where == "$1" || $where == '*') && $word == "$2" ]] && return
    done <<<"$_relayctl_table"
    argument=-
}

# Offers the logins. Who they are is only shown: in the list of several, which bash prints at the
# second Tab (COMP_TYPE '?') and puts no more of it into the line than they have in common, which
# is a part of their numbers.
_relayctl_logins() {
    local id who ids=() shown=()
    while IFS=$'\t' read -r id who; do
        [[ $id == "$cur"* ]] || continue
        ids+=("$id")
        shown+=("$id  ($who)")
    done < <("$program" "${place[@]}" complete logins 2>/dev/null </dev/null)
    COMPREPLY=("${ids[@]}")
    [[ ${#ids[@]} -gt 1 && $COMP_TYPE == 63 ]] && COMPREPLY=("${shown[@]}")
}

# Offers the names of the relayds of this user.
_relayctl_names() {
    local name
    while read -r name; do
        [[ $name != "$cur"* ]] || COMPREPLY+=("$name")
    done < <("$program" complete names 2>/dev/null </dev/null)
}

# _relayctl_offer KIND: offers what an argument of that kind can be.
_relayctl_offer() {
    case $1 in
    ID*)
        if [[ $cur == *[!0-9]* ]]; then compopt -o default; else _relayctl_logins; fi
        ;;
    SOCKET | FILE) compopt -o default ;;
    DIR) compopt -o dirnames ;;
    NAME) _relayctl_names ;;
    COMMAND) _relayctl_words - ;;
    esac
}

_relayctl() {
    local program=${1/#\~\//$HOME/} place=() cur=${COMP_WORDS[COMP_CWORD]}
    local where=- operands=0 option='' argument=- word i
    COMPREPLY=()
    # bash makes a word of its own of the sign in --dir=DIR.
    [[ $cur != '=' ]] || cur=''
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == '=' ]]; then
            continue
        elif [[ $argument != - ]]; then
            [[ $option != --dir && $option != --name ]] || place=("$option" "${word/#\~\//$HOME/}")
            argument=-
        elif [[ $word == -* ]]; then
            option=$word
            _relayctl_argument "$where" "$word"
        elif [[ $where == - ]]; then
            where=$word
        else
            operands=$((operands + 1))
        fi
    done

    if [[ $argument != - ]]; then
        _relayctl_offer "$argument"
    elif [[ $cur == -* || $where == - ]]; then
        _relayctl_words "$where"
    elif [[ $operands == 0 ]]; then
        _relayctl_argument - "$where"
        _relayctl_offer "$argument"
    fi
}

complete -F _relayctl relayctl
