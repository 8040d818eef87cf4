/* SPDX-License-Identifier: MIT */
/* Reads a shell's file as words. Where the file is not what it seems (a quote that nobody ends, a
 * here-document without an end) the byte that misled is taken for a plain one, and the reading goes
 * on: better some words too many than the rest of the file unseen. */
#include "config.h"

#include "relayctl/account/words.h"

#include "relayctl/account/block.h"
#include "relayctl/account/lines.h"

#include <stdint.h>
#include <string.h>

#define DELIMITER_MAX 64

bool word_is(const struct word *word, const char *text)
{
    return word->size == strlen(text) && memcmp(word->at, text, word->size) == 0;
}

bool word_has(const struct word *word, const char *text)
{
    return memmem(word->at, word->size, text, strlen(text)) != NULL;
}

bool word_begins(const struct word *word, const char *text)
{
    return word->size >= strlen(text) && memcmp(word->at, text, strlen(text)) == 0;
}

struct word word_name(const struct word *word)
{
    struct word name = *word;
    const char *slash = memrchr(name.at, '/', name.size);

    if (slash != NULL && slash + 1 < name.at + name.size) {
        name.size -= (size_t)(slash + 1 - name.at);
        name.at = slash + 1;
    }
    while (name.size > 0 && strchr("\\\"'", name.at[0]) != NULL) {
        name.at++;
        name.size--;
    }
    while (name.size > 0 && strchr("\"'", name.at[name.size - 1]) != NULL)
        name.size--;
    return name;
}

/* Where our block ends that begins at `at`; `at` where none does. */
static size_t one_block_end(const struct words_reader *reader, size_t at)
{
    size_t end = line_end(reader->text, reader->size, at);

    if (!block_line_opens(reader->text, at, end))
        return at;
    for (size_t next = end; next < reader->size; next = end) {
        end = line_end(reader->text, reader->size, next);
        if (block_line_closes(reader->text, next, end))
            return end;
    }
    return at;
}

/* The same for blocks that follow each other. */
static size_t block_end(const struct words_reader *reader, size_t at)
{
    size_t end = one_block_end(reader, at);

    while (end > at) {
        at = end;
        end = one_block_end(reader, at);
    }
    return at;
}

/* Goes on to `at`, and counts the lines. */
static void move_to(struct words_reader *reader, size_t at)
{
    for (; reader->at < at; reader->at++)
        reader->line += reader->text[reader->at] == '\n';
}

void words_open(struct words_reader *reader, const char *text, size_t size)
{
    *reader = (struct words_reader){.text = text, .size = size, .line = 1};
    move_to(reader, block_end(reader, 0));
}

/* The byte `ahead` of here; NUL behind the end. */
static char peek(const struct words_reader *reader, size_t ahead)
{
    if (reader->size - reader->at <= ahead)
        return '\0';
    return reader->text[reader->at + ahead];
}

/* Where the quoted text ends that opens at `at`, behind its closing quote; 0: nowhere. */
static size_t quote_end(const struct words_reader *reader, size_t at)
{
    char quote = reader->text[at];
    bool has_escapes = quote == '"' || (at > 0 && reader->text[at - 1] == '$');

    for (size_t i = at + 1; i < reader->size; i++) {
        if (reader->text[i] == '\\' && has_escapes)
            i++;
        else if (reader->text[i] == quote)
            return i + 1;
    }
    return 0;
}

/* Where ${...} ends that opens at `at`, in its line; 0: nowhere. */
static size_t expansion_end(const struct words_reader *reader, size_t at)
{
    int depth = 0;

    for (size_t i = at + 1; i < reader->size && reader->text[i] != '\n'; i++) {
        depth += reader->text[i] == '{';
        depth -= reader->text[i] == '}';
        if (depth == 0)
            return i + 1;
    }
    return 0;
}

/* How many bytes at the reader belong to a word as one: an escape, a quoted text, an expansion, a
 * plain byte. */
static size_t piece_size(const struct words_reader *reader)
{
    char c = peek(reader, 0);
    size_t end = 0;

    if (c == '\\')
        return peek(reader, 1) != '\0' ? 2 : 1;
    if (c == '\'' || c == '"')
        end = quote_end(reader, reader->at);
    else if (c == '$' && peek(reader, 1) == '{')
        end = expansion_end(reader, reader->at);
    else if (((c == '>' || c == '<') && (peek(reader, 1) == '&' || peek(reader, 1) == '|')) ||
             (c == '&' && peek(reader, 1) == '>'))
        return 2;
    return end > 0 ? end - reader->at : 1;
}

