/* SPDX-License-Identifier: MIT */
/*
 * One fault: a sentence that names the object, and the line that mends it.
 */
#ifndef RELAYCTL_FINDING_H
#define RELAYCTL_FINDING_H

#include <stddef.h>

/* Worst first. */
enum gravity {
    GRAVITY_STOPS,   /* nobody is served before it is mended */
    GRAVITY_HINDERS, /* some shell, pane, service or login goes without */
    GRAVITY_RISKS,   /* it works, and will fail one day */
};

struct finding {
    const char *name; /* for programs; part of the interface (relayctl.1) */
    enum gravity gravity;
    size_t order;     /* of those with the same gravity, the one found first goes first */
    char text[512];   /* printable */
    char cure[768];   /* printable: a line to paste */
};

/* Zeroed, it is empty. */
struct findings {
    struct finding *list;
    size_t n;
    struct finding spare; /* handed out where memory is short, and lost */
};

/* Adds one without a cure, for finding_cure() to fill in; never NULL. It may move when the next is
 * added. */
struct finding *finding_add(struct findings *findings, enum gravity gravity, const char *name,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));
void finding_cure(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void findings_sort(struct findings *findings);
void findings_fini(struct findings *findings);

/* "stops", "hinders", "risks" */
const char *gravity_name(enum gravity gravity);

#endif
