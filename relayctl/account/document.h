/* SPDX-License-Identifier: MIT */
/*
 * A file of the person's. It is read once. It is written to a temporary file beside it, which gets
 * its owner, its mode and every extended attribute (ACL, SELinux's label), is flushed to the disk,
 * and is renamed over it, only while the file is still the one that was read: device, inode, size,
 * mtime and ctime. So it is never half written, and what somebody else changed meanwhile stays.
 */
#ifndef RELAYCTL_DOCUMENT_H
#define RELAYCTL_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define DOCUMENT_MAX (1024 * 1024)

struct document {
    char *path; /* absolute; owned */
    char *text; /* owned; "" where there is no file */
    size_t size;
    bool exists;
    int dirs_missing;   /* directories above that would have to be made */
    size_t root_size;   /* of path, the part that is root */
    uid_t uid;          /* whose it is to be */
    struct stat st;     /* as read */
    char why_not[160];  /* "": may be changed; else why it is left alone, to go behind "because":
                         * "it is a symlink" */
};

/* Reads path, which is below root (see account_root()). Returns 0, or -errno with why_not
 * set: unreadable, over DOCUMENT_MAX, no regular file, -ELOOP for a symlink.
 * why_not is set as well, with the text read, for a hard link; a mount point; a file or directory
 * that is not writable by its mode or not uid's; an immutable one; a symlink among the directories
 * below root; a read-only file system. The caller must document_fini() in any case. */
int document_read(struct document *document, const char *path, const char *root, uid_t uid);
void document_fini(struct document *document);

/* Replaces the file's text. Where there is no file it is made, with that mode, and the directories
 * above: 0700 for .ssh, else 0755 less the umask. Afterwards document is as if it were read again.
 * Returns 0, or -errno with why_not set: nothing was changed, no temporary file and no new
 * directory is left. -EBUSY: it changed since it was read.
 * A process that is killed in the middle leaves at most a temporary file, .NAME.relayd.XXXXXXXX,
 * which a later document_write() of the same file removes when it is old. */
int document_write(struct document *document, const char *text, size_t size, mode_t mode);

/* Removes the file, and so many directories above it, below root, as far as they are empty. Checked
 * and returned as for document_write(). */
int document_remove(struct document *document, int dirs);

#endif
