/* SPDX-License-Identifier: MIT */
/* What a shell's file does with SSH_AUTH_SOCK: the tricks, in the forms in which people have them. */
#include "config.h"

#include "relayctl/account/script.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct script read_text(const char *text)
{
    return script_read(text, strlen(text));
}

struct fact {
    const char *text;
    int line;
};

#define CHECK_ALL(facts, member) \
    for (size_t i = 0; i < sizeof(facts) / sizeof((facts)[0]); i++) { \
        struct script script = read_text((facts)[i].text); \
        ck_assert_msg(script.member == (facts)[i].line, #member " is %d, not %d, of: %s", \
                      script.member, (facts)[i].line, (facts)[i].text); \
    }

START_TEST(guards_are_found)
{
    static const struct fact facts[] = {
        {"case $- in\n    *i*) ;;\n      *) return;;\nesac\n", 1},
        {"# Debian\ncase $- in *i*) ;; *) return;; esac\n", 2},
        {"case \"$-\" in\n*i*)\n\t;;\n*)\n\treturn\n\t;;\nesac\n", 1},
        {"[ -z \"$PS1\" ] && return\n", 1},
        {"[ -z \"$PS1\" ] &&\n  return\n", 1},
        {"[[ $- != *i* ]] && return", 1},
        {"x=1\n[[ $- == *i* ]] || return 0\n", 2},
        {"[[ -o interactive ]] || return\n", 1},
        {"[[ ! -o interactive ]] && return\n", 1},
        {"if [ -z \"$PS1\" ]; then\n  return\nfi\n", 1},
        {"if [[ $- != *i* ]] ; then\n\t# Shell is non-interactive.\n\treturn\nfi\n", 1},
        {"if [ -n \"$PS1\" ]\nthen\n  :\nelse\n  return\nfi\n", 1},
        {"[ -t 0 ] || exit\n", 1},
        {"[ -t 1 ] || return\n", 1},
        {"test -t 0 || exit 0\n", 1},
        {"tty -s || return\n", 1},
        {"if ! tty -s; then exit; fi\n", 1},
        {"echo $- | grep -q i || return\n", 1},
        {"[[ \"$-\" =~ i ]] || return\n", 1},
        {"status is-interactive; or exit\n", 1},
        {"status --is-interactive\nor return\n", 1},
        {"if not status is-interactive\n    exit\nend\n", 1},
        {"[ -v PS1 ] || return\n", 1},
        {"[ -z \"${PS1-}\" ] && return\n", 1},
        {"[[ -n ${PS1:-} ]] || { echo no; return; }\n", 1},
    };

    CHECK_ALL(facts, guard)
}
END_TEST

START_TEST(what_is_no_guard_is_none)
{
    static const struct fact facts[] = {
        {"", 0},
        {"return\n", 0},
        {"# [ -z \"$PS1\" ] && return\n", 0},
        {"[ -n \"$PS1\" ] && . ~/.bash_prompt\n", 0},
        {"if [ -t 1 ]; then\n  stty -ixon\nfi\nreturn\n", 0},
        {"[ -t 1 ] && stty -ixon; return\n", 0},
        {"f() {\n  [ -t 0 ] || return\n}\n", 0},
        {"f ()\n{\n  if [ -t 0 ]; then\n    return\n  fi\n}\n", 0},
        {"function f {\n  [ -t 0 ] || return\n}\n", 0},
        {"function f\n  status is-interactive; or return\nend\n", 0},
        {"alias x='[ -t 0 ] || exit'\n", 0},
        {"cat <<EOF\n[ -t 0 ] || exit\nEOF\n", 0},
        {"if [ -f /etc/profile ]; then return; fi\n", 0},
    };

    CHECK_ALL(facts, guard)
}
END_TEST

