/* SPDX-License-Identifier: MIT */
/* What a shell's file does with SSH_AUTH_SOCK. The tricks by which people keep a fixed path for
 * their agent come in many forms, and whether setup is to stand before them hangs on a few facts.
 * They are gathered command by command: which compound commands it is in, which list ("a && b ||
 * c") it belongs to, and what its words say. */
#include "config.h"

#include "relayctl/account/script.h"

#include "relayctl/account/carriers.h"
#include "relayctl/account/clue.h"
#include "relayctl/account/words.h"
#include "relayd/base/util.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 64

enum compound_kind { COMPOUND_IF, COMPOUND_CASE, COMPOUND_SWITCH, COMPOUND_OTHER, COMPOUND_FUNCTION };

struct compound {
    enum compound_kind kind;
    bool in_condition;  /* its "then" or "do" is still to come */
    bool is_on_socket;  /* a case or switch on the value of SSH_AUTH_SOCK */
    int interactive;    /* line of its condition, where that asks whether the shell is interactive */
};

/* A list: commands joined by && and ||, |, or fish's "and" and "or". */
struct list {
    int interactive;   /* line of the command that asks whether the shell is interactive; 0: none */
    bool names_socket; /* a command before has the value of SSH_AUTH_SOCK */
    bool evaluates;    /* eval or source is among them */
    bool has_ln;       /* ln is among them, whose source may come from a $(...) */
    bool has_agent;    /* another agent's program is among them */
};

struct reading {
    struct script found;
    struct compound compound[DEPTH_MAX];
    size_t depth;
    struct list list;
    bool is_list_open;  /* the next command goes on with the list */
    bool is_function;   /* a function's head was read: its body comes */
    struct carriers carriers;
};

static void note(int *line, const struct words *words)
{
    if (*line == 0)
        *line = words->line;
}

static struct compound *top(struct reading *reading)
{
    return reading->depth > 0 ? &reading->compound[reading->depth - 1] : NULL;
}

/* What stands behind "[ -t 0 ] ||" hangs on that test, however long it is. */
static void push(struct reading *reading, enum compound_kind kind)
{
    if (reading->depth < DEPTH_MAX)
        reading->compound[reading->depth++] = (struct compound){
            .kind = kind, .in_condition = true, .interactive = reading->list.interactive};
}

static void pop(struct reading *reading)
{
    if (reading->depth > 0)
        reading->depth--;
}

static bool is_in_function(const struct reading *reading)
{
    for (size_t i = 0; i < reading->depth; i++) {
        if (reading->compound[i].kind == COMPOUND_FUNCTION)
            return true;
    }
    return false;
}

/* Whether the word is SSH_AUTH_SOCK=..., or += of it. */
static bool is_assignment_of_socket(const struct word *word)
{
    struct word bare = *word;

    if (bare.size > 0 && strchr("\"'", bare.at[0]) != NULL) {
        bare.at++;
        bare.size--;
    }
    return word_begins(&bare, "SSH_AUTH_SOCK=") || word_begins(&bare, "SSH_AUTH_SOCK+=");
}

static bool is_socket_name(const struct word *word)
{
    return word_is(word, "SSH_AUTH_SOCK");
}

/* An assignment of it in the words of eval or sh -c. */
static bool has_assignment_of_socket(const struct word *word)
{
    return word_has(word, "SSH_AUTH_SOCK=");
}

static bool sets_by_expansion(const struct word *word)
{
    return word_has(word, "{SSH_AUTH_SOCK:=") || word_has(word, "{SSH_AUTH_SOCK=");
}

/* for NAME in /tmp/ssh-*: NAME is a socket's path. */
static void read_for(struct reading *reading, const struct words *words, size_t from)
{
    if (from >= words->n)
        return;
    if (word_is(&words->word[from], "SSH_AUTH_SOCK"))
        note(&reading->found.sets, words);
    carriers_loop(&reading->carriers, words, from);
    for (size_t i = from + 1; i < words->n; i++) {
        if (word_has(&words->word[i], "/.bashrc"))
            note(&reading->found.reads_bashrc, words);
    }
}

/* Takes the words that open and close compound commands. Returns where the simple command begins. */
static size_t read_keywords(struct reading *reading, const struct words *words)
{
    static const char *const loops[] = {"while", "until", "begin", NULL};
    static const char *const fors[] = {"for", "select", "foreach", NULL};
    static const char *const bodies[] = {"then", "do", "else", NULL};
    static const char *const ends[] = {"fi", "done", "esac", "end", "}", NULL};
    static const char *const plain[] = {"!", "not", "and", "or", "time", "command", "builtin", "env",
                                        "nohup", "noglob", NULL};
    size_t i = 0;

    for (; i < words->n; i++) {
        const struct word *word = &words->word[i];

        if (reading->is_function) {
            reading->is_function = false;
            push(reading, COMPOUND_FUNCTION);
            if (word_is(word, "{"))
                continue;
        }
        if (word_is(word, "if"))
            push(reading, COMPOUND_IF);
        else if (clue_is_one_of(word, loops) || word_is(word, "{"))
            push(reading, COMPOUND_OTHER);
        else if (clue_is_one_of(word, ends))
            pop(reading);
        else if (clue_is_one_of(word, bodies) && top(reading) != NULL)
            top(reading)->in_condition = false;
        else if (word_is(word, "elif") && top(reading) != NULL)
            top(reading)->in_condition = true;
        else if (clue_is_one_of(word, fors)) {
            push(reading, COMPOUND_OTHER);
            read_for(reading, words, i + 1);
            return words->n;
        } else if (!clue_is_one_of(word, plain))
            break;
    }
    return i;
}

