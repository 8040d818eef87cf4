/* SPDX-License-Identifier: MIT */
/*
 * What mends a file of the account's: setup, or a person where setup would not change that file. A
 * cure that sends somebody to setup is to be worth it.
 */
#ifndef RELAYCTL_REMEDY_H
#define RELAYCTL_REMEDY_H

#include "relayctl/doctor/finding.h"
#include "relayctl/doctor/patient.h"

#include <stdbool.h>

/* Whether setup leaves the file at path alone: a symlink, one that may not be written, its own lines
 * edited. */
bool remedy_is_alone(const struct patient *patient, const char *path);

enum remedy_line {
    REMEDY_RC,    /* offers the login, and has what follows see the first relay's socket */
    REMEDY_SHELL, /* the same for sh, bash and zsh */
    REMEDY_FISH,
};

/* The cure is that line, to be put where: "at the end of", "before line 3 of". shown is the file. */
void remedy_by_line(const struct patient *patient, struct finding *finding, enum remedy_line line,
                    const char *where, const char *shown);

/* The cure is setup, with these options. */
void remedy_by_setup(const struct patient *patient, struct finding *finding, const char *options);

#endif
