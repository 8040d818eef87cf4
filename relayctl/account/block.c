/* SPDX-License-Identifier: MIT */
/* Our lines in somebody else's text. All that undo needs to know is in the text itself: a file that
 * was copied to another host, or written by another version, is undone as well. What is not exactly
 * as it was written counts as edited, and is then nobody's but the person's. */
#include "config.h"

#include "relayctl/account/block.h"

#include "relayctl/account/lines.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define OPENS "# >>> " RELAYD_NAME " "
#define CLOSES "# <<< " RELAYD_NAME " "
#define NOTE " >>> " RELAYCTL_NAME " setup wrote this, and takes it out with --undo\n"
#define CHECKSUM_SIZE 8
#define MARKER_MAX 512
#define NAME_SIZE 64

struct marker {
    size_t at, end; /* its line */
};

/* What carries a marker's name, wherever an editor or a person may have moved it in the line. */
struct markers {
    int n_opening, n_closing;
    struct marker first, last, opening, closing;
};

static uint32_t fnv1a(uint32_t hash, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash;
}

static uint32_t checksum(const char *words, const char *body, size_t size)
{
    uint32_t hash = fnv1a(2166136261u, words, strlen(words));

    return fnv1a(fnv1a(hash, "\n", 1), body, size);
}

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
    while (at < end && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at;
}

/* Whether the line is a marker of that kind and name, with or without more behind it. */
static bool is_marker(const char *text, size_t at, size_t end, const char *kind, const char *name)
{
    at = skip_blanks(text, at, end);
    if (!line_begins(text, at, end, kind))
        return false;
    at += strlen(kind);
    if (!line_begins(text, at, end, name))
        return false;
    at += strlen(name);
    return at == end || strchr(" \t\r\n", text[at]) != NULL;
}

bool block_line_opens(const char *text, size_t at, size_t end)
{
    return line_begins(text, at, end, OPENS);
}

bool block_line_closes(const char *text, size_t at, size_t end)
{
    return line_begins(text, at, end, CLOSES);
}

static struct markers find_markers(const char *text, size_t size, const char *name)
{
    struct markers found = {0};

    for (size_t at = 0, end; at < size; at = end) {
        struct marker marker = {at, end = line_end(text, size, at)};
        bool opens = is_marker(text, at, end, OPENS, name);

        if (!opens && !is_marker(text, at, end, CLOSES, name))
            continue;
        if (found.n_opening + found.n_closing == 0)
            found.first = marker;
        found.last = marker;
        if (opens) {
            found.n_opening++;
            found.opening = marker;
        } else {
            found.n_closing++;
            found.closing = marker;
        }
    }
    return found;
}

/* Writes the opening line, and returns its length. */
static size_t format_opening(char line[MARKER_MAX], const char *name, const char *words,
                             const char *body, size_t size)
{
    int n = snprintf(line, MARKER_MAX, OPENS "%s %08x%s%s" NOTE, name,
                     (unsigned)checksum(words, body, size), words[0] != '\0' ? " " : "", words);

    assert(n > 0 && n < MARKER_MAX);
    return (size_t)n;
}

/* Reads the words of an opening line, between the checksum and the note. */
static bool read_words(const char *text, struct marker opening, const char *name,
                       char words[BLOCK_WORDS_MAX])
{
    size_t at = opening.at + strlen(OPENS) + strlen(name) + 1 + CHECKSUM_SIZE;
    const char *note;
    size_t n;

    words[0] = '\0';
    if (at >= opening.end)
        return false;
    note = memmem(text + at, opening.end - at, " >>> ", 5);
    if (note == NULL)
        return false;
    n = (size_t)(note - (text + at));
    if (n == 0)
        return true;
    if (n > BLOCK_WORDS_MAX || text[at] != ' ')
        return false;
    memcpy(words, text + at + 1, n - 1);
    words[n - 1] = '\0';
    return strlen(words) == n - 1;
}

/* Whether the opening line carries the checksum of its words and the body. The note behind is for
 * people: another version may have put it in other words. */
static bool is_whole(const char *text, struct marker opening, const char *name,
                     const struct block *block)
{
    char line[MARKER_MAX];
    size_t n;

    format_opening(line, name, block->words, text + block->body, block->body_end - block->body);
    n = (size_t)(strstr(line + strlen(OPENS), " >>> ") - line);
    return opening.end - opening.at > n && memcmp(text + opening.at, line, n) == 0;
}

