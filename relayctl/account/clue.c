/* SPDX-License-Identifier: MIT */
/* The forms in which people write what clue.h asks about: of test, of case, of ln, in sh and its kin
 * and in fish. */
#include "config.h"

#include "relayctl/account/clue.h"

#include "relayd/base/util.h"

#include <string.h>

bool clue_is_one_of(const struct word *word, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (word_is(word, *names))
            return true;
    }
    return false;
}

bool clue_any(const struct words *words, size_t from, bool (*test)(const struct word *word))
{
    for (size_t i = from; i < words->n; i++) {
        if (test(&words->word[i]))
            return true;
    }
    return false;
}

bool clue_has_variable(const struct word *word, const char *name, size_t size)
{
    const char *end = word->at + word->size;

    for (const char *at = word->at; at < end && (at = memchr(at, '$', (size_t)(end - at))) != NULL;) {
        at++;
        if (at < end && *at == '{')
            at++;
        if ((size_t)(end - at) >= size && memcmp(at, name, size) == 0)
            return true;
    }
    return false;
}

bool clue_has_tmp(const struct word *word)
{
    static const char *const patterns[] = {"/tmp/ssh-", "/tmp/*", "/tmp/.*", "^/tmp", "/tmp/\\*",
                                           "#/tmp/", "agent."};

    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        if (word_has(word, patterns[i]))
            return true;
    }
    return false;
}

bool clue_asks_interactive(const struct word *word, const struct word *next)
{
    if (word_has(word, "$-") || word_has(word, "${-") || word_has(word, "$PS1") ||
        word_has(word, "${PS1") || word_has(word, "$+PS1") || word_has(word, "[interactive]"))
        return true;
    if (word_is(word, "is-interactive") || word_is(word, "--is-interactive"))
        return true;
    if (next == NULL)
        return false;
    return (word_is(word, "-o") && word_is(next, "interactive")) ||
           (word_is(word, "-t") && next->size > 0 && strchr("012", next->at[0]) != NULL) ||
           ((word_is(word, "-z") || word_is(word, "-n") || word_is(word, "-v")) &&
            word_is(next, "PS1"));
}

bool clue_is_interactive_test(const struct words *words, size_t from)
{
    for (size_t i = from; i < words->n; i++) {
        if (clue_asks_interactive(&words->word[i], i + 1 < words->n ? &words->word[i + 1] : NULL))
            return true;
    }
    return from < words->n && word_is(&words->word[from], "tty");
}

bool clue_has_name(const struct word *word, const char *name)
{
    const char *end = word->at + word->size, *at = word->at;
    size_t n = strlen(name);

    while ((at = memmem(at, (size_t)(end - at), name, n)) != NULL) {
        bool begins = at == word->at || strchr(" \t\n\"'(`/:;&|$=", at[-1]) != NULL;
        bool ends = at + n == end || strchr(" \t\n\"')`;&|.}", at[n]) != NULL;

        if (begins && ends)
            return true;
        at += n;
    }
    return false;
}

bool clue_is_other_agent(const struct word *word)
{
    static const char *const names[] = {"ssh-agent", "keychain", "gpgconf", "gpg-agent",
                                        "gnome-keyring-daemon", "gnome-keyring", "ssh-find-agent",
                                        "gcr-ssh-agent", "ssh-pageant", "envoy", "kwalletd"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (clue_has_name(word, names[i]))
            return true;
    }
    return false;
}

bool clue_is_agent_file(const struct word *word)
{
    return word_has(word, "agent") || word_has(word, "AGENT") || word_has(word, "SSH_ENV") ||
           word_has(word, "keychain");
}

size_t clue_assignment_name(const struct word *word)
{
    size_t n = 0;

    while (n < word->size && (word->at[n] == '_' || (word->at[n] >= '0' && word->at[n] <= '9') ||
                              (word->at[n] >= 'a' && word->at[n] <= 'z') ||
                              (word->at[n] >= 'A' && word->at[n] <= 'Z')))
        n++;
    return n < word->size && word->at[n] == '=' && (word->at[0] < '0' || word->at[0] > '9') ? n : 0;
}

bool clue_compares(const struct words *words, size_t from)
{
    static const char *const operators[] = {"=", "==", "=~", "!=", NULL};
    static const char *const programs[] = {"[", "[[", "test", "expr", "string", "case", "grep",
                                           "egrep", "fgrep", "awk", "sed", NULL};
    bool found = from < words->n && clue_is_one_of(&words->word[from], programs);

    for (size_t i = from; i < words->n; i++) {
        found = found || clue_is_one_of(&words->word[i], operators);
        if (word_is(&words->word[i], "!=") && i + 1 < words->n &&
            !word_has(&words->word[i + 1], "*") && !word_has(&words->word[i + 1], "?") &&
            !word_has(&words->word[i + 1], "#"))
            return false;
    }
    return found;
}

bool clue_is_quiet_query(const struct words *words, size_t from)
{
    for (size_t i = from; i < words->n; i++) {
        if (word_is(&words->word[i], "-q") || word_is(&words->word[i], "--query"))
            return true;
    }
    return false;
}

bool clue_is_redirection(const struct word *word)
{
    for (size_t i = 0; i < word->size; i++) {
        if (word->at[i] == '<' || word->at[i] == '>')
            return true;
        if ((word->at[i] < '0' || word->at[i] > '9') && word->at[i] != '&' && word->at[i] != '{')
            return false;
    }
    return false;
}

bool clue_is_exec(const struct words *words, size_t from)
{
    for (size_t i = from + 1; i < words->n; i++) {
        const struct word *word = &words->word[i];

        if (!clue_is_redirection(word))
            return true;
        i += word->at[word->size - 1] == '>' || word->at[word->size - 1] == '<';
    }
    return false;
}

bool clue_sets_errexit(const struct words *words, size_t from)
{
    for (size_t i = from + 1; i < words->n; i++) {
        const struct word *word = &words->word[i];

        if (word_is(word, "errexit") ||
            (word_begins(word, "-") && !word_begins(word, "--") && word_has(word, "e")))
            return !word_is(&words->word[words->n - 1], "SSH_AUTH_SOCK");
    }
    return false;
}

bool clue_is_function_head(const struct words *words, const struct words *before)
{
    return (words->n == 0 && words->end == ')' && before->n == 1 && before->end == '(') ||
           (words->n > 1 && word_is(&words->word[0], "function"));
}
