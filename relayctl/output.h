/*
 * The status as a picture for people: the agent socket, and hanging from it the
 * logins, in the order in which a new client would meet them.
 */
#ifndef RELAYCTL_OUTPUT_H
#define RELAYCTL_OUTPUT_H

#include "relayctl/pen.h"
#include "relayctl/status.h"

#include <time.h>

/* No line is wider than the pen allows. */
void output_status(struct pen *pen, const struct status *status);

/* The answer of `why`: on a terminal in lines, else in one. */
void output_sentence(struct pen *pen, const char *text);

/* An event of `watch`, likewise: the time of day as `when` has it, and what happened. */
void output_event(struct pen *pen, const struct tm *when, const char *text);

#endif
