/* SPDX-License-Identifier: MIT */
/*
 * A clock of the test's own, for where all that is waited for is in this process: time passes only
 * where it sleeps, in its loop or in poll(2), which takes none, and where the test says so. So
 * nothing comes too late because the host had no time for it, and patience is outlasted at once.
 */
#ifndef RELAYD_CLOCK_H
#define RELAYD_CLOCK_H

/* From here on, and for this process. Before the loop is made. */
void clock_own(void);

/* So much has passed since the loop has looked, as where the host is too busy to run this. */
void clock_pass(double seconds);

#endif
