/* SPDX-License-Identifier: MIT */
/* Check runs each test in a process of its own: the parent makes the directory of
 * the whole case and removes it, each test makes its own below that. */
#include "config.h"

#include "tests/unit/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a socket's path leaves for the directory, names and all. */
#define TMPDIR_MAX 40

static char base[128], dir[160];

static void make_base(void)
{
    const char *tmp = getenv("TMPDIR");

    if (tmp == NULL || tmp[0] != '/' || strlen(tmp) > TMPDIR_MAX)
        tmp = "/tmp";
    snprintf(base, sizeof(base), "%s/unit.XXXXXX", tmp);
    ck_assert_ptr_nonnull(mkdtemp(base));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void remove_base(void)
{
    nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_dir(void)
{
    snprintf(dir, sizeof(dir), "%s/XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    /* Without the symlinks that may be in TMPDIR: so paths are kept that are registered. */
    ck_assert_ptr_nonnull(getcwd(dir, sizeof(dir)));
}

void scratch_add(TCase *tcase)
{
    tcase_add_unchecked_fixture(tcase, make_base, remove_base);
    tcase_add_checked_fixture(tcase, make_dir, NULL);
}

const char *scratch_path(const char *name)
{
    static char paths[16][256];
    static unsigned i;
    char *path = paths[i++ % 16];

    ck_assert_int_lt(snprintf(path, sizeof(paths[0]), "%s/%s", dir, name), sizeof(paths[0]));
    return path;
}

void scratch_write(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

char *scratch_read(const char *path, size_t *n)
{
    FILE *file = fopen(path, "r");
    struct stat st;
    char *text;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &st), 0);
    text = malloc((size_t)st.st_size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)st.st_size, file), st.st_size);
    text[st.st_size] = '\0';
    fclose(file);
    if (n != NULL)
        *n = (size_t)st.st_size;
    return text;
}

unsigned scratch_mode(const char *path)
{
    struct stat st;

    ck_assert_int_eq(lstat(path, &st), 0);
    return st.st_mode & 07777;
}