START_TEST(a_guard_behind_a_function_is_found)
{
    static const struct fact facts[] = {
        {"f() {\n  return 1\n}\n[ -t 0 ] || return\n", 4},
        {"f() { return 1; }\n[ -t 0 ] || return\n", 2},
        {"function f() {\n  if a; then return; fi\n}\n[ -t 0 ] || return\n", 4},
        {"function f\n  if a\n    return\n  end\nend\nstatus is-interactive; or exit\n", 6},
        {"if a; then b; fi\nwhile read x; do y; done <z\n[ -t 0 ] || return\n", 3},
        {"x=\"${y:-'}\"\n[ -t 0 ] || return\n", 2},
        {"echo don't\n[ -t 0 ] || return\n", 2},
        {"cat <<'A B'\nx\nA B\n[ -t 0 ] || return\n", 4},
        {"cat <<-EOF && cat <<X\n\tit's\n\tEOF\n\"\nX\n[ -t 0 ] || return\n", 6},
        {"x=$((1<<2))\n[ -t 0 ] || return\n", 2},
        {"cat <<<x\n[ -t 0 ] || return\n", 2},
        {"a \\\n  b\n[ -t 0 ] \\\n || return\n", 3},
    };

    CHECK_ALL(facts, guard)
}
END_TEST

START_TEST(links_are_found)
{
    static const struct fact facts[] = {
        {"ln -sf \"$SSH_AUTH_SOCK\" ~/.ssh/ssh_auth_sock\n", 1},
        {"#!/bin/sh\ntest \"$SSH_AUTH_SOCK\" && ln -sf \"$SSH_AUTH_SOCK\" \"$HOME/.ssh/ssh_auth_sock\"\n", 2},
        {"if test \"$SSH_AUTH_SOCK\" ; then\n    ln -sf $SSH_AUTH_SOCK ~/.ssh/ssh_auth_sock\nfi\n", 2},
        {"[ -S \"$SSH_AUTH_SOCK\" ] && [ ! -h \"$SSH_AUTH_SOCK\" ] && /bin/ln -sfn $SSH_AUTH_SOCK ~/s\n", 1},
        {"case $SSH_AUTH_SOCK in\n/tmp/ssh-*)\n  ln -sf $SSH_AUTH_SOCK ~/s ;;\nesac\n", 3},
        {"case $SSH_AUTH_SOCK in /tmp/ssh-*) ln -sf $SSH_AUTH_SOCK ~/s;; esac", 1},
        {"sock=$SSH_AUTH_SOCK\nln -snf \"$sock\" ~/.ssh/agent\n", 2},
        {"sock=\"${SSH_AUTH_SOCK}\"; target=$sock; ln -s $target ~/a\n", 1},
        {"\\ln -sf ${SSH_AUTH_SOCK} ~/a\n", 1},
        {"command ln -sf \"${SSH_AUTH_SOCK:-}\" ~/a\n", 1},
        {"( ln -sf $SSH_AUTH_SOCK ~/a )\n", 1},
        {"{ rm -f ~/a; ln -s $SSH_AUTH_SOCK ~/a; } 2>/dev/null\n", 1},
        {"for s in /tmp/ssh-*/agent.*; do\n  ln -sf $s ~/a\ndone\n", 2},
        {"s=$(find /tmp -name 'agent.*' -user me | head -1)\nln -sf \"$s\" ~/a\n", 2},
        {"s=`ls -t /tmp/ssh-*/agent.* | head -1`\nln -sf $s ~/a\n", 2},
        {"s=\"$(ls -t /tmp/ssh-*/agent.*)\"; ln -sf \"$s\" ~/a\n", 1},
        {"find /tmp -path '/tmp/ssh-*' -exec ln -sf {} ~/a \\;\n", 1},
        {"ln -sf $(find /tmp -name 'agent.*') ~/a\n", 1},
        {"ln -sf \\\n  \"$SSH_AUTH_SOCK\" \\\n  ~/a\n", 1},
        {"x && eval 'ln -sf $SSH_AUTH_SOCK ~/a'\n", 1},
        {"sh -c \"ln -sf $SSH_AUTH_SOCK ~/a\"\n", 1},
        {"test -n $SSH_AUTH_SOCK; and ln -sf $SSH_AUTH_SOCK ~/a\n", 1},
        {"if set -q SSH_AUTH_SOCK\n  ln -sf $SSH_AUTH_SOCK ~/a\nend\n", 2},
        {"[[ -o interactive ]] || return\r\nln -sf $SSH_AUTH_SOCK ~/a\r\n", 2},
        {"echo 'don'\"'\"'t'; ln -sf $SSH_AUTH_SOCK ~/a\n", 1},
        {"echo \"it's\"\nln -sf $SSH_AUTH_SOCK ~/a\necho \"it's\"\n", 2},
        {"f() {\n ln -sf $SSH_AUTH_SOCK ~/a\n}\nf\n", 2},
        {"echo $SSH_AUTH_SOCK | xargs -I{} ln -sf {} ~/a\n", 1},
    };

    CHECK_ALL(facts, links)
}
END_TEST

