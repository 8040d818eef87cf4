/* SPDX-License-Identifier: MIT */
/* Text from outside: a label, a path, a command's name. The first byte says how much room there is,
 * the rest is the text. It is read as the C library reads UTF-8; what is made of it for people is
 * printable, and what is made of it for a shell is one word, which the shell reads as the text. */
#include "config.h"

#include "relayctl/shell.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"
#include "tests/fuzz/fuzz.h"

#include <locale.h>
#include <stdbool.h>
#include <wchar.h>

/* --- UTF-8 */

/* The C library's reading: the character, or UTF8_INVALID; *n is how many bytes it has. */
static uint32_t read_letter(const char *at, size_t *n)
{
    mbstate_t state = {0};
    wchar_t c = 0;

    *n = mbrtowc(&c, at, strlen(at), &state);
    if (*n == 0 || *n > 4 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        *n = 1;
        return UTF8_INVALID;
    }
    return (uint32_t)c;
}

/* What may stand in a line, by the words of utf8.h. */
static bool is_printable(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff)
        return false;
    if (c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e))
        return false;
    return !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff && !(c >= 0xfdd0 && c <= 0xfdef) &&
           (c & 0xffff) < 0xfffe;
}

/* Writes the printable form of text, letter by letter, to clean. */
static void check_letters(const char *text, char *clean)
{
    size_t n;

    while (*text != '\0') {
        uint32_t c = read_letter(text, &n);
        const char *next = text;
        char bytes[5];

        fuzz_must(utf8_next(&next) == c && (size_t)(next - text) == n);
        fuzz_must(utf8_is_printable(c) == is_printable(c));
        if (c != UTF8_INVALID)
            fuzz_must(utf8_encode(c, bytes) == n && memcmp(bytes, text, n) == 0 && bytes[n] == '\0');
        if (is_printable(c))
            memcpy(clean, text, n);
        else
            *clean = '?';
        clean += is_printable(c) ? n : 1;
        text = next;
    }
    *clean = '\0';
}

/* A copy that is cut is a beginning; it has all that there is room for, but for one letter. */
static void check_copy(const char *text, const char *clean, size_t room)
{
    char *copy = malloc(room), *formatted = malloc(room);

    fuzz_must(copy != NULL && formatted != NULL);
    fuzz_must(utf8_copy(copy, room, text) == copy);
    fuzz_must(strlen(copy) < room && utf8_is_clean(copy));
    fuzz_must(strncmp(copy, clean, strlen(copy)) == 0);
    if (strlen(text) < room)
        fuzz_must(strcmp(copy, clean) == 0);
    else if (strcmp(text, clean) == 0)
        fuzz_must(strlen(copy) + 4 >= room);
    utf8_format(formatted, room, "%.2s%s", text, strlen(text) < 2 ? "" : text + 2);
    fuzz_must(strcmp(formatted, copy) == 0);
    free(copy);
    free(formatted);
}

static void check_utf8(const char *text, size_t room)
{
    char *clean = malloc(strlen(text) + 1), *cleaned = strdup(text);

    fuzz_must(clean != NULL && cleaned != NULL);
    check_letters(text, clean);
    utf8_clean(cleaned);
    fuzz_must(strcmp(clean, cleaned) == 0 && utf8_is_clean(cleaned));
    fuzz_must(utf8_is_clean(text) == (strcmp(text, clean) == 0));
    check_copy(text, clean, room);
    free(clean);
    free(cleaned);
}

/* --- shells */

/* Reads a word as the shell does, and puts the value in its place. Returns false where it is more
 * than one word, or is not finished. */
static bool unquote(char *word, enum shell shell)
{
    static const char harmless[] = "/._-+:@%,";
    bool is_quoted = false;
    char *out = word;

    for (; *word != '\0'; word++) {
        bool is_letter = (*word >= '0' && *word <= '9') || (*word >= 'a' && *word <= 'z') ||
                         (*word >= 'A' && *word <= 'Z') || (unsigned char)*word >= 0x80;

        if (*word == '\'' && shell != SHELL_CSH) {
            is_quoted = !is_quoted;
            continue;
        }
        if (*word == '\\' && (!is_quoted || (shell == SHELL_FISH && strchr("\\'", word[1]) != NULL)))
            word++;
        else if (!is_quoted && !is_letter && strchr(harmless, *word) == NULL)
            return false;
        if (*word == '\0')
            return false;
        *out++ = *word;
    }
    *out = '\0';
    return !is_quoted;
}

static void check_shell(const char *text, enum shell shell)
{
    static struct fuzz_sheet sheet;
    FILE *file = fuzz_sheet_begin(&sheet);

    shell_put(file, shell, text);
    fuzz_sheet_end(&sheet);
    fuzz_must(strlen(sheet.text) == sheet.size);
    if (shell_can_read(shell, text))
        fuzz_must(unquote(sheet.text, shell) && strcmp(sheet.text, text) == 0);
}

/* --- numbers */

static void check_numbers(const char *text)
{
    uint64_t value = 0;
    double seconds = -1;
    char again[32];

    if (parse_u64(text, &value) == 0) {
        snprintf(again, sizeof(again), "%llu", (unsigned long long)value);
        fuzz_must(text[strspn(text, "0123456789")] == '\0');
        fuzz_must(strcmp(text + strspn(text, "0"), value == 0 ? "" : again) == 0);
    }
    if (parse_duration(text, &seconds) == 0)
        fuzz_must(seconds >= 0 && seconds <= 366 * 86400.0 && text[0] != '\0');
    else
        fuzz_must(seconds == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    size_t room = 1 + fuzz_byte(&in) % 64;
    char *text = fuzz_string(in);

    setlocale(LC_CTYPE, "C.UTF-8");
    check_utf8(text, room);
    check_shell(text, SHELL_SH);
    check_shell(text, SHELL_CSH);
    check_shell(text, SHELL_FISH);
    check_numbers(text);
    free(text);
    return 0;
}