static void read_case(struct reading *reading, const struct words *words, size_t from,
                      enum compound_kind kind)
{
    bool is_on_socket = carriers_any(&reading->carriers, words, from);
    bool asks = clue_is_interactive_test(words, from);

    push(reading, kind);
    if (top(reading) == NULL)
        return;
    top(reading)->is_on_socket = is_on_socket;
    top(reading)->in_condition = false;
    top(reading)->interactive = asks ? words->line : 0;
}

/* A pattern of the case that we are in. */
static bool is_pattern(struct reading *reading, const struct words *words)
{
    struct compound *compound = top(reading);

    if (compound == NULL || !compound->is_on_socket || words->n == 0)
        return false;
    if (compound->kind == COMPOUND_SWITCH)
        return word_is(&words->word[0], "case");
    return compound->kind == COMPOUND_CASE && (words->end == ')' || words->end == '|');
}

static bool cuts_tmp(const struct word *word)
{
    return word_has(word, "{SSH_AUTH_SOCK#") && word_has(word, "/tmp");
}

static bool wants_tmp(struct reading *reading, const struct words *words, size_t from)
{
    bool has_value = reading->list.names_socket || carriers_any(&reading->carriers, words, 0);

    if (clue_any(words, 0, cuts_tmp))
        return true;
    return clue_any(words, from, clue_has_tmp) &&
           (is_pattern(reading, words) || (has_value && clue_compares(words, from)));
}

static bool sets(struct reading *reading, const struct words *words, size_t from)
{
    static const char *const declare[] = {"export", "declare", "typeset", "local", "readonly", "set",
                                          NULL};
    static const char *const change[] = {"unset", "read", "set", "setenv", "unsetenv", "printf",
                                         "vared", NULL};
    static const char *const source[] = {".", "source", "eval", NULL};
    struct word name = from < words->n ? word_name(&words->word[from]) : (struct word){"", 0};

    if (clue_any(words, 0, sets_by_expansion))
        return true;
    if (from < words->n && clue_is_one_of(&words->word[from], source) &&
        (reading->list.has_agent || clue_any(words, from + 1, clue_is_agent_file)))
        return true;
    if (clue_is_one_of(&name, declare) && clue_any(words, 0, is_assignment_of_socket))
        return true;
    if (word_is(&name, "eval") && clue_any(words, from + 1, has_assignment_of_socket))
        return true;
    return clue_is_one_of(&name, change) && clue_any(words, from + 1, is_socket_name) &&
           !clue_is_quiet_query(words, from);
}

static bool names_socket(const struct word *word)
{
    return word_has(word, "SSH_AUTH_SOCK") || clue_has_tmp(word);
}

static bool has_link_source(const struct reading *reading, const struct words *words, size_t from)
{
    return carriers_any(&reading->carriers, words, from) || clue_any(words, from, names_socket);
}

/* oh-my-zsh's and prezto's modules link it to a place in /tmp, where the file that is read here says so. */
static bool has_linking_module(const struct word *word)
{
    return word_is(word, "agent-forwarding") || word_has(word, "prezto/init.zsh");
}

/* ln may stand behind find's -exec too, or in the words of eval and sh -c. */
static bool links(struct reading *reading, const struct words *words, size_t from)
{
    if (reading->list.has_ln && has_link_source(reading, words, from))
        return true;
    for (size_t i = from; i < words->n; i++) {
        struct word name = word_name(&words->word[i]);

        reading->list.has_ln = reading->list.has_ln || word_is(&name, "ln");
        if (word_is(&name, "ln"))
            return reading->list.names_socket || has_link_source(reading, words, from);
        if (i > from && word_has(&words->word[i], "ln -") &&
            (carriers_word(&reading->carriers, &words->word[i]) || names_socket(&words->word[i])))
            return !word_begins(&words->word[from], "alias");
    }
    return clue_any(words, from, has_linking_module);
}

/* A command that ends the script: whether one that is not interactive is meant. */
static void read_ending(struct reading *reading, const struct words *words)
{
    int guard = reading->list.interactive;

    note(&reading->found.exits, words);
    for (size_t i = reading->depth; i-- > 0 && guard == 0;)
        guard = reading->compound[i].interactive;
    if (reading->found.guard == 0)
        reading->found.guard = guard;
}

