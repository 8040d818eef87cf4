/* SPDX-License-Identifier: MIT */
/* Which socket is the login's own, in the environments that rc, shells and old panes
 * really have. */
#include "config.h"

#include "relayctl/login.h"
#include "relayd/base/proto.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/test-login-XXXXXX";
static struct paths paths;

static void set_up(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(paths_find(&paths, &(struct paths_choice){.dir = "relay"}, false), 0);
    /* The relay's directory is not there: no daemon runs. */
    ck_assert_int_eq(symlink("relay/agent.sock", "relative"), 0);
    ck_assert_int_eq(symlink(paths.agent, "absolute"), 0);
    ck_assert_int_eq(symlink("absolute", "second"), 0);
    ck_assert_int_eq(symlink("loop", "loop"), 0);
    ck_assert_int_eq(symlink(dir, "there"), 0);
}

static void tear_down(void)
{
    static const char *const links[] = {"relative", "absolute", "second", "loop", "there"};

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        unlink(links[i]);
    ck_assert_int_eq(chdir("/"), 0);
    rmdir(dir);
}

static void set(const char *name, const char *value)
{
    if (value == NULL)
        unsetenv(name);
    else
        setenv(name, value, 1);
}

/* The login's own socket in an environment of these two; NULL unsets. */
static const char *own(const char *auth_sock, const char *upstream)
{
    static char found[256];
    char *path;

    set("SSH_AUTH_SOCK", auth_sock);
    set("RELAYD_UPSTREAM", upstream);
    path = login_socket(&paths);
    snprintf(found, sizeof(found), "%s", path != NULL ? path : "none");
    free(path);
    return found;
}

START_TEST(links_are_seen_through)
{
    ck_assert(login_is_same(paths.agent, paths.agent));
    ck_assert(login_is_same("/tmp/../tmp/x", "/tmp/x"));
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"relative", "absolute", "second", "there/second"};
        char *name = paths_absolute(names[i]);

        ck_assert_msg(login_is_same(name, paths.agent), "%s", names[i]);
        free(name);
    }
    ck_assert(!login_is_same("/tmp/x", "/tmp/y"));
    ck_assert(!login_is_same(paths.control, paths.agent));
}
END_TEST

static const char *real(const char *name)
{
    static char found[256];
    char *path = login_real(name);

    snprintf(found, sizeof(found), "%s", path);
    free(path);
    return found;
}

START_TEST(a_name_is_kept_without_its_links)
{
    char *second = paths_absolute("second");

    ck_assert_str_eq(real(second), paths.agent);
    ck_assert_str_eq(real("/nowhere/x"), "/nowhere/x");
    ck_assert_str_eq(real("/proc/1/root/x"), "/proc/1/root/x");
    ck_assert_str_eq(real("/proc/self/root/x"), "/x"); /* to relayd, self is another */
    free(second);
}
END_TEST

START_TEST(a_loop_of_links_ends)
{
    char *name = paths_absolute("loop");

    ck_assert(!login_is_same(name, paths.agent));
    free(name);
}
END_TEST

START_TEST(the_login_s_own_socket)
{
    ck_assert_str_eq(own("/tmp/x/1", NULL), "/tmp/x/1");
    ck_assert_str_eq(own("/tmp/x/1", "/tmp/x/0"), "/tmp/x/1");
    ck_assert_str_eq(own(paths.agent, "/tmp/x/1"), "/tmp/x/1");
    ck_assert_str_eq(own("second", "/tmp/x/1"), "/tmp/x/1");
    ck_assert_str_eq(own(NULL, "/tmp/x/1"), "none");
    ck_assert_str_eq(own("", "/tmp/x/1"), "none");
    ck_assert_str_eq(own(paths.agent, NULL), "none");
    ck_assert_str_eq(own(paths.agent, "second"), "none");
}
END_TEST

/* Each has its own agent socket, and none is a login's. */
START_TEST(another_relay_s_socket_is_no_login_s)
{
    static const struct paths_choice others[] = {{.name = NULL}, {.name = "work"}, {.name = "a-1_b"}};
    struct paths other;
    char below[256];

    unsetenv("RELAYD_DIR");
    ck_assert_int_eq(paths_find(&other, &others[_i], false), 0);
    ck_assert_str_eq(own(other.agent, "/tmp/x/1"), "/tmp/x/1");
    ck_assert_str_eq(own("/tmp/x/1", other.agent), "/tmp/x/1");
    ck_assert_str_eq(own(other.agent, other.agent), "none");
    snprintf(below, sizeof(below), "/tmp/x%s", other.agent);
    ck_assert_str_eq(own(below, "/tmp/x/1"), below);
    ck_assert_str_eq(own(other.control, "/tmp/x/1"), other.control);
}
END_TEST

/* tmux keeps the tty of the login that started its server. */
START_TEST(the_facts)
{
    struct login login;

    setenv("SSH_CONNECTION", "10.0.0.5 50000 10.0.0.1 22", 1);
    setenv("SSH_TTY", "/dev/pts/3", 1);
    unsetenv("TMUX");
    ck_assert_str_eq(login_here().tty, "/dev/pts/3");
    setenv("TMUX", "x", 1);
    login = login_here();
    ck_assert_str_eq(login.connection, "10.0.0.5 50000 10.0.0.1 22");
    ck_assert_ptr_null(login.tty);
}
END_TEST

static const char *label(const char *value)
{
    set("LC_RELAYD_LABEL", value);
    return login_here().label;
}

START_TEST(the_label_of_the_machine_that_logged_in)
{
    char longest[PROTO_FACT_MAX + 2];

    memset(longest, 'x', PROTO_FACT_MAX);
    longest[PROTO_FACT_MAX] = '\0';
    unsetenv("TMUX");
    ck_assert_str_eq(label("laptop"), "laptop");
    ck_assert_str_eq(label(longest), longest);
    /* One that relayd would refuse must not cost the login its agent. */
    strcat(longest, "x");
    ck_assert_ptr_null(label(longest));
    ck_assert_ptr_null(label(""));
    ck_assert_ptr_null(label(NULL));
    setenv("RELAYD_LABEL", "kept", 1);
    ck_assert_str_eq(label("laptop"), "laptop");
    ck_assert_str_eq(label(NULL), "kept");
    setenv("TMUX", "x", 1);
    ck_assert_ptr_null(label("laptop"));
    ck_assert_ptr_null(label(NULL));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, links_are_seen_through);
    tcase_add_test(tcase, a_name_is_kept_without_its_links);
    tcase_add_test(tcase, a_loop_of_links_ends);
    tcase_add_test(tcase, the_login_s_own_socket);
    tcase_add_loop_test(tcase, another_relay_s_socket_is_no_login_s, 0, 3);
    tcase_add_test(tcase, the_facts);
    tcase_add_test(tcase, the_label_of_the_machine_that_logged_in);
}

int main(void)
{
    return run_tests("login", add_tests);
}
