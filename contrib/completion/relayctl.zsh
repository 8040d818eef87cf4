#compdef relayctl
# SPDX-License-Identifier: MIT
# What zsh completes behind relayctl.

# Rows of: where a word may stand, the word, what follows it, help.
typeset -g _relayctl_table='
@words@
'

# Leaves in $specs the options that may stand there, for _arguments.
_relayctl_options() {
    local where word argument help
    specs=()
    while IFS=$'\t' read -r where word argument help; do
        [[ ($where == $1 || $where == '*') && $word == -* ]] || continue
        help=${help//(#m)[][\\:]/\\$MATCH}
        case $argument in
        -) specs+=("${word}[$help]") ;;
        NAME) specs+=("${word}[$help]:name:_relayctl_names") ;;
        DIR) specs+=("${word}[$help]:directory:_directories") ;;
        *) specs+=("${word}[$help]:${argument:l}: ") ;;
        esac
    done <<<$_relayctl_table
}

_relayctl_commands() {
    local where word argument help
    local -a commands
    while IFS=$'\t' read -r where word argument help; do
        [[ $where == - && $word != -* ]] && commands+=("$word:$help")
    done <<<$_relayctl_table
    _describe -t commands command commands
}

# In the order in which they would be tried. Who they are is only shown.
_relayctl_logins() {
    local id who
    local -a logins
    while IFS=$'\t' read -r id who; do
        logins+=("$id:${who//\\/\\\\}")
    done < <("$_relayctl_program[@]" complete logins 2>/dev/null </dev/null)
    _describe -V -t logins login logins
}

_relayctl_names() {
    local -a names
    names=(${(f)"$("$_relayctl_program[1]" complete names 2>/dev/null </dev/null)"})
    compadd -a names
}

# What the operand of a command can be; $words begins with the command here.
_relayctl_operand() {
    local where word argument help
    while IFS=$'\t' read -r where word argument help; do
        [[ $where == - && $word == $words[1] ]] && break
    done <<<$_relayctl_table
    case $argument in
    ID*) if [[ $PREFIX == *[^0-9]* ]]; then _files; else _relayctl_logins; fi ;;
    SOCKET|FILE) _files ;;
    COMMAND) _relayctl_commands ;;
    esac
}

_relayctl() {
    setopt localoptions extendedglob
    local curcontext=$curcontext state line
    local -a specs
    local -A opt_args
    local -a _relayctl_program=(${${(Q)words[1]}/#\~\//$HOME/})

    _relayctl_options -
    _arguments -C -S $specs '1: :_relayctl_commands' '*:: :->command' && return
    [[ $state == command ]] || return
    [[ -z $opt_args[--dir] ]] || _relayctl_program+=(--dir ${${(Q)opt_args[--dir]}/#\~\//$HOME/})
    [[ -z $opt_args[--name] ]] || _relayctl_program+=(--name $opt_args[--name])
    _relayctl_options $words[1]
    _arguments -S $specs '1: :_relayctl_operand'
}

_relayctl "$@"
