/* SPDX-License-Identifier: MIT */
/* A file of the person's: it keeps all that it had, is whole or as it was, and nothing is left
 * beside it. */
#include "config.h"

#include "relayctl/account/dirs.h"
#include "relayctl/account/document.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
/* Later than sys/mount.h, of whose words older ones make macros. */
#include <linux/fs.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEW "new text\n"

/* What the document is given by the system, where a test wants it otherwise. */
static struct {
    int fsync_error;
    int n_fsyncs, n_fsyncs_at_rename;
    const char *appears; /* a file that somebody makes just before the rename */
    time_t later;
} stage;

int __wrap_fsync(int fd);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
long __wrap_syscall(long number, int from_fd, const char *from, int to_fd, const char *to, int flags);
time_t __wrap_time(time_t *now);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
long __real_syscall(long number, int from_fd, const char *from, int to_fd, const char *to, int flags);
time_t __real_time(time_t *now);

int __wrap_fsync(int fd)
{
    stage.n_fsyncs++;
    errno = stage.fsync_error;
    return stage.fsync_error == 0 ? 0 : -1;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    stage.n_fsyncs_at_rename = stage.n_fsyncs;
    return __real_renameat(from_fd, from, to_fd, to);
}

long __wrap_syscall(long number, int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    stage.n_fsyncs_at_rename = stage.n_fsyncs;
    if (stage.appears != NULL)
        scratch_write(stage.appears, "other", 5);
    return __real_syscall(number, from_fd, from, to_fd, to, flags);
}

time_t __wrap_time(time_t *now)
{
    return __real_time(now) + stage.later;
}

static struct document document;

/* The test's directory. */
static const char *find_root(void)
{
    static char root[256];

    snprintf(root, sizeof(root), "%s", scratch_path("x"));
    root[strlen(root) - 2] = '\0';
    return root;
}

/* Reads name, in the test's directory. */
static int read_file(const char *name)
{
    return document_read(&document, scratch_path(name), find_root(), geteuid());
}

static int write_it(mode_t mode)
{
    return document_write(&document, NEW, strlen(NEW), mode);
}

static void make(const char *name, const char *text, mode_t mode)
{
    scratch_write(scratch_path(name), text, strlen(text));
    ck_assert_int_eq(chmod(scratch_path(name), mode), 0);
}

static void check_text(const char *name, const char *wanted)
{
    char *text = scratch_read(scratch_path(name), NULL);

    ck_assert_str_eq(text, wanted);
    free(text);
}

static int count_entries(const char *dir)
{
    DIR *entries = opendir(scratch_path(dir));
    int n = 0;

    ck_assert_ptr_nonnull(entries);
    while (readdir(entries) != NULL)
        n++;
    closedir(entries);
    return n - 2;
}

static void check_untouched(const char *name, const char *text, int n_entries)
{
    check_text(name, text);
    ck_assert_int_eq(count_entries("."), n_entries);
}

START_TEST(a_text_is_read_whole)
{
    static const char bytes[] = "a\0b\r\n\xff";

    scratch_write("f", bytes, sizeof(bytes) - 1);
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_str_eq(document.why_not, "");
    ck_assert(document.exists);
    ck_assert_uint_eq(document.size, sizeof(bytes) - 1);
    ck_assert(memcmp(document.text, bytes, sizeof(bytes)) == 0);
    document_fini(&document);
}
END_TEST

START_TEST(modes_stay)
{
    static const mode_t modes[] = {0600, 0640, 0755, 0644, 0700, 0666, 04755};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        make("f", "old", modes[i]);
        ck_assert_int_eq(read_file("f"), 0);
        ck_assert_int_eq(write_it(0600), 0);
        check_untouched("f", NEW, 1);
        ck_assert_uint_eq(scratch_mode(scratch_path("f")) & 07777, modes[i] & 07777);
        document_fini(&document);
    }
}
END_TEST

START_TEST(a_group_stays)
{
    struct stat st;

    if (geteuid() != 0)
        return;
    make("f", "old", 0640);
    ck_assert_int_eq(chown("f", 0, 12345), 0);
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_int_eq(write_it(0600), 0);
    ck_assert_int_eq(stat("f", &st), 0);
    ck_assert_uint_eq(st.st_gid, 12345);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    document_fini(&document);
}
END_TEST

