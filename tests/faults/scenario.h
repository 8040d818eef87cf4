/* SPDX-License-Identifier: MIT */
/* What relayd goes through while its calls fail. */
#ifndef FAULTS_SCENARIO_H
#define FAULTS_SCENARIO_H

#include "tests/faults/stage.h"

struct scenario {
    const char *name;
    /* Starts relayd. Returns false where it does not serve. */
    bool (*start)(struct stage *stage);
    /* What it does for people. Complains of who is left waiting, and of answers that nobody gave. */
    void (*play)(struct stage *stage);
    /* Whether the programs' calls fail while it ends, too. */
    bool has_end;
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

/* The first program of a scenario was given options that end it in no time. */
bool scenario_start_plain(struct stage *stage);

#endif
