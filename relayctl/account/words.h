/* SPDX-License-Identifier: MIT */
/*
 * The simple commands of a shell's file, one after the other, as words. It is no shell: what a
 * person would call a command is one, also inside of $(...), `...` and (...), and between the words
 * of compound commands ("if", "then" and "{" are words). Comments, here-documents and our own
 * blocks are left out. Text in quotes is part of its word, quotes and all.
 */
#ifndef RELAYCTL_WORDS_H
#define RELAYCTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX 64

struct word {
    const char *at; /* into the text */
    size_t size;
};

struct words {
    int line;  /* of the first word, from 1 */
    size_t n;  /* 0: nothing stands between two ends */
    struct word word[WORDS_MAX]; /* more are dropped */
    char end;  /* what ended the command: \n ; & | ( ) ` or \0 with the text */
};

/* Where a reading is. The text is borrowed. */
struct words_reader {
    const char *text;
    size_t size, at;
    int line;
    size_t heredocs; /* 0, or where the first here-document of this line is announced */
};

void words_open(struct words_reader *reader, const char *text, size_t size);

/* Reads the next command. Returns whether there was one. */
bool words_next(struct words_reader *reader, struct words *words);

bool word_is(const struct word *word, const char *text);
bool word_has(const struct word *word, const char *text);
bool word_begins(const struct word *word, const char *text);

/* Without quotes, a backslash and a path before a command's name: \ln, "/bin/ln". */
struct word word_name(const struct word *word);

#endif