static bool is_end(const struct words_reader *reader)
{
    char c = peek(reader, 0);

    if (reader->at == reader->size)
        return true;
    return c != '\0' && strchr("\n;&|()`", c) != NULL && !(c == '&' && peek(reader, 1) == '>');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Whether a here-document is announced here, and not a here-string. */
static bool announces_heredoc(const struct words_reader *reader)
{
    return peek(reader, 0) == '<' && peek(reader, 1) == '<' && peek(reader, 2) != '<' &&
           (reader->at == 0 || reader->text[reader->at - 1] != '<');
}

static struct word read_word(struct words_reader *reader)
{
    struct word word = {.at = reader->text + reader->at};

    while (!is_end(reader) && !is_blank(peek(reader, 0))) {
        if (announces_heredoc(reader) && reader->heredocs == 0)
            reader->heredocs = reader->at + 1;
        move_to(reader, reader->at + piece_size(reader));
    }
    word.size = (size_t)(reader->text + reader->at - word.at);
    return word;
}

/* Goes behind blanks, lines that go on, and a comment. */
static void skip_blanks(struct words_reader *reader)
{
    for (;;) {
        size_t at = reader->at;

        if (is_blank(peek(reader, 0)))
            at++;
        else if (peek(reader, 0) == '\\' && peek(reader, 1) == '\n')
            at += 2;
        else
            break;
        move_to(reader, at);
    }
    if (peek(reader, 0) == '#') {
        size_t end = line_end(reader->text, reader->size, reader->at);

        move_to(reader, end > reader->at && reader->text[end - 1] == '\n' ? end - 1 : end);
    }
}

/* Reads what ends a here-document, behind its "<<". Returns its length; 0: none. */
static size_t read_delimiter(const struct words_reader *reader, size_t *at,
                             char delimiter[DELIMITER_MAX])
{
    size_t n = 0;

    while (*at < reader->size && (reader->text[*at] == '-' || is_blank(reader->text[*at])))
        ++*at;
    for (; *at < reader->size && n < DELIMITER_MAX - 1; ++*at) {
        char c = reader->text[*at];

        if (is_blank(c) || c == '\0' || strchr("\n;&|()<>`", c) != NULL)
            break;
        if (strchr("\\\"'", c) == NULL)
            delimiter[n++] = c;
    }
    delimiter[n] = '\0';
    return n;
}

/* The line behind the here-document that begins at `at`; `at` where it does not end. */
static size_t heredoc_end(const struct words_reader *reader, size_t at, const char *delimiter,
                          size_t n)
{
    for (size_t line = at, end; line < reader->size; line = end) {
        size_t first = line;

        end = line_end(reader->text, reader->size, line);
        while (first < end && reader->text[first] == '\t')
            first++;
        if (line_begins(reader->text, first, end, delimiter) &&
            (first + n == end || strchr("\r\n", reader->text[first + n]) != NULL))
            return end;
    }
    return at;
}

/* Goes behind the here-documents that the line before announced, and our blocks. */
static void begin_line(struct words_reader *reader)
{
    size_t line = reader->at, at = line;
    char delimiter[DELIMITER_MAX];

    for (size_t i = reader->heredocs; i > 0 && i + 1 < line; i++) {
        const char *sign = memmem(reader->text + i - 1, line - i + 1, "<<", 2);
        size_t n;

        if (sign == NULL)
            break;
        i = (size_t)(sign - reader->text) + 2;
        n = read_delimiter(reader, &i, delimiter);
        if (n > 0)
            at = heredoc_end(reader, at, delimiter, n);
    }
    reader->heredocs = 0;
    move_to(reader, block_end(reader, at));
}

bool words_next(struct words_reader *reader, struct words *words)
{
    if (reader->at == reader->size)
        return false;
    words->n = 0;
    for (;;) {
        struct word word;

        skip_blanks(reader);
        if (words->n == 0)
            words->line = reader->line;
        if (is_end(reader))
            break;
        word = read_word(reader);
        if (words->n < WORDS_MAX)
            words->word[words->n++] = word;
    }
    words->end = peek(reader, 0);
    if (reader->at < reader->size)
        move_to(reader, reader->at + 1);
    if (words->end == '\n')
        begin_line(reader);
    return true;
}