/* user::rw-, user:12345:rw-, group::r--, mask::rw-, other::--- */
static const unsigned char acl[] = {
    2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 6, 0, 0x39, 0x30, 0, 0, 4, 0, 4, 0,
    255, 255, 255, 255, 16, 0, 6, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255};

START_TEST(attributes_stay)
{
    char value[256];

    make("f", "old", 0640);
    if (setxattr("f", "user.mine", "a\0b", 3, 0) < 0)
        return;
    ck_assert_int_eq(setxattr("f", "user.empty", "", 0, 0), 0);
    ck_assert_int_eq(setxattr("f", "system.posix_acl_access", acl, sizeof(acl), 0), 0);
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_msg(write_it(0600) == 0, "%s", document.why_not);
    check_untouched("f", NEW, 1);
    ck_assert_int_eq(getxattr("f", "user.mine", value, sizeof(value)), 3);
    ck_assert(memcmp(value, "a\0b", 3) == 0);
    ck_assert_int_eq(getxattr("f", "user.empty", value, sizeof(value)), 0);
    ck_assert_int_eq(getxattr("f", "system.posix_acl_access", value, sizeof(value)), sizeof(acl));
    ck_assert(memcmp(value, acl, sizeof(acl)) == 0);
    ck_assert_uint_eq(scratch_mode("f"), 0660);
    document_fini(&document);
}
END_TEST

/* What a directory hands down to new files, a file that was there before has not. */
START_TEST(nothing_is_inherited)
{
    make("f", "old", 0640);
    if (setxattr(".", "system.posix_acl_default", acl, sizeof(acl), 0) < 0)
        return;
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_int_eq(write_it(0600), 0);
    ck_assert_int_lt(getxattr("f", "system.posix_acl_access", NULL, 0), 0);
    ck_assert_uint_eq(scratch_mode("f"), 0640);
    document_fini(&document);
}
END_TEST

/* The words that begin why_not, and whether the text was read all the same. */
static void check_refused(const char *name, const char *why, bool is_read)
{
    int r = read_file(name);

    ck_assert_msg(strstr(document.why_not, why) != NULL, "%s", document.why_not);
    ck_assert(is_read == (r == 0));
    if (is_read)
        ck_assert_int_lt(write_it(0600), 0);
    document_fini(&document);
}

START_TEST(what_is_in_the_way_is_said)
{
    make("f", "old", 0600);
    ck_assert_int_eq(symlink("f", "s"), 0);
    check_refused("s", "it is a symlink", false);
    ck_assert_int_eq(symlink("nowhere", "d"), 0);
    check_refused("d", "it is a symlink", false);
    ck_assert_int_eq(unlink("s") | unlink("d"), 0);
    ck_assert_int_eq(link("f", "h"), 0);
    check_refused("f", "hard link", true);
    ck_assert_int_eq(unlink("h"), 0);
    ck_assert_int_eq(chmod("f", 0400), 0);
    check_refused("f", "it is read-only", true);
    ck_assert_int_eq(mkfifo("p", 0600), 0);
    check_refused("p", "no regular file", false);
    check_refused("f/x", "is no directory", false);
    check_refused(".", "no regular file", false);
    ck_assert_int_eq(mkdir("dir", 0700) | symlink("dir", "sym"), 0);
    check_refused("sym/x", "is a symlink", true);
    make("dir/x", "old", 0600);
    check_refused("sym/x", "is a symlink", true);
    ck_assert_int_eq(chmod("dir", 0500), 0);
    check_refused("dir/x", "is read-only", true);
    check_refused("dir/y", "is read-only", true);
    ck_assert_int_eq(chmod("dir", 0700), 0);
    ck_assert_int_eq(truncate("f", DOCUMENT_MAX + 1), 0);
    check_refused("f", "larger", false);
    check_text("dir/x", "old");
}
END_TEST

START_TEST(another_users_file_is_left_alone)
{
    if (geteuid() != 0)
        return;
    make("f", "old", 0600);
    ck_assert_int_eq(chown("f", 12345, 0), 0);
    check_refused("f", "another user", true);
    ck_assert_int_eq(mkdir("dir", 0755) | chown("dir", 12345, 0), 0);
    check_refused("dir/x", "another user", true);
}
END_TEST