START_TEST(what_is_no_link_is_none)
{
    static const struct fact facts[] = {
        {"# ln -sf $SSH_AUTH_SOCK ~/a\n", 0},
        {"x # ln -sf $SSH_AUTH_SOCK ~/a\n", 0},
        {"ln -sf ~/dotfiles/vimrc ~/.vimrc\n", 0},
        {"echo ln; echo $SSH_AUTH_SOCK\n", 0},
        {"alias a='ln -sf $SSH_AUTH_SOCK ~/a'\n", 0},
        {"println $SSH_AUTH_SOCK\n", 0},
        {"export SSH_AUTH_SOCK=~/a\nln -sf ~/x ~/y\n", 0},
        {"cat >x <<EOF\nln -sf $SSH_AUTH_SOCK ~/a\nEOF\n", 0},
        {"# >>> " RELAYD_NAME " first 12345678 >>>\nln -sf $SSH_AUTH_SOCK ~/a\n"
         "# <<< " RELAYD_NAME " first <<<\n", 0},
    };

    CHECK_ALL(facts, links)
}
END_TEST

START_TEST(settings_are_found)
{
    static const struct fact facts[] = {
        {"export SSH_AUTH_SOCK=~/.ssh/ssh_auth_sock\n", 1},
        {"export \"SSH_AUTH_SOCK=$HOME/a\"\n", 1},
        {"SSH_AUTH_SOCK=~/a; export SSH_AUTH_SOCK\n", 1},
        {"\n  SSH_AUTH_SOCK=$HOME/a\n", 2},
        {"SSH_AUTH_SOCK=$(gpgconf --list-dirs agent-ssh-socket)\n", 1},
        {"SSH_AUTH_SOCK=\"$(gpgconf --list-dirs agent-ssh-socket)\" export SSH_AUTH_SOCK\n", 1},
        {"export SSH_AUTH_SOCK=$(find /tmp -name x)\n", 1},
        {"if [ -S ~/a ]; then export SSH_AUTH_SOCK=~/a; fi\n", 1},
        {"[ -S ~/a ] && SSH_AUTH_SOCK=~/a\n", 1},
        {"declare -x SSH_AUTH_SOCK=~/a\n", 1},
        {"typeset -gx SSH_AUTH_SOCK=~/a\n", 1},
        {"set -gx SSH_AUTH_SOCK ~/a\n", 1},
        {"set -x -U SSH_AUTH_SOCK ~/a\n", 1},
        {"set -e SSH_AUTH_SOCK\n", 1},
        {"unset SSH_AGENT_PID SSH_AUTH_SOCK\n", 1},
        {": ${SSH_AUTH_SOCK:=$HOME/a}\n", 1},
        {": \"${SSH_AUTH_SOCK=$HOME/a}\"\n", 1},
        {"read -r SSH_AUTH_SOCK <~/a\n", 1},
        {"for SSH_AUTH_SOCK in /tmp/ssh-*/agent.*; do\n ssh-add -l && break\ndone\n", 1},
        {"eval $(ssh-agent -s)\n", 1},
        {"eval \"$(ssh-agent)\" >/dev/null\n", 1},
        {"eval `ssh-agent`\n", 1},
        {"eval $(keychain --eval id_rsa)\n", 1},
        {"ssh-agent -c | source\n", 1},
        {"keychain --eval | source\n", 1},
        {". \"$HOME/.keychain/$HOSTNAME-sh\"\n", 1},
        {". \"${SSH_ENV}\" >/dev/null\n", 1},
        {"source ~/.ssh/agent.env\n", 1},
        {"test -z \"$SSH_AUTH_SOCK\" && eval \"$(ssh-agent)\"\n", 1},
        {"a; b; eval 'export SSH_AUTH_SOCK=x'\n", 1},
        {"setenv SSH_AUTH_SOCK ~/a\n", 1},
        {"printf -v SSH_AUTH_SOCK %s x\n", 1},
    };

    CHECK_ALL(facts, sets)
}
END_TEST