static void read_flow(struct reading *reading, const struct words *words, size_t from)
{
    static const char *const endings[] = {"exit", "return", "logout", NULL};
    const struct word *word = &words->word[from];

    if (clue_is_interactive_test(words, from)) {
        reading->list.interactive = words->line;
        if (top(reading) != NULL && top(reading)->in_condition)
            top(reading)->interactive = words->line;
    }
    if (is_in_function(reading))
        return;
    if (clue_is_one_of(word, endings))
        read_ending(reading, words);
    else if ((word_is(word, "exec") && clue_is_exec(words, from)) ||
             (word_is(word, "set") && clue_sets_errexit(words, from)))
        note(&reading->found.exits, words);
}

static void read_agents(struct reading *reading, const struct words *words, size_t from)
{
    struct script *found = &reading->found;
    bool is_prezto = from + 1 < words->n && word_is(&words->word[from], "zstyle") &&
                     word_has(&words->word[from + 1], "prezto:load");

    for (size_t i = 0; i < words->n; i++) {
        const struct word *word = &words->word[i];

        if (clue_is_other_agent(word) ||
            (is_prezto && (clue_has_name(word, "ssh") || clue_has_name(word, "gpg")))) {
            note(&found->other_agent, words);
            reading->list.has_agent = true;
        }
        if (word_has(word, "xauth"))
            note(&found->xauth, words);
        if (word_has(word, RELAYCTL_NAME))
            note(&found->relay, words);
    }
    if (reading->list.has_agent && reading->list.evaluates)
        note(&found->sets, words);
}

static void read_simple(struct reading *reading, const struct words *words, size_t from)
{
    static const char *const source[] = {".", "source", NULL};
    struct script *found = &reading->found;
    size_t first = from;

    for (; from < words->n && clue_assignment_name(&words->word[from]) > 0; from++)
        carriers_assign(&reading->carriers, words, from);
    if (from == words->n && clue_any(words, first, is_assignment_of_socket))
        note(&found->sets, words);
    if (wants_tmp(reading, words, from))
        note(&found->wants_tmp, words);
    if (sets(reading, words, from))
        note(&found->sets, words);
    if (links(reading, words, from))
        note(&found->links, words);
    if (from == words->n)
        return;
    read_flow(reading, words, from);
    reading->list.evaluates = reading->list.evaluates || word_is(&words->word[from], "eval") ||
                              clue_is_one_of(&words->word[from], source);
    for (size_t i = from + 1; i < words->n && clue_is_one_of(&words->word[from], source); i++) {
        if (word_has(&words->word[i], "/.bashrc") || word_is(&words->word[i], ".bashrc"))
            note(&found->reads_bashrc, words);
    }
}

static void read_command(struct reading *reading, const struct words *words,
                         const struct words *before)
{
    size_t from;

    if (!reading->is_list_open &&
        !(words->n > 0 && (word_is(&words->word[0], "and") || word_is(&words->word[0], "or"))))
        reading->list = (struct list){0};
    if (clue_is_function_head(words, before)) {
        reading->is_function = true;
        if (words->n == 0 || !word_is(&words->word[words->n - 1], "{"))
            return;
        reading->is_function = false;
        push(reading, COMPOUND_FUNCTION);
        return;
    }
    carriers_output(&reading->carriers, words);
    if (is_pattern(reading, words) && clue_any(words, 0, clue_has_tmp))
        note(&reading->found.wants_tmp, words);
    if (top(reading) != NULL && top(reading)->kind == COMPOUND_SWITCH && words->n > 0 &&
        word_is(&words->word[0], "case"))
        return;
    from = read_keywords(reading, words);
    if (from < words->n && word_is(&words->word[from], "case")) {
        if (wants_tmp(reading, words, from))
            note(&reading->found.wants_tmp, words);
        read_case(reading, words, from, COMPOUND_CASE);
    } else if (from < words->n && word_is(&words->word[from], "switch")) {
        read_case(reading, words, from, COMPOUND_SWITCH);
    } else {
        read_simple(reading, words, from);
    }
    read_agents(reading, words, from);
    reading->list.names_socket = reading->list.names_socket || carriers_any(&reading->carriers, words, 0);
}

struct script script_read(const char *text, size_t size)
{
    struct reading reading = {0};
    struct words_reader reader;
    struct words words, before = {0};

    words_open(&reader, text, size);
    while (words_next(&reader, &words)) {
        if (words.n > 0 || words.end == ')') {
            read_command(&reading, &words, &before);
            before = words;
        }
        if (words.n > 0 || words.end == ';')
            reading.is_list_open = words.end != '\n' && words.end != ';';
        else if (words.end != '\n')
            reading.is_list_open = true;
    }
    return reading.found;
}
