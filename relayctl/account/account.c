/* SPDX-License-Identifier: MIT */
/* Whose account this is. sudo leaves the HOME of one user to another, a shell that was started by
 * an editor has that editor's ZDOTDIR, and a program that was replaced has no name: each would have
 * setup write to a wrong place, so each is looked at. */
#include "config.h"

#include "relayctl/account/account.h"

#include "relayctl/account/run.h"
#include "relayctl/shell.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER "\nZDOTDIR of relayctl: "

static const char usual_path[] = "/usr/local/bin:/usr/bin:/bin";

static char *join(const char *dir, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The first program of that name in a list of directories that `suits` does not refuse; on the
 * heap. A directory that is not absolute does not count. */
static char *look_in(const char *dirs, const char *name,
                     bool (*suits)(const char *path, const void *arg), const void *arg)
{
    while (dirs != NULL && *dirs != '\0') {
        size_t n = strcspn(dirs, ":");
        char *path;

        if (dirs[0] == '/' && asprintf(&path, "%.*s/%s", (int)n, dirs, name) >= 0) {
            if (is_program(path) && (suits == NULL || suits(path, arg)))
                return path;
            free(path);
        }
        dirs += n + (dirs[n] == ':');
    }
    return NULL;
}

bool account_has_program(const char *name)
{
    char *path = look_in(getenv("PATH"), name, NULL, NULL);

    if (path == NULL)
        path = look_in(usual_path, name, NULL, NULL);
    free(path);
    return path != NULL;
}

static bool is_same_file(const char *path, const void *arg)
{
    const struct stat *wanted = arg;
    struct stat st;

    return stat(path, &st) == 0 && st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino;
}

/* A name in PATH comes before the file itself: that may be one version's (a store, a keg), and go
 * with it. After an upgrade our own file is "(deleted)", and the new one has its name. */
static char *find_program(void)
{
    static const char deleted[] = " (deleted)";
    char link[PATH_MAX], *program = NULL;
    ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);
    size_t tail = sizeof(deleted) - 1;
    struct stat st;

    link[n > 0 ? n : 0] = '\0';
    if (n > (ssize_t)tail && strcmp(link + n - tail, deleted) == 0)
        link[n - (ssize_t)tail] = '\0';
    if (n > 0 && stat(link, &st) == 0)
        program = look_in(getenv("PATH"), RELAYCTL_NAME, is_same_file, &st);
    if (program == NULL && is_program(link))
        program = strdup(link);
    if (program == NULL)
        program = look_in(getenv("PATH"), RELAYCTL_NAME, NULL, NULL);
    return program != NULL ? program : strdup(RELAYCTL_NAME);
}

static bool is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void trim_slashes(char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
}

/* What zsh says, which may print more than it was asked for; or NULL. Its files may link the agent
 * that they find, so they find none: this only looks. */
static char *ask_zsh(void)
{
    static const char *const argv[] = {"env", "-u", "ZDOTDIR", "-u", "SSH_AUTH_SOCK", "zsh", "-c",
                                       ("printf '%s%s' '" ANSWER "' \"${ZDOTDIR-}\""), NULL};
    struct run_output output;
    char *answer = NULL, *found;

    if (run_program(argv, NULL, 0, RUN_STDOUT, &output, ACCOUNT_ZSH_MS) == 0 &&
        (found = strstr(output.text, ANSWER)) != NULL && found[strlen(ANSWER)] == '/')
        answer = strdup(found + strlen(ANSWER));
    run_output_fini(&output);
    return answer;
}

static bool has_file(const struct account *account, const char *name)
{
    char *path = account_path(account, name);
    bool is_there = path != NULL && access(path, F_OK) == 0;

    free(path);
    return is_there;
}

/* Whether dir is the home, by whatever name: a file that had two would be changed twice. */
static bool is_home(const struct account *account, const char *dir)
{
    struct stat home;

    return stat(account->home, &home) == 0 && is_same_file(dir, &home);
}

static char *find_zdotdir(const struct account *account)
{
    const char *env = getenv("ZDOTDIR");
    bool is_used = account_logs_in_with(account, "zsh") || has_file(account, ".zshenv") ||
                   has_file(account, ".zshrc");
    char *dir = is_used && account_has_program("zsh") ? ask_zsh() : NULL;

    if (dir == NULL && env != NULL && is_below(env, account->home))
        dir = strdup(env);
    if (dir == NULL || is_home(account, dir)) {
        free(dir);
        dir = strdup(account->home);
    }
    if (dir != NULL)
        trim_slashes(dir);
    return dir;
}

static char *find_config_home(const struct account *account)
{
    const char *env = getenv("XDG_CONFIG_HOME");
    char *dir = env != NULL && env[0] == '/' ? strdup(env) : join(account->home, ".config");

    if (dir != NULL)
        trim_slashes(dir);
    return dir;
}