START_TEST(what_sets_nothing_does_not)
{
    static const struct fact facts[] = {
        {"export SSH_AUTH_SOCK\n", 0},
        {"echo SSH_AUTH_SOCK=$SSH_AUTH_SOCK\n", 0},
        {"SSH_AUTH_SOCK=~/a ssh-add -l\n", 0},
        {"env SSH_AUTH_SOCK=~/a tmux\n", 0},
        {"tmux set-environment -g SSH_AUTH_SOCK ~/a\n", 0},
        {"systemctl --user set-environment SSH_AUTH_SOCK=~/a\n", 0},
        {"if set -q SSH_AUTH_SOCK; echo x; end\n", 0},
        {"MY_SSH_AUTH_SOCK=x\n", 0},
        {"SSH_AUTH_SOCKET=x\n", 0},
        {"alias a='export SSH_AUTH_SOCK=x'\n", 0},
        {"eval \"$(dircolors -b)\"\n", 0},
        {"eval \"$(" RELAYCTL_NAME " env -s --register)\"\n", 0},
        {". ~/.bash_aliases\n", 0},
        {"ssh-add -l\n", 0},
        {"[ \"$SSH_AUTH_SOCK\" = x ]\n", 0},
    };

    CHECK_ALL(facts, sets)
}
END_TEST

START_TEST(tests_for_tmp_are_found)
{
    static const struct fact facts[] = {
        {"case $SSH_AUTH_SOCK in\n/tmp/ssh-*) ln -sf $SSH_AUTH_SOCK ~/a;;\nesac\n", 2},
        {"case \"$SSH_AUTH_SOCK\" in /tmp/ssh-*) x;; esac\n", 1},
        {"case $SSH_AUTH_SOCK in\n  /tmp/*|/var/tmp/*)\n  x;;\nesac\n", 2},
        {"case \"$SSH_AUTH_SOCK\" in\n(/tmp/ssh-*/agent.[0-9]*) x ;;\nesac\n", 2},
        {"case $SSH_AUTH_SOCK in\n*/agent.*) x;;\nesac\n", 2},
        {"[[ $SSH_AUTH_SOCK == /tmp/ssh-* ]] && x\n", 1},
        {"[[ -n $A && $SSH_AUTH_SOCK == /tmp/* ]] && x\n", 1},
        {"if [[ \"$SSH_AUTH_SOCK\" =~ ^/tmp/ssh- ]]; then\n x\nfi\n", 1},
        {"[[ $SSH_AUTH_SOCK != /tmp/ssh-* ]] || x\n", 1},
        {"echo $SSH_AUTH_SOCK | grep -q /tmp/ssh- && x\n", 1},
        {"if echo \"$SSH_AUTH_SOCK\" | grep -q '^/tmp'; then x; fi\n", 1},
        {"[ \"${SSH_AUTH_SOCK#/tmp/ssh-}\" != \"$SSH_AUTH_SOCK\" ] && x\n", 1},
        {"expr \"$SSH_AUTH_SOCK\" : '/tmp/ssh-.*' >/dev/null && x\n", 1},
        {"if string match -q '/tmp/ssh-*' $SSH_AUTH_SOCK\n x\nend\n", 1},
        {"switch $SSH_AUTH_SOCK\n  case '/tmp/ssh-*'\n    x\nend\n", 2},
        {"s=$SSH_AUTH_SOCK\ncase $s in\n/tmp/ssh-*) x;;\nesac\n", 3},
    };

    CHECK_ALL(facts, wants_tmp)
}
END_TEST

