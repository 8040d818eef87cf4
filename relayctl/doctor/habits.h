/* SPDX-License-Identifier: MIT */
/*
 * What one file of a shell has to do with the relay, as far as its lines tell.
 */
#ifndef RELAYCTL_HABITS_H
#define RELAYCTL_HABITS_H

#include "relayctl/account/script.h"
#include "relayctl/account/text_file.h"
#include "relayctl/doctor/finding.h"
#include "relayctl/doctor/patient.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Owns the text. Lines count from 1; 0: there is none. */
struct habits {
    char path[PATH_MAX];
    char shown[PATIENT_QUOTED_MAX]; /* as people write it */
    struct text_file file;       /* no text: there is no such file */
    struct script script;
    bool has_first;  /* setup's block stands at its top, with nothing before that is in its way */
    int relay;       /* the first line that makes relayctl run, in a block or not */
    size_t relay_at, relay_end; /* the last such: where it begins, and what follows it */
};

/* Reads path. The caller must habits_fini(). */
void habits_read(struct habits *habits, const struct patient *patient, const char *path);
void habits_fini(struct habits *habits);

/* Where that line of the text begins. */
const char *habits_line(const struct habits *habits, int line);

/* Adds a finding, without its cure, for a line that points a symlink away from relayd, where neither
 * setup's block nor lines of the same use stand before it. NULL: there is none. */
struct finding *habits_find_links(const struct habits *habits, struct findings *findings);

#endif
