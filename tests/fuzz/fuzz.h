/* SPDX-License-Identifier: MIT */
/*
 * What every fuzzer shares: its one function, how it says that something is broken, and how it
 * takes decisions from its input. Past the end of the input all is 0, so that each prefix of an
 * input is an input too.
 */
#ifndef RELAYD_FUZZ_H
#define RELAYD_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each fuzzer defines this: one run. It returns 0, frees what it took, and does the same for the
 * same bytes whatever ran before. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for every input. It is looked at in every build, unlike assert(). */
#define fuzz_must(condition) \
    ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))

static inline _Noreturn void fuzz_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}

/* What is left of the input. */
struct fuzz_input {
    const uint8_t *p;
    size_t n;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->p++;
}

/* Big-endian, which a person reads in a dump. */
static inline uint64_t fuzz_number(struct fuzz_input *in, size_t bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | fuzz_byte(in);
    return value;
}

/* At most n bytes, as many as are left. */
static inline struct fuzz_input fuzz_take(struct fuzz_input *in, size_t n)
{
    struct fuzz_input taken = {in->p, n < in->n ? n : in->n};

    in->p += taken.n;
    in->n -= taken.n;
    return taken;
}

/* What is left up to the byte `end`, which is left out. */
static inline struct fuzz_input fuzz_until(struct fuzz_input *in, uint8_t end)
{
    const uint8_t *found = in->n == 0 ? NULL : memchr(in->p, end, in->n);
    struct fuzz_input taken = fuzz_take(in, found == NULL ? in->n : (size_t)(found - in->p));

    fuzz_byte(in);
    return taken;
}

/* A copy with nothing behind it, so that the sanitizers see each read past the end. */
static inline uint8_t *fuzz_copy(const void *p, size_t n)
{
    uint8_t *copy = malloc(n);

    fuzz_must(copy != NULL || n == 0);
    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}

/* A string of what is left, up to its first NUL. */
static inline char *fuzz_string(struct fuzz_input in)
{
    char *string = strndup(in.n == 0 ? "" : (const char *)in.p, in.n);

    fuzz_must(string != NULL);
    return string;
}

/* AddressSanitizer's, where it is linked. */
void __asan_poison_memory_region(const volatile void *at, size_t size) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *at, size_t size) __attribute__((weak));

/* The rest of the buffer that was filled last. */
static struct {
    void *at;
    size_t size;
} fuzz_closed __attribute__((unused));

/* Whoever filled a buffer on somebody's stack must call this when that function has returned: not
 * every compiler leaves its frame as clean as it found it. */
static inline void fuzz_open(void)
{
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(fuzz_closed.at, fuzz_closed.size);
    fuzz_closed.size = 0;
}

/* Fills the beginning of a buffer of `room` bytes; nobody may read the rest until fuzz_open().
 * Returns how many bytes fitted. */
static inline size_t fuzz_fill(void *buffer, size_t room, struct fuzz_input in)
{
    size_t n = in.n < room ? in.n : room;

    fuzz_open();
    if (n > 0)
        memcpy(buffer, in.p, n);
    fuzz_closed.at = (char *)buffer + n;
    fuzz_closed.size = room - n;
    if (__asan_poison_memory_region != NULL)
        __asan_poison_memory_region(fuzz_closed.at, fuzz_closed.size);
    return n;
}

/* What is printed, kept in memory from run to run. Zeroed, it is new. */
struct fuzz_sheet {
    FILE *file;
    char *text;
    size_t size; /* of text, which has a NUL behind it */
};

/* Begins an empty one. */
static inline FILE *fuzz_sheet_begin(struct fuzz_sheet *sheet)
{
    if (sheet->file == NULL)
        sheet->file = open_memstream(&sheet->text, &sheet->size);
    fuzz_must(sheet->file != NULL);
    rewind(sheet->file);
    return sheet->file;
}

/* Makes text and size those of what was printed. */
static inline void fuzz_sheet_end(struct fuzz_sheet *sheet)
{
    fuzz_must(putc('\0', sheet->file) == '\0' && fflush(sheet->file) == 0);
    sheet->size--;
}

#endif
