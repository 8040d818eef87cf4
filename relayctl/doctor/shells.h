/* SPDX-License-Identifier: MIT */
/*
 * The files that the account's shell reads.
 */
#ifndef RELAYCTL_SHELLS_H
#define RELAYCTL_SHELLS_H

#include "relayctl/doctor/habits.h"

#include <stdbool.h>

#define SHELLS_FILES_MAX 24

struct shell_files {
    struct habits *list; /* those that exist */
    size_t n;
};

/* Reads them: the account's own, then the host's. The caller must shell_files_fini(). */
void shell_files_read(struct shell_files *files, const struct patient *patient);
void shell_files_fini(struct shell_files *files);

/* Whether one of them makes a shell use the relay. */
bool shell_files_use_relay(const struct shell_files *files);

/* The cure that makes that so: setup's, or a person's where setup leaves the file alone. */
void shell_files_cure(const struct patient *patient, struct finding *finding);

/* Whether each shell does so, those that are not interactive too, before all else. */
bool shell_files_register_always(const struct shell_files *files);

/* The same for that, in the file that all such shells read. */
void shell_files_cure_always(const struct patient *patient, struct finding *finding);

/* Whether it has that name, in whatever directory. */
bool shell_file_is(const struct habits *file, const char *name);

/* Whether it is read before the account's own. */
bool shell_file_is_of_host(const struct habits *file);

/* Whether shells that are not interactive read it, before rc is run. */
bool shell_file_is_read_always(const struct habits *file);

/* Of the files that a bash that logs in may read the one that it reads; NULL: none is there. */
const struct habits *shell_files_bash_login(const struct shell_files *files);

/* The file whose end setup uses. */
void shell_files_main(const struct patient *patient, char path[PATH_MAX]);

/* The name of the account's shell: "bash", "zsh", "fish", "sh". */
const char *shell_files_shell(const struct patient *patient);

#endif