static bool is_closing(const char *text, struct marker closing, const char *name)
{
    char line[MARKER_MAX];
    size_t n = (size_t)snprintf(line, sizeof(line), CLOSES "%s <<<\n", name);
    size_t got = closing.end - closing.at;

    return (got == n || (got == n - 1 && text[closing.end - 1] != '\n')) &&
           memcmp(text + closing.at, line, got) == 0;
}

struct block block_find(const char *text, size_t size, const char *name)
{
    struct markers found = find_markers(text, size, name);
    struct block block = {.state = BLOCK_EDITED};

    if (found.n_opening + found.n_closing == 0) {
        block.state = BLOCK_MISSING;
        return block;
    }
    block.start = found.first.at;
    block.end = found.last.end;
    if (found.n_opening != 1 || found.n_closing != 1 || found.opening.at > found.closing.at)
        return block;
    block.body = found.opening.end;
    block.body_end = found.closing.at;
    if (!read_words(text, found.opening, name, block.words) ||
        !is_whole(text, found.opening, name, &block) || !is_closing(text, found.closing, name))
        return block;
    block.state = BLOCK_WHOLE;
    if (block_has_word(&block, "spaced") && block.start > 0 && text[block.start - 1] == '\n' &&
        (block.start == 1 || text[block.start - 2] == '\n'))
        block.start--;
    return block;
}

static const char *find_word(const struct block *block, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = block->words; (at = strstr(at, word)) != NULL; at += n) {
        if ((at == block->words || at[-1] == ' ') &&
            (word[n - 1] == '=' || at[n] == ' ' || at[n] == '\0'))
            return at + n;
    }
    return NULL;
}

bool block_has_word(const struct block *block, const char *word)
{
    return find_word(block, word) != NULL;
}

bool block_any_has_word(const char *text, size_t size, const char *word)
{
    bool has = false;

    for (size_t at = 0, end; at < size && !has; at = end + 1) {
        const char *newline = memchr(text + at, '\n', size - at);
        char line[MARKER_MAX], wanted[BLOCK_WORDS_MAX];

        end = newline != NULL ? (size_t)(newline - text) : size;
        if (!block_line_opens(text, at, end))
            continue;
        snprintf(line, sizeof(line), "%.*s", (int)(end - at), text + at);
        snprintf(wanted, sizeof(wanted), " %s ", word);
        has = strstr(line, wanted) != NULL;
    }
    return has;
}

int block_number(const struct block *block, const char *word)
{
    const char *value = find_word(block, word);

    return value != NULL ? atoi(value) : 0;
}

const char *block_value(const struct block *block, const char *word, char out[BLOCK_WORDS_MAX])
{
    const char *value = find_word(block, word);

    snprintf(out, BLOCK_WORDS_MAX, "%.*s", value != NULL ? (int)strcspn(value, " ") : 0,
             value != NULL ? value : "");
    return out;
}

/* Appends to a text that has room. */
static void add(char *text, size_t *size, const char *bytes, size_t n)
{
    if (n > 0)
        memcpy(text + *size, bytes, n);
    *size += n;
}

/* text with [start, end) replaced by a block, with `before` in front of it. */
static char *splice(const char *text, size_t size, size_t start, size_t end, const char *before,
                    const char *name, const char *words, const char *body, size_t *new_size)
{
    char opening[MARKER_MAX], closing[MARKER_MAX];
    size_t n_opening = format_opening(opening, name, words, body, strlen(body));
    size_t n_closing = (size_t)snprintf(closing, sizeof(closing), CLOSES "%s <<<\n", name);
    char *new = malloc(size + strlen(before) + n_opening + strlen(body) + n_closing + 1);
    size_t n = 0;

    if (new == NULL)
        return NULL;
    add(new, &n, text, start);
    add(new, &n, before, strlen(before));
    add(new, &n, opening, n_opening);
    add(new, &n, body, strlen(body));
    add(new, &n, closing, n_closing);
    add(new, &n, text + end, size - end);
    new[n] = '\0';
    *new_size = n;
    return new;
}

static size_t place_at(const char *text, size_t size, enum block_place place)
{
    if (place == BLOCK_LAST)
        return size;
    return line_begins(text, 0, size, "#!") ? line_end(text, size, 0) : 0;
}

char *block_put(const char *text, size_t size, const char *name, enum block_place place,
                const char *body, const char *words, size_t *new_size)
{
    struct block old = block_find(text, size, name);
    size_t at = place_at(text, size, place);
    bool is_joined = at > 0 && text[at - 1] != '\n';
    bool is_spaced = place == BLOCK_LAST && at > 0;
    char all[BLOCK_WORDS_MAX];

    assert(old.state != BLOCK_EDITED);
    if (old.state == BLOCK_WHOLE)
        return splice(text, size, old.start, old.end,
                      text[old.start] == '\n' ? "\n" : "", name, old.words, body, new_size);
    snprintf(all, sizeof(all), "%s%s%s", words != NULL ? words : "", is_joined ? " joined" : "",
             is_spaced ? " spaced" : "");
    return splice(text, size, at, at, &"\n\n"[2 - is_joined - is_spaced], name,
                  all + (all[0] == ' '), body, new_size);
}

