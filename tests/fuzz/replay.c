/* SPDX-License-Identifier: MIT */
/* The main of a fuzzer where there is no libFuzzer: it gives it the inputs of its corpus, and says
 * so in TAP. So what was found once is looked for by `make check`, with any compiler. Inputs that
 * are named are given instead: that shows one finding again, in a debugger too. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <err.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

/* What hangs is killed; nothing here takes a second. */
#define PATIENCE 600

static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    uint8_t *bytes = NULL;
    size_t cap = 0;

    if (file == NULL)
        err(EXIT_FAILURE, "%s", path);
    *size = 0;
    while (!feof(file)) {
        cap += 65536;
        bytes = realloc(bytes, cap);
        if (bytes == NULL)
            err(EXIT_FAILURE, "%s", path);
        *size += fread(bytes + *size, 1, cap - *size, file);
        if (ferror(file) != 0)
            err(EXIT_FAILURE, "%s", path);
    }
    fclose(file);
    return bytes;
}

static void replay(const char *path)
{
    uint8_t *bytes, *exact;
    size_t size;

    /* The last one named is the one that did it. */
    printf("# %s\n", path);
    fflush(stdout);
    bytes = slurp(path, &size);
    exact = fuzz_copy(bytes, size);
    free(bytes);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Returns how many inputs there are. */
static int replay_corpus(const char *name)
{
    const char *srcdir = getenv("srcdir");
    char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
    struct dirent **entries;
    int n;

    snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", srcdir == NULL ? "." : srcdir, name);
    n = scandir(folder, &entries, is_input, alphasort);
    if (n < 0)
        err(EXIT_FAILURE, "%s (srcdir names the top of the sources)", folder);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        replay(path);
        free(entries[i]);
    }
    free(entries);
    return n;
}

int main(int argc, char **argv)
{
    const char *name = strstr(basename(argv[0]), "fuzz_");
    int n = argc - 1;

    alarm(PATIENCE);
    printf("1..1\n");
    if (name == NULL)
        errx(EXIT_FAILURE, "%s: not named as a fuzzer", argv[0]);
    name += strlen("fuzz_");
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc == 1)
        n = replay_corpus(name);
    printf("%s 1 - %s: %d inputs\n", n > 0 ? "ok" : "not ok", name, n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
