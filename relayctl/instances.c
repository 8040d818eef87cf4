/* SPDX-License-Identifier: MIT */
/* The relayds of this user. Nothing lists them: each is a directory with its name at its end, in
 * the two places where paths_find() puts one. Others may make files there too, in /tmp as many as
 * they like: only what paths_find() would choose for a name is one of ours. */
#include "config.h"

#include "relayctl/instances.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX_MAX 64

static int add(struct instances *instances, const char *name)
{
    void *names = reallocarray(instances->names, instances->n + 1, sizeof(*instances->names));

    if (names == NULL)
        return -ENOMEM;
    instances->names = names;
    strcpy(instances->names[instances->n++], name);
    return 0;
}

/* Whether relayctl --name NAME would look in this directory, and it is private to us. */
static bool is_instance(const char *dir, const char *name)
{
    const struct paths_choice choice = {.name = name};
    struct paths paths;

    return paths_find(&paths, &choice, false) == 0 && strcmp(paths.dir, dir) == 0 &&
           paths_check_dir(&paths, false) == 0;
}

/* Those in `parent` whose directories begin with `prefix`. */
static int look_in(struct instances *instances, const char *parent, const char *prefix)
{
    DIR *dir = opendir(parent);
    size_t length = strlen(prefix);
    struct dirent *entry;
    int r = 0;

    while (r == 0 && dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name + length;
        char path[PATHS_MAX];

        if (strncmp(entry->d_name, prefix, length) != 0 || !paths_is_name(name))
            continue;
        snprintf(path, sizeof(path), "%s/%s%s", parent, prefix, name);
        if (is_instance(path, name))
            r = add(instances, name);
    }
    if (dir != NULL)
        closedir(dir);
    return r;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

int instances_find(struct instances *instances)
{
    unsigned long uid = geteuid();
    char run[PREFIX_MAX], prefix[PREFIX_MAX];
    int r;

    snprintf(run, sizeof(run), PATHS_RUN_USER "/%lu", uid);
    snprintf(prefix, sizeof(prefix), "relayd-%lu-", uid);
    r = add(instances, "");
    if (r == 0)
        r = look_in(instances, run, "relayd-");
    if (r == 0)
        r = look_in(instances, "/tmp", prefix);
    if (r == 0)
        qsort(instances->names, instances->n, sizeof(*instances->names), compare);
    return r;
}

void instances_fini(struct instances *instances)
{
    free(instances->names);
}