/* Copies the name that a marker's line has behind `kind`. */
static bool read_name(const char *text, size_t at, size_t end, const char *kind, char name[NAME_SIZE])
{
    size_t n = 0;

    if (!line_begins(text, at, end, kind))
        return false;
    for (at += strlen(kind); at < end && n < NAME_SIZE - 1; at++) {
        if (strchr(" \t\r\n", text[at]) != NULL)
            break;
        name[n++] = text[at];
    }
    name[n] = '\0';
    return n > 0;
}

static size_t line_start(const char *text, size_t at)
{
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

/* Whether a block of ours ends where this one begins, or begins where it ends; its name. */
static bool has_neighbour(const char *text, size_t size, const struct block *block,
                          char name[NAME_SIZE])
{
    size_t next = block->end + (block->end < size && text[block->end] == '\n');
    size_t before = block->start > 0 ? line_start(text, block->start - 1) : 0;
    struct block other;

    if (read_name(text, next, line_end(text, size, next), OPENS, name)) {
        other = block_find(text, size, name);
        if (other.state == BLOCK_WHOLE && other.start == block->end)
            return true;
    }
    if (!read_name(text, before, block->start, CLOSES, name))
        return false;
    other = block_find(text, size, name);
    return other.state == BLOCK_WHOLE && other.end == block->start;
}

/* Adds a word to the block of that name, which is whole. text is freed. */
static char *add_word(char *text, size_t *size, const char *name, const char *word)
{
    struct block block = block_find(text, *size, name);
    char *body = strndup(text + block.body, block.body_end - block.body), *new = NULL;
    size_t n = strlen(block.words);

    if (body != NULL && n + 1 + strlen(word) < sizeof(block.words)) {
        snprintf(block.words + n, sizeof(block.words) - n, "%s%s", n > 0 ? " " : "", word);
        new = splice(text, *size, block.start, block.end, text[block.start] == '\n' ? "\n" : "",
                     name, block.words, body, size);
    }
    free(body);
    free(text);
    return new;
}

/* The newline that a joined block brought goes with the last of our blocks that needs it: a
 * neighbour inherits it, in whatever order they are taken out. */
char *block_take_out(const char *text, size_t size, const struct block *block, size_t *new_size)
{
    char *new = malloc(size + 1), name[NAME_SIZE];
    bool is_joined = block_has_word(block, "joined");
    bool is_inherited = is_joined && has_neighbour(text, size, block, name);
    size_t n = 0, start = block->start;

    assert(block->state == BLOCK_WHOLE);
    if (new == NULL)
        return NULL;
    if (is_joined && !is_inherited && block->end == size && start > 0 && text[start - 1] == '\n')
        start--;
    add(new, &n, text, start);
    add(new, &n, text + block->end, size - block->end);
    new[n] = '\0';
    *new_size = n;
    return is_inherited ? add_word(new, new_size, name, "joined") : new;
}

/* Copies the words that do not say how the text was before the block. */
static void keep_words(const struct block *block, char words[BLOCK_WORDS_MAX])
{
    char all[BLOCK_WORDS_MAX], *rest;
    size_t n = 0;

    words[0] = '\0';
    strcpy(all, block->words);
    for (char *word = strtok_r(all, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, "joined") != 0 && strcmp(word, "spaced") != 0)
            n += (size_t)sprintf(words + n, "%s%s", n > 0 ? " " : "", word);
    }
}

char *block_move(const char *text, size_t size, const char *name, enum block_place place,
                 const char *body, size_t *new_size)
{
    struct block block = block_find(text, size, name);
    char words[BLOCK_WORDS_MAX], *rest, *new;
    size_t rest_size;

    rest = block_take_out(text, size, &block, &rest_size);
    if (rest == NULL)
        return NULL;
    keep_words(&block, words);
    new = block_put(rest, rest_size, name, place, body, words[0] != '\0' ? words : NULL, new_size);
    free(rest);
    return new;
}

bool block_is_current(const char *text, const struct block *block, const char *body)
{
    size_t size = block->body_end - block->body;

    return block->state == BLOCK_WHOLE && size == strlen(body) &&
           memcmp(text + block->body, body, size) == 0;
}
