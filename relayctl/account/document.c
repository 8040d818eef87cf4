/* SPDX-License-Identifier: MIT */
/* A file of the person's. Nothing here trusts the moment: each step that can fail comes before the
 * one rename that changes anything, and what came before it is taken back. */
#include "config.h"

#include "relayctl/account/document.h"

#include "relayctl/account/attributes.h"
#include "relayctl/account/dirs.h"
#include "relayctl/account/obstacle.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TEMPORARY ".relayd."
#define RANDOM_DIGITS 8
#define OLD_SECONDS (10 * 60) /* a temporary file whose writer has gone */

static int refuse(struct document *document, int error, const char *why)
{
    utf8_format(document->why_not, sizeof(document->why_not), "%s", why);
    return error;
}

static int fail(struct document *document, int error, const char *what)
{
    if (document->why_not[0] == '\0')
        utf8_format(document->why_not, sizeof(document->why_not), "%s (%s)", what,
                    strerror(-error));
    return error;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reads all of fd, whose size st tells. Returns 0 or -errno: -EAGAIN where it changes meanwhile. */
static int read_text(struct document *document, int fd)
{
    size_t size = (size_t)document->st.st_size;
    struct stat st;
    ssize_t n;

    document->text = malloc(size + 2);
    if (document->text == NULL)
        return -ENOMEM;
    while ((n = read(fd, document->text + document->size, size + 1 - document->size)) > 0) {
        document->size += (size_t)n;
        if (document->size > size)
            return -EAGAIN;
    }
    if (n < 0)
        return -errno;
    document->text[document->size] = '\0';
    if (fstat(fd, &st) < 0)
        return -errno;
    return document->size == size && is_same(&st, &document->st) ? 0 : -EAGAIN;
}

/* Opens what lstat(2) found, and nothing else: a device or a pipe is not touched. */
static int read_file(struct document *document)
{
    struct stat st;
    int fd, r;

    if (S_ISLNK(document->st.st_mode))
        return refuse(document, -ELOOP, "it is a symlink");
    if (!S_ISREG(document->st.st_mode))
        return refuse(document, -EINVAL, "it is no regular file");
    if (document->st.st_size > DOCUMENT_MAX)
        return refuse(document, -EFBIG, "it is larger than any shell's file");
    fd = open(document->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return fail(document, -errno, "it cannot be read");
    r = fstat(fd, &st) < 0 ? -errno : is_same(&st, &document->st) ? 0 : -EAGAIN;
    if (r == 0)
        r = read_text(document, fd);
    if (r == 0)
        obstacle_in_file(fd, &st, document->uid, document->path, document->why_not,
                         sizeof(document->why_not));
    close(fd);
    if (r == -EAGAIN)
        return refuse(document, r, "it changes while it is read");
    return r < 0 ? fail(document, r, "it cannot be read") : 0;
}

static int read_nothing(struct document *document)
{
    document->text = calloc(1, 1);
    return document->text != NULL ? 0 : fail(document, -ENOMEM, "it cannot be read");
}

int document_read(struct document *document, const char *path, const char *root, uid_t uid)
{
    int r;

    memset(document, 0, sizeof(*document));
    document->uid = uid;
    document->root_size = strcmp(root, "/") != 0 ? strlen(root) : 0;
    document->path = strdup(path);
    if (document->path == NULL)
        return fail(document, -ENOMEM, "it cannot be read");
    r = obstacle_in_dirs(document->path, document->root_size, uid, &document->dirs_missing,
                         document->why_not, sizeof(document->why_not));
    if (r < 0)
        return r;
    if (document->dirs_missing > 0 || lstat(path, &document->st) < 0)
        return document->dirs_missing > 0 || errno == ENOENT
                   ? read_nothing(document)
                   : fail(document, -errno, "it cannot be read");
    document->exists = true;
    return read_file(document);
}

void document_fini(struct document *document)
{
    free(document->path);
    free(document->text);
    document->path = document->text = NULL;
}

/* Whether what is there is still what was read. Returns 0 or -errno. */
static int check_unchanged(struct document *document)
{
    struct stat st;

    if (lstat(document->path, &st) < 0)
        return errno == ENOENT && !document->exists
                   ? 0
                   : refuse(document, -EBUSY, "it went away meanwhile");
    if (!document->exists)
        return refuse(document, -EBUSY, "somebody else made it meanwhile");
    return is_same(&st, &document->st) ? 0 : refuse(document, -EBUSY, "it changed meanwhile");
}

/* A change on its way: what was made for it so far, to be taken back if it fails. */
struct draft {
    char dir[PATH_MAX];   /* of the file */
    const char *name;     /* the file's, in it */
    int dir_fd, fd;       /* of the directory, of the temporary file */
    char temporary[NAME_MAX + 1]; /* "": there is none */
    int dirs_made;
};

/* Whether name is that of a temporary file for the document. */
static bool is_temporary(const char *name, const char *of)
{
    size_t n = strlen(of);

    return name[0] == '.' && strncmp(name + 1, of, n) == 0 &&
           strncmp(name + 1 + n, TEMPORARY, strlen(TEMPORARY)) == 0 &&
           strlen(name + 1 + n) == strlen(TEMPORARY) + RANDOM_DIGITS;
}

/* Removes what writers left that were killed. */
static void remove_old(const struct draft *draft, uid_t uid)
{
    int fd = openat(draft->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    struct stat st;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (is_temporary(entry->d_name, draft->name) &&
            fstatat(draft->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_uid == uid && st.st_ctime < time(NULL) - OLD_SECONDS)
            unlinkat(draft->dir_fd, entry->d_name, 0);
    }
    if (dir != NULL)
        closedir(dir);
    else
        close_fd(fd);
}

/* Makes the temporary file, closed to others until it is dressed. */
static int make_temporary(struct draft *draft)
{
    unsigned number;
    int n;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return -EIO;
    n = snprintf(draft->temporary, sizeof(draft->temporary), ".%s" TEMPORARY "%08x", draft->name,
                 number);
    draft->fd = n < (int)sizeof(draft->temporary)
                    ? openat(draft->dir_fd, draft->temporary,
                             O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)
                    : -1;
    if (draft->fd >= 0)
        return 0;
    draft->temporary[0] = '\0';
    return n < (int)sizeof(draft->temporary) ? -errno : -ENAMETOOLONG;
}

static int draft_begin(struct draft *draft, struct document *document)
{
    int r;

    strcpy(draft->dir, document->path);
    dirs_up(draft->dir);
    draft->name = strrchr(document->path, '/') + 1;
    r = dirs_make(draft->dir, document->dirs_missing, &draft->dirs_made);
    if (r < 0)
        return fail(document, r, "its directory cannot be made");
    draft->dir_fd = open(draft->dir[0] != '\0' ? draft->dir : "/",
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (draft->dir_fd < 0)
        return fail(document, -errno, "its directory cannot be read");
    remove_old(draft, document->uid);
    r = make_temporary(draft);
    return r < 0 ? fail(document, r, "no file can be made beside it") : 0;
}

static int draft_fill(struct draft *draft, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(draft->fd, text, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Gives the draft all that the file has besides its text; mode is for a new one. */
static int draft_dress(struct draft *draft, struct document *document, mode_t mode)
{
    struct stat st;
    int fd, r;

    if (!document->exists)
        return fchmod(draft->fd, mode) < 0 ? -errno : 0;
    fd = openat(draft->dir_fd, draft->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !is_same(&st, &document->st))
        r = refuse(document, -EBUSY, "it changed meanwhile");
    else
        r = attributes_copy(fd, draft->fd, document->why_not, sizeof(document->why_not));
    close(fd);
    return r;
}

/* Makes the draft the file. Where there was none nothing is replaced, as far as the file system can
 * tell in the same moment. */
static int draft_publish(struct draft *draft, struct document *document)
{
    int r = check_unchanged(document);

    if (r < 0)
        return r;
    if (!document->exists) {
        if (syscall(SYS_renameat2, draft->dir_fd, draft->temporary, draft->dir_fd, draft->name,
                    RENAME_NOREPLACE) == 0)
            return 0;
        if (errno == EEXIST)
            return refuse(document, -EBUSY, "somebody else made it meanwhile");
        if (errno != EINVAL && errno != ENOSYS)
            return -errno;
    }
    return renameat(draft->dir_fd, draft->temporary, draft->dir_fd, draft->name) < 0 ? -errno : 0;
}

/* Takes back what is not published. */
static void draft_end(struct draft *draft, const struct document *document, bool is_published)
{
    if (!is_published && draft->temporary[0] != '\0')
        unlinkat(draft->dir_fd, draft->temporary, 0);
    close_fd(draft->fd);
    close_fd(draft->dir_fd);
    if (!is_published)
        dirs_remove(draft->dir, document->root_size, draft->dirs_made);
}

/* Takes over what is published; its name is on the disk too then. */
static void adopt(struct document *document, const struct draft *draft, char *text, size_t size)
{
    free(document->text);
    document->text = text;
    document->size = size;
    document->exists = true;
    document->dirs_missing = 0;
    fsync(draft->dir_fd);
    fstat(draft->fd, &document->st);
}

int document_write(struct document *document, const char *text, size_t size, mode_t mode)
{
    struct draft draft = {.dir_fd = -1, .fd = -1};
    char *copy = malloc(size + 1);
    int r = copy == NULL ? -ENOMEM : document->why_not[0] != '\0' ? -EPERM : 0;

    if (r == 0)
        r = check_unchanged(document);
    if (r == 0)
        r = draft_begin(&draft, document);
    if (r == 0)
        r = draft_fill(&draft, text, size);
    if (r == 0)
        r = draft_dress(&draft, document, mode);
    if (r == 0)
        r = fsync(draft.fd) < 0 ? -errno : 0;
    if (r == 0)
        r = draft_publish(&draft, document);
    if (r == 0) {
        memcpy(copy, text, size);
        copy[size] = '\0';
        adopt(document, &draft, copy, size);
    } else {
        free(copy);
        fail(document, r, "it cannot be written");
    }
    draft_end(&draft, document, r == 0);
    return r;
}

/* Flushes the names in the directory that path is in. */
static void flush_dir(char *path)
{
    int fd;

    dirs_up(path);
    fd = open(path[0] != '\0' ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        fsync(fd);
    close_fd(fd);
}

int document_remove(struct document *document, int dirs)
{
    char dir[PATH_MAX];
    int r = document->why_not[0] != '\0' ? -EPERM : check_unchanged(document);

    if (r == 0 && document->exists && unlink(document->path) < 0)
        r = -errno;
    if (r < 0)
        return fail(document, r, "it cannot be removed");
    strcpy(dir, document->path);
    flush_dir(dir);
    dirs_remove(dir, document->root_size, dirs);
    document->exists = false;
    document->size = 0;
    document->text[0] = '\0';
    return 0;
}
