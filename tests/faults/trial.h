/* SPDX-License-Identifier: MIT */
/* One trial: a scenario in which one thing fails, and the questions after it. */
#ifndef FAULTS_TRIAL_H
#define FAULTS_TRIAL_H

#include "tests/faults/calls.h"
#include "tests/faults/questions.h"
#include "tests/faults/scenario.h"

struct trial {
    const struct scenario *scenario;
    const struct call *call;
    int error;
    unsigned first, last; /* the calls of that kind that fail */
    /* What came of it; shared with the worker. */
    bool is_hit;
    char trouble[400];
    char end_of_log[600];
};

/* What a scenario does where nothing fails. */
struct normal {
    unsigned census[INJECT_NUMBERS];
    unsigned allocations;
    struct open_files files;
    char trouble[400];
};

void trial_run(struct trial *trial, struct stage *stage, const struct normal *normal);
void normal_learn(struct normal *normal, struct stage *stage, const struct scenario *scenario);

#endif