START_TEST(an_immutable_file_is_left_alone)
{
    int flags = FS_IMMUTABLE_FL, none = 0, fd;

    make("f", "old", 0600);
    fd = open("f", O_RDONLY);
    if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0) {
        read_file("f");
        ioctl(fd, FS_IOC_SETFLAGS, &none);
        ck_assert_ptr_nonnull(strstr(document.why_not, "immutable"));
        document_fini(&document);
    }
    close(fd);
}
END_TEST

/* In a process of its own, for what it mounts. */
static bool can_mount(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

START_TEST(mounts_are_left_alone)
{
    if (!can_mount())
        return;
    make("f o", "old", 0600);
    make("other", "other", 0600);
    ck_assert_int_eq(mount("other", "f o", "none", MS_BIND, NULL), 0);
    check_refused("f o", "mount point", true);
    ck_assert_int_eq(read_file("f o"), 0);
    document.why_not[0] = '\0'; /* as if it were not seen: the kernel refuses the rename */
    ck_assert_int_eq(write_it(0600), -EBUSY);
    document_fini(&document);
    ck_assert_int_eq(umount("f o"), 0);
    check_untouched("f o", "old", 2);
    ck_assert_int_eq(mkdir("dir", 0700), 0);
    ck_assert_int_eq(mount("none", "dir", "tmpfs", MS_RDONLY, NULL), 0);
    check_refused("dir/f", "read-only", true);
    ck_assert_int_eq(umount("dir"), 0);
    make("dir/f", "old", 0600);
    ck_assert_int_eq(mount("dir", "dir", "none", MS_BIND, NULL), 0);
    ck_assert_int_eq(mount("dir", "dir", "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
    check_refused("dir/f", "its directory", true);
    umount("dir");
}
END_TEST

START_TEST(a_full_disk_changes_nothing)
{
    static char large[200 * 1024];

    if (!can_mount())
        return;
    memset(large, 'x', sizeof(large));
    ck_assert_int_eq(mkdir("dir", 0700), 0);
    ck_assert_int_eq(mount("none", "dir", "tmpfs", 0, "size=64k,mode=700"), 0);
    make("dir/f", "old", 0600);
    ck_assert_int_eq(read_file("dir/f"), 0);
    ck_assert_int_eq(document_write(&document, large, sizeof(large), 0600), -ENOSPC);
    ck_assert_ptr_nonnull(strstr(document.why_not, "No space"));
    document_fini(&document);
    check_text("dir/f", "old");
    ck_assert_int_eq(count_entries("dir"), 1);
    ck_assert_int_eq(read_file("dir/a/b"), 0);
    ck_assert_int_eq(document_write(&document, large, sizeof(large), 0600), -ENOSPC);
    document_fini(&document);
    ck_assert_int_eq(count_entries("dir"), 1);
    umount("dir");
}
END_TEST

/* Each way in which somebody else may change it between the reading and the writing. */
START_TEST(what_changed_meanwhile_stays)
{
    static const char *const names[] = {"same size", "replaced", "attribute only", "gone", "symlink"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct timespec times[2];

        unlink("f");
        make("f", "old", 0600);
        ck_assert_int_eq(read_file("f"), 0);
        times[0] = document.st.st_atim;
        times[1] = document.st.st_mtim;
        if (i == 0) {
            make("f", "odd", 0600);
        } else if (i == 1) {
            make("g", "odd", 0600);
            ck_assert_int_eq(rename("g", "f"), 0);
        } else if (i == 2) {
            ck_assert_int_eq(chmod("f", 0644), 0);
        } else if (i == 3) {
            ck_assert_int_eq(unlink("f"), 0);
        } else {
            ck_assert_int_eq(unlink("f") | symlink("x", "f"), 0);
        }
        if (i < 2)
            ck_assert_int_eq(utimensat(AT_FDCWD, "f", times, 0), 0); /* ctime tells */
        ck_assert_msg(write_it(0600) == -EBUSY, "%s: %s", names[i], document.why_not);
        ck_assert_msg(document_remove(&document, 0) < 0, "%s", names[i]);
        if (i < 2)
            check_text("f", "odd");
        ck_assert_int_eq(count_entries("."), i == 3 ? 0 : 1);
        document_fini(&document);
    }
}
END_TEST

START_TEST(a_file_that_appeared_stays)
{
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert(!document.exists);
    make("f", "other", 0600);
    ck_assert_int_eq(write_it(0600), -EBUSY);
    check_untouched("f", "other", 1);
    document_fini(&document);
}
END_TEST

START_TEST(files_and_directories_are_made_and_removed)
{
    umask(022);
    ck_assert_int_eq(read_file(".ssh/rc"), 0);
    ck_assert_int_eq(document.dirs_missing, 1);
    ck_assert_int_eq(write_it(0600), 0);
    check_text(".ssh/rc", NEW);
    ck_assert_uint_eq(scratch_mode(".ssh"), 0700);
    ck_assert_uint_eq(scratch_mode(".ssh/rc"), 0600);
    ck_assert_int_eq(document_remove(&document, 1), 0);
    document_fini(&document);
    ck_assert_int_eq(count_entries("."), 0);

    ck_assert_int_eq(read_file("a/b/c/f"), 0);
    ck_assert_int_eq(document.dirs_missing, 3);
    ck_assert_int_eq(write_it(0644), 0);
    ck_assert_uint_eq(scratch_mode("a/b/c"), 0755);
    ck_assert_uint_eq(scratch_mode("a/b/c/f"), 0644);
    document_fini(&document);
    make("a/x", "mine", 0600);
    ck_assert_int_eq(read_file("a/b/c/f"), 0);
    ck_assert_int_eq(document_remove(&document, 9), 0);
    document_fini(&document);
    ck_assert_int_eq(count_entries("a"), 1);
    ck_assert_int_eq(unlink("a/x"), 0);
    ck_assert_int_eq(read_file("a/f"), 0);
    ck_assert_int_eq(write_it(0644), 0);
    ck_assert_int_eq(document_remove(&document, 9), 0); /* not the root itself */
    document_fini(&document);
    ck_assert_int_eq(count_entries("."), 0);
}
END_TEST

START_TEST(directories_are_taken_back)
{
    struct rlimit none = {0, 0};

    ck_assert_int_eq(read_file("a/b/f"), 0);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    ck_assert_int_eq(write_it(0600), -EFBIG);
    document_fini(&document);
    ck_assert_int_eq(count_entries("."), 0);
}
END_TEST

START_TEST(directories_are_all_made_or_none)
{
    char path[512];
    int made;

    snprintf(path, sizeof(path), "%s/%0256d", scratch_path("a/b"), 0);
    ck_assert_int_eq(dirs_make(path, 3, &made), -ENAMETOOLONG);
    ck_assert_int_eq(made, 0);
    ck_assert_int_eq(count_entries("."), 0);
}
END_TEST

START_TEST(a_directory_that_appeared_will_do)
{
    const char *path = scratch_path("a/b/c/d");
    int made;

    ck_assert_int_eq(mkdir(scratch_path("a"), 0755), 0);
    ck_assert_int_eq(mkdir(scratch_path("a/b"), 0755), 0);
    ck_assert_int_eq(dirs_make(path, 4, &made), 0);
    ck_assert_int_eq(made, 2);
    dirs_remove(path, 0, made);
    ck_assert_int_eq(count_entries("a/b"), 0);
}
END_TEST

START_TEST(it_is_written_again_as_if_read_again)
{
    make("f", "old", 0600);
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_int_eq(write_it(0600), 0);
    ck_assert_str_eq(document.text, NEW);
    ck_assert_int_eq(document_write(&document, "old", 3, 0600), 0);
    check_untouched("f", "old", 1);
    ck_assert_int_eq(document_remove(&document, 0), 0);
    ck_assert(!document.exists);
    ck_assert_int_eq(write_it(0640), 0);
    check_untouched("f", NEW, 1);
    document_fini(&document);
}
END_TEST

START_TEST(what_a_killed_one_left_goes_when_it_is_old)
{
    make("f", "old", 0600);
    make(".f.relayd.0123abcd", "left", 0600);
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_int_eq(write_it(0600), 0);
    document_fini(&document);
    check_untouched("f", NEW, 2); /* it may be another's at work */
}
END_TEST

START_TEST(an_old_one_goes)
{
    make("f", "old", 0600);
    make(".f.relayd.0123abcd", "left", 0600);
    make(".f.relayd.mine", "mine", 0600);
    make(".g.relayd.0123abcd", "another's", 0600);
    stage.later = 3600;
    ck_assert_int_eq(read_file("f"), 0);
    ck_assert_int_eq(write_it(0600), 0);
    document_fini(&document);
    check_untouched("f", NEW, 3);
    ck_assert_int_lt(access(".f.relayd.0123abcd", F_OK), 0);
}
END_TEST

START_TEST(it_is_on_the_disk_before_it_has_the_name)
{
    for (int i = 0; i < 2; i++) {
        stage.n_fsyncs = 0;
        ck_assert_int_eq(read_file("f"), 0);
        ck_assert_int_eq(write_it(0600), 0);
        ck_assert_int_eq(stage.n_fsyncs_at_rename, 1);
        ck_assert_int_eq(stage.n_fsyncs, 2);
        document_fini(&document);
    }
}
END_TEST

START_TEST(a_disk_that_fails_changes_nothing)
{
    make("f", "old", 0600);
    ck_assert_int_eq(read_file("f"), 0);
    stage.fsync_error = EIO;
    ck_assert_int_eq(write_it(0600), -EIO);
    document_fini(&document);
    check_untouched("f", "old", 1);
}
END_TEST

START_TEST(a_file_that_appears_in_the_last_moment_stays)
{
    ck_assert_int_eq(read_file("f"), 0);
    stage.appears = "f";
    ck_assert_int_eq(write_it(0600), -EBUSY);
    document_fini(&document);
    check_untouched("f", "other", 1);
}
END_TEST

/* Killed at any moment the file is the old or the new one. Whoever may be killed asserts nothing,
 * scratch_path() included: half a line of Check's own file, which all share, ends the whole run. */
START_TEST(a_kill_leaves_it_whole)
{
    const char *path = scratch_path("f"), *root = find_root();

    for (int round = 0; round < 200; round++) {
        char *text;
        pid_t pid;

        make("f", "old\n", 0600);
        pid = fork();
        if (pid == 0) {
            document_read(&document, path, root, geteuid());
            write_it(0600);
            _exit(0);
        }
        usleep((useconds_t)(round * 5));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        text = scratch_read("f", NULL);
        ck_assert(strcmp(text, "old\n") == 0 || strcmp(text, NEW) == 0);
        free(text);
    }
}
END_TEST

static void add(TCase *tcase)
{
    scratch_add(tcase);
    tcase_add_test(tcase, a_text_is_read_whole);
    tcase_add_test(tcase, modes_stay);
    tcase_add_test(tcase, a_group_stays);
    tcase_add_test(tcase, attributes_stay);
    tcase_add_test(tcase, nothing_is_inherited);
    tcase_add_test(tcase, what_is_in_the_way_is_said);
    tcase_add_test(tcase, another_users_file_is_left_alone);
    tcase_add_test(tcase, an_immutable_file_is_left_alone);
    tcase_add_test(tcase, mounts_are_left_alone);
    tcase_add_test(tcase, a_full_disk_changes_nothing);
    tcase_add_test(tcase, what_changed_meanwhile_stays);
    tcase_add_test(tcase, a_file_that_appeared_stays);
    tcase_add_test(tcase, files_and_directories_are_made_and_removed);
    tcase_add_test(tcase, directories_are_taken_back);
    tcase_add_test(tcase, directories_are_all_made_or_none);
    tcase_add_test(tcase, a_directory_that_appeared_will_do);
    tcase_add_test(tcase, it_is_written_again_as_if_read_again);
    tcase_add_test(tcase, what_a_killed_one_left_goes_when_it_is_old);
    tcase_add_test(tcase, an_old_one_goes);
    tcase_add_test(tcase, it_is_on_the_disk_before_it_has_the_name);
    tcase_add_test(tcase, a_disk_that_fails_changes_nothing);
    tcase_add_test(tcase, a_file_that_appears_in_the_last_moment_stays);
    tcase_add_test(tcase, a_kill_leaves_it_whole);
}

int main(void)
{
    return run_tests("document", add);
}