START_TEST(what_wants_no_tmp_does_not)
{
    static const struct fact facts[] = {
        {"[ -S \"$SSH_AUTH_SOCK\" ] && ln -sf \"$SSH_AUTH_SOCK\" /tmp/ssh-agent-$USER\n", 0},
        {"[ \"$SSH_AUTH_SOCK\" != /tmp/ssh-agent-$USER ] && ln -sf x y\n", 0},
        {"ln -sf \"$SSH_AUTH_SOCK\" /tmp/ssh-agent-$USER-screen\n", 0},
        {"export SSH_AUTH_SOCK=/tmp/ssh-agent-me\n", 0},
        {"for s in /tmp/ssh-*/agent.*; do SSH_AUTH_SOCK=$s ssh-add -l && break; done\n", 0},
        {"case $TERM in\n/tmp/ssh-*) x;;\nesac\n", 0},
        {"case $SSH_AUTH_SOCK in\n\"\") ;;\n*) ln -sf $SSH_AUTH_SOCK ~/a;;\nesac\n", 0},
        {"[ \"$SSH_AUTH_SOCK\" = \"$HOME/.ssh/sock\" ] || ln -sf $SSH_AUTH_SOCK ~/.ssh/sock\n", 0},
        {"# [[ $SSH_AUTH_SOCK == /tmp/ssh-* ]]\n", 0},
    };

    CHECK_ALL(facts, wants_tmp)
}
END_TEST

START_TEST(ends_are_found)
{
    static const struct fact facts[] = {
        {"exit 0\n", 1},
        {"x\n[ -t 0 ] || exit\n", 2},
        {"[ -n \"$SSH_TTY\" ] || exit 0\n", 1},
        {"if x; then\n exit\nfi\n", 2},
        {"return\n", 1},
        {"exec tmux\n", 1},
        {"exec 2>/dev/null fish\n", 1},
        {"set -e\n", 1},
        {"set -eu\n", 1},
        {"set -o errexit\n", 1},
        {"#!/bin/sh\nexec >/dev/null 2>&1\n", 0},
        {"exec 2> /dev/null\n", 0},
        {"exec 3>&1 </dev/null\n", 0},
        {"f() { return; }\n", 0},
        {"set -u\n", 0},
        {"set -- -e\n", 1},
        {"set -e SSH_AUTH_SOCK\n", 0},
        {"set -gx EDITOR vim\n", 0},
        {"trap 'exit' INT\n", 0},
        {"# exit\n", 0},
        {"echo \"a; exit\"\n", 0},
        {"echo 'a\nexit\n'\n", 0},
    };

    CHECK_ALL(facts, exits)
}
END_TEST

START_TEST(other_facts)
{
    static const struct fact bashrc[] = {
        {". ~/.bashrc\n", 1},
        {"if [ -n \"$BASH_VERSION\" ]; then\n  if [ -f \"$HOME/.bashrc\" ]; then\n\t. \"$HOME/.bashrc\"\n  fi\nfi\n", 3},
        {"[[ -f ~/.bashrc ]] && source ~/.bashrc\n", 1},
        {"test -r ~/.bashrc && . ~/.bashrc\n", 1},
        {"for f in ~/.bashrc ~/.aliases; do . $f; done\n", 1},
        {"case $- in *i*) . ~/.bashrc;; esac\n", 1},
        {"# . ~/.bashrc\n", 0},
        {"[ -f ~/.bashrc ] && echo x\n", 0},
        {". /etc/bash.bashrc\n", 0},
        {"vim ~/.bashrc\n", 0},
    };
    static const struct fact agent[] = {
        {"eval $(ssh-agent)\n", 1},
        {"pgrep ssh-agent || ssh-agent -s >~/x\n", 1},
        {"plugins=(git\n  ssh-agent\n  fzf)\n", 2},
        {"zinit snippet OMZP::ssh-agent\n", 1},
        {"eval \"$(keychain --eval)\"\n", 1},
        {"/usr/bin/keychain ~/.ssh/id\n", 1},
        {"export SSH_AUTH_SOCK=$(gpgconf --list-dirs agent-ssh-socket)\n", 1},
        {"zstyle ':prezto:load' pmodule \\\n  'environment' \\\n  'ssh' \\\n  'prompt'\n", 1},
        {"eval $(gnome-keyring-daemon --start)\n", 1},
        {"ln -sf $SSH_AUTH_SOCK /tmp/ssh-agent-$USER-screen\n", 0},
        {"# eval $(ssh-agent)\n", 0},
        {"zstyle ':prezto:module:editor' key-bindings 'emacs'\n", 0},
        {"ssh-agents\n", 0},
    };
    static const struct fact xauth[] = {
        {"if read proto cookie && [ -n \"$DISPLAY\" ]; then\n echo add | xauth -q -\nfi\n", 2},
        {"export XAUTHORITY=~/.Xauthority\n", 0},
    };
    static const struct fact relay[] = {
        {"eval \"$(" RELAYCTL_NAME " env -s --register)\"\n", 1},
        {"~/.local/bin/" RELAYCTL_NAME " register </dev/null\n", 1},
        {"# " RELAYCTL_NAME "\n", 0},
    };

    CHECK_ALL(bashrc, reads_bashrc)
    CHECK_ALL(agent, other_agent)
    CHECK_ALL(xauth, xauth)
    CHECK_ALL(relay, relay)
}
END_TEST

