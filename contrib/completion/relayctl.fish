# SPDX-License-Identifier: MIT
# What fish completes behind relayctl.

# Rows of: where a word may stand, the word, what follows it, help.
set -g __relayctl_table (string split \n -- '
@words@
' | string match -v '')

# The rows whose word may stand there; with a second argument, only that of this word.
function __relayctl_rows
    for row in $__relayctl_table
        set -l part (string split \t -- $row)
        contains -- $part[1] $argv[1] '*'; or continue
        set -q argv[2]; and test "$part[2]" != $argv[2]; and continue
        echo $row
    end
end

# Lines on the words before the current one: the command, or "-"; what the current word is
# to be, as the table calls it, or "-"; --dir or --name, and its value.
function __relayctl_look
    set -l words (commandline -opc)
    set -l where -
    set -l wanted -
    set -l operands 0
    set -l place
    set -l option
    for word in $words[2..-1]
        if test $wanted != -
            contains -- $option --dir --name; and set place $option $word
            set wanted -
        else if string match -qr -- '^--(dir|name)=' $word
            set place (string split -m 1 = -- $word)
        else if string match -q -- '-*' $word
            set option $word
            set -l part (string split \t -- (__relayctl_rows $where $word)[1])
            set -q part[3]; and set wanted $part[3]
        else if test $where = -
            set where $word
        else
            set operands 1
        end
    end
    if test $wanted = - -a $where = -
        set wanted COMMAND
    else if test $wanted = - -a $operands = 0
        set -l part (string split \t -- (__relayctl_rows - $where)[1])
        set -q part[3]; and set wanted $part[3]
    end
    printf '%s\n' $where $wanted $place
end

# The logins, in the order in which they would be tried. Who they are is only shown.
function __relayctl_logins
    set -l look (__relayctl_look)
    set -l program (string replace -r '^~/' $HOME/ -- (commandline -opc)[1])
    set -l option
    set -q look[4]; and set option $look[3] (string replace -r '^~/' $HOME/ -- $look[4])
    $program $option complete logins 2>/dev/null </dev/null
end

# Candidates for the current word, but for files, each with a tab and what it is.
function __relayctl_candidates
    set -l look (__relayctl_look)
    switch $look[2]
        case 'ID*'
            __relayctl_logins
        case COMMAND
            for row in (__relayctl_rows -)
                set -l part (string split \t -- $row)
                string match -q -- '-*' $part[2]; or printf '%s\t%s\n' $part[2] $part[4]
            end
        case NAME
            set -l program (string replace -r '^~/' $HOME/ -- (commandline -opc)[1])
            $program complete names 2>/dev/null </dev/null
        case DIR
            __fish_complete_directories (commandline -ct)
    end
    string match -q -- '-*' (commandline -ct); or return
    for row in (__relayctl_rows $look[1])
        set -l part (string split \t -- $row)
        string match -q -- '-*' $part[2]; and printf '%s\t%s\n' $part[2] $part[4]
    end
end

# Whether the current word can be a file: a socket, where it is not a number.
function __relayctl_wants_file
    set -l look (__relayctl_look)
    switch $look[2]
        case 'ID*'
            string match -qr '[^0-9]' -- (commandline -ct)
        case SOCKET FILE
            true
        case '*'
            false
    end
end

complete -c relayctl -f
complete -c relayctl -n __relayctl_wants_file -F
complete -c relayctl -k -a '(__relayctl_candidates)'
