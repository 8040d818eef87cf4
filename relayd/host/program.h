/* SPDX-License-Identifier: MIT */
/*
 * The program that runs, and the file that it was started from.
 */
#ifndef RELAYD_PROGRAM_H
#define RELAYD_PROGRAM_H

/* What has become of the file since: "replaced", "removed", or NULL where it is the same, or that
 * cannot be known. */
const char *program_fate(void);

#endif