START_TEST(our_own_blocks_are_left_out)
{
    static const char open[] = "# >>> " RELAYD_NAME " first 12345678 >>> x\n";
    static const char close[] = "# <<< " RELAYD_NAME " first <<<\n";
    static const char inside[] = "exit\n[ -t 0 ] || return\nexport SSH_AUTH_SOCK=x\nxauth\nssh-agent\n";
    char text[1024];
    struct script script;

    snprintf(text, sizeof(text), "%s%s%s%s%s%sexit\n", open, inside, close, open, inside, close);
    script = read_text(text);
    ck_assert_int_eq(script.exits, 15);
    ck_assert_int_eq(script.guard + script.sets + script.xauth + script.other_agent, 0);
    snprintf(text, sizeof(text), "x\n%s%s", open, inside);
    script = read_text(text);
    ck_assert_int_eq(script.exits, 3);
    ck_assert_int_eq(script.sets, 5);
}
END_TEST

/* Whatever is in a file, reading it ends and stays within it. */
START_TEST(any_text_is_read)
{
    static const char *const pieces[] = {
        "\"", "'", "`", "$(", ")", "${", "}", "{", "<<EOF", "EOF", "\n", "\n", " ", " ", "\\", "#", ";",
        "&&", "||", "|", "if", "then", "fi", "case", "in", "esac", "function", "f()", "for", "exec", "ln",
        "$SSH_AUTH_SOCK", "SSH_AUTH_SOCK=", "set", "eval", "2>&1", "<<<", "<<-'", "", "\r\n", "\t",
        "# >>> " RELAYD_NAME " a ", "# <<< " RELAYD_NAME " a ", "!=", "[[", "-t", "0", "switch", "end",
        "zstyle", "prezto"};

    srand(1);
    for (int round = 0; round < 20000; round++) {
        char text[600], *exact;
        size_t n = 0;

        while (n < 500 && rand() % 40 != 0) {
            const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))];

            if (rand() % 50 == 0)
                text[n++] = (char)rand();
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        exact = malloc(n + 1); /* for a sanitizer to see where it ends */
        memcpy(exact, text, n);
        exact = realloc(exact, n > 0 ? n : 1);
        script_read(exact, n);
        free(exact);
    }
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, guards_are_found);
    tcase_add_test(tcase, what_is_no_guard_is_none);
    tcase_add_test(tcase, a_guard_behind_a_function_is_found);
    tcase_add_test(tcase, links_are_found);
    tcase_add_test(tcase, what_is_no_link_is_none);
    tcase_add_test(tcase, settings_are_found);
    tcase_add_test(tcase, what_sets_nothing_does_not);
    tcase_add_test(tcase, tests_for_tmp_are_found);
    tcase_add_test(tcase, what_wants_no_tmp_does_not);
    tcase_add_test(tcase, ends_are_found);
    tcase_add_test(tcase, other_facts);
    tcase_add_test(tcase, our_own_blocks_are_left_out);
    tcase_add_test(tcase, any_text_is_read);
}

int main(void)
{
    return run_tests("script", add);
}