/* Whether the home may be written to on behalf of its owner. Returns 0 or -errno and a cause. */
static int check_home(const struct account *account, const char **cause)
{
    const char *env = getenv("HOME"), *sudo = getenv("SUDO_USER");
    struct stat st, other;

    if (account->home[0] != '/' || stat(account->home, &st) < 0 || !S_ISDIR(st.st_mode)) {
        *cause = "the home of this account is missing";
        return -ENOENT;
    }
    if (st.st_uid != account->uid) {
        *cause = "the home of this account belongs to another user";
        return -EPERM;
    }
    if (account->uid == 0 && sudo != NULL && sudo[0] != '\0' && strcmp(sudo, "root") != 0) {
        *cause = "sudo would set up root's account, not yours: run it without sudo";
        return -EPERM;
    }
    if (env != NULL && (stat(env, &other) < 0 || other.st_dev != st.st_dev ||
                        other.st_ino != st.st_ino)) {
        *cause = "HOME names another place than the home of this account: log in as this user";
        return -EPERM;
    }
    return 0;
}

static int find_user(struct account *account, const char **cause)
{
    const struct passwd *user = getpwuid(account->uid);

    if (user == NULL) {
        *cause = "this user has no entry in passwd";
        return -ENOENT;
    }
    account->name = strdup(user->pw_name);
    account->shell = strdup(user->pw_shell != NULL && user->pw_shell[0] != '\0' ? user->pw_shell
                                                                               : "/bin/sh");
    account->home = strdup(user->pw_dir != NULL ? user->pw_dir : "");
    account->program = find_program();
    if (account->name == NULL || account->shell == NULL || account->home == NULL ||
        account->program == NULL) {
        *cause = strerror(ENOMEM);
        return -ENOMEM;
    }
    trim_slashes(account->home);
    return 0;
}

int account_find(struct account *account, bool is_system, const char **cause)
{
    int r;

    memset(account, 0, sizeof(*account));
    account->uid = geteuid();
    account->is_system = is_system;
    if (is_system && account->uid != 0) {
        *cause = "what is for everybody takes root";
        return -EPERM;
    }
    r = find_user(account, cause);
    if (r == 0 && is_system) {
        free(account->home);
        account->home = NULL;
        return 0;
    }
    if (r == 0)
        r = check_home(account, cause);
    if (r < 0)
        return r;
    account->config_home = find_config_home(account);
    account->zdotdir = find_zdotdir(account);
    if (account->config_home == NULL || account->zdotdir == NULL) {
        *cause = strerror(ENOMEM);
        return -ENOMEM;
    }
    return 0;
}

void account_fini(struct account *account)
{
    free(account->name);
    free(account->home);
    free(account->shell);
    free(account->config_home);
    free(account->zdotdir);
    free(account->program);
    memset(account, 0, sizeof(*account));
}

char *account_path(const struct account *account, const char *name)
{
    return join(account->is_system ? "/etc" : account->home, name);
}

const char *account_root(const struct account *account, const char *path)
{
    const char *const roots[] = {account->home, account->zdotdir, account->config_home};

    if (account->is_system)
        return "/etc";
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        if (is_below(path, roots[i]))
            return roots[i];
    }
    return "/";
}

const char *account_shown(const struct account *account, const char *path, char *out, size_t size)
{
    if (account->home != NULL && account->home[1] != '\0' && is_below(path, account->home))
        return utf8_format(out, size, "~%s", path + strlen(account->home));
    return utf8_copy(out, size, path);
}

/* Whether the program is that shell, or one of its kin: bash5, zsh-static. */
static bool is_shell(const char *name, const char *shell)
{
    return strncmp(name, shell, strlen(shell)) == 0 && shell_of(name) == SHELL_SH;
}

bool account_logs_in_with(const struct account *account, const char *shell)
{
    const char *slash = strrchr(account->shell, '/');
    const char *name = slash != NULL ? slash + 1 : account->shell;

    if (strcmp(shell, "fish") == 0)
        return shell_of(name) == SHELL_FISH;
    if (strcmp(shell, "sh") != 0)
        return is_shell(name, shell);
    return shell_of(name) == SHELL_SH && !is_shell(name, "bash") && !is_shell(name, "zsh");
}

bool account_is_denied(void)
{
    FILE *file = fopen(RELAYD_CONF, "re");
    char word[64], *line = NULL;
    size_t size = 0;
    bool is = false;

    while (file != NULL && !is && getline(&line, &size, file) > 0)
        is = sscanf(line, " %63[^ \t\r\n#]", word) == 1 && strcmp(word, "deny") == 0;
    free(line);
    if (file != NULL)
        fclose(file);
    return is;
}
