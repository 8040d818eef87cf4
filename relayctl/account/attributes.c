/* SPDX-License-Identifier: MIT */
/* Copies all that a file has besides its text, or says that it cannot. A file that lost its ACL or
 * its label would still read well, and fail its owner long after. So what was copied is compared in
 * the end, and the kernel's word for a copy is not enough. */
#include "config.h"

#include "relayctl/account/attributes.h"

#include "relayd/base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The names of a file's attributes, each with its NUL. */
struct names {
    char *bytes;
    size_t size;
};

struct value {
    char *bytes;
    size_t size;
};

static int read_names(int fd, struct names *names)
{
    ssize_t n = flistxattr(fd, NULL, 0);

    names->bytes = NULL;
    names->size = 0;
    if (n < 0)
        return errno == ENOTSUP ? 0 : -errno;
    names->bytes = malloc((size_t)n + 1);
    if (names->bytes == NULL)
        return -ENOMEM;
    n = flistxattr(fd, names->bytes, (size_t)n);
    if (n < 0)
        return -errno;
    names->size = (size_t)n;
    return 0;
}

/* Returns 0 or -errno: -ENODATA where there is none of that name. */
static int read_value(int fd, const char *name, struct value *value)
{
    ssize_t n = fgetxattr(fd, name, NULL, 0);

    value->bytes = NULL;
    value->size = 0;
    if (n < 0)
        return -errno;
    value->bytes = malloc((size_t)n + 1);
    if (value->bytes == NULL)
        return -ENOMEM;
    n = fgetxattr(fd, name, value->bytes, (size_t)n);
    if (n < 0)
        return -errno;
    value->size = (size_t)n;
    return 0;
}

static bool has_name(const struct names *names, const char *name)
{
    for (size_t at = 0; at < names->size; at += strlen(names->bytes + at) + 1) {
        if (strcmp(names->bytes + at, name) == 0)
            return true;
    }
    return false;
}

/* Whether the file at fd has that very value. */
static bool has_value(int fd, const char *name, const struct value *value)
{
    struct value got;
    bool is_same = read_value(fd, name, &got) == 0 && got.size == value->size &&
                   (got.size == 0 || memcmp(got.bytes, value->bytes, got.size) == 0);

    free(got.bytes);
    return is_same;
}

/* One that cannot be set is no failure where the new file has it already: SELinux gives a label. */
static int copy_one(int from, int to, const char *name)
{
    struct value value;
    int r = read_value(from, name, &value);

    if (r == 0 && !has_value(to, name, &value) &&
        fsetxattr(to, name, value.bytes, value.size, 0) < 0)
        r = -errno;
    if (r == 0 && !has_value(to, name, &value))
        r = -EIO;
    free(value.bytes);
    return r;
}

static int complain(char *why, size_t size, int error, const char *name)
{
    utf8_format(why, size, "its attribute %s cannot be kept (%s)", name, strerror(-error));
    return error;
}

static int copy_names(int from, int to, const struct names *names, char *why, size_t size)
{
    for (size_t at = 0; at < names->size; at += strlen(names->bytes + at) + 1) {
        int r = copy_one(from, to, names->bytes + at);

        if (r < 0)
            return complain(why, size, r, names->bytes + at);
    }
    return 0;
}

/* Takes away what `to` has and `from` has not. */
static int drop_others(int to, const struct names *names, char *why, size_t size)
{
    struct names got;
    int r = read_names(to, &got);

    for (size_t at = 0; r == 0 && at < got.size; at += strlen(got.bytes + at) + 1) {
        if (!has_name(names, got.bytes + at) && fremovexattr(to, got.bytes + at) < 0)
            r = complain(why, size, -errno, got.bytes + at);
    }
    free(got.bytes);
    return r;
}

static int copy_xattrs(int from, int to, char *why, size_t size)
{
    struct names names;
    int r = read_names(from, &names);

    if (r == 0)
        r = drop_others(to, &names, why, size);
    if (r == 0)
        r = copy_names(from, to, &names, why, size);
    free(names.bytes);
    return r;
}

static int copy_owner(const struct stat *from, int to, char *why, size_t size)
{
    struct stat st;

    if (fstat(to, &st) < 0)
        return -errno;
    if ((st.st_uid != from->st_uid || st.st_gid != from->st_gid) &&
        fchown(to, from->st_uid, from->st_gid) < 0) {
        utf8_format(why, size, "its owner or group cannot be kept (%s)", strerror(errno));
        return -EPERM;
    }
    return 0;
}

static int copy_mode(const struct stat *from, int to, char *why, size_t size)
{
    struct stat st;

    if (fchmod(to, from->st_mode & 07777) < 0 || fstat(to, &st) < 0)
        return -errno;
    if (st.st_mode != from->st_mode || st.st_uid != from->st_uid || st.st_gid != from->st_gid) {
        utf8_format(why, size, "its mode cannot be kept");
        return -EPERM;
    }
    return 0;
}

/* The owner comes first, for a change of owner takes bits from the mode; and the mode behind the
 * ACL, which is a part of it. */
int attributes_copy(int from, int to, char *why, size_t size)
{
    struct stat st;
    int r;

    why[0] = '\0';
    r = fstat(from, &st) < 0 ? -errno : copy_owner(&st, to, why, size);
    if (r == 0)
        r = copy_xattrs(from, to, why, size);
    if (r == 0)
        r = copy_mode(&st, to, why, size);
    if (r < 0 && why[0] == '\0')
        utf8_format(why, size, "what it has besides its text cannot be kept (%s)", strerror(-r));
    return r;
}
