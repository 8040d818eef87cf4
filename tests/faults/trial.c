/* SPDX-License-Identifier: MIT */
/* A trial. Calls fail while relayd starts, serves and ends, and no longer while the questions are
 * asked. What fails for good fails until its clients have come and gone, who may have to wait. */
#include "config.h"

#include "tests/faults/trial.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE 20.0         /* of a client, where one call fails */
#define PATIENCE_LASTING 0.03 /* where all do: it may have to wait for the end of that */
#define START_LASTING 0.5
#define LEAVE_SECONDS 20.0

static bool is_lasting(const struct trial *trial)
{
    return trial->last == INJECT_FOREVER;
}

static void set_fault(const struct trial *trial, struct stage *stage)
{
    struct inject *inject = &stage->inject;

    stage->fails_allocations = trial->call->number == CALL_ALLOCATION;
    stage->allocation->first = trial->first;
    stage->allocation->last = trial->last;
    inject->number = trial->call->number;
    inject->error = trial->error;
    inject->first = trial->first;
    inject->last = trial->last;
}

static void ask_all(struct stage *stage, const struct normal *normal)
{
    stage->patience = stage->start_patience = PATIENCE;
    if (!stage->has_served && !stage_wait_served(stage))
        return;
    if (stage_wait_end(stage, said_to_leave(stage) ? LEAVE_SECONDS : 0)) {
        question_left(stage);
        return;
    }
    question_saved(stage);
    question_served(stage);
    question_saved(stage);
    question_files(stage, &normal->files);
    question_quiet(stage, "afterwards");
    question_log(stage);
}

static void play_once(const struct scenario *scenario, struct stage *stage)
{
    stage->patience = stage->start_patience = PATIENCE;
    if (scenario->start(stage))
        scenario->play(stage);
}

/* Who waits while everything fails is no trouble. */
static void play_lasting(const struct scenario *scenario, struct stage *stage)
{
    stage->patience = PATIENCE_LASTING;
    stage->start_patience = START_LASTING;
    if (scenario->start(stage))
        scenario->play(stage);
    stage->trouble[0] = '\0';
    if (stage->has_served && !stage->has_ended)
        question_quiet(stage, "meanwhile");
}

static void end_it(const struct trial *trial, struct stage *stage)
{
    stage_arm(stage, trial->scenario->has_end && !is_lasting(trial));
    question_ends(stage);
}

static void keep_end_of_log(struct trial *trial, const struct stage *stage)
{
    int fd = open(stage->said, O_RDONLY | O_CLOEXEC);
    off_t size = lseek(fd, 0, SEEK_END), most = sizeof(trial->end_of_log) - 1;
    ssize_t n;

    lseek(fd, size > most ? size - most : 0, SEEK_SET);
    n = read(fd, trial->end_of_log, (size_t)most);
    trial->end_of_log[n < 0 ? 0 : n] = '\0';
    close(fd);
}

void trial_run(struct trial *trial, struct stage *stage, const struct normal *normal)
{
    stage_begin(stage);
    set_fault(trial, stage);
    stage_arm(stage, true);
    if (is_lasting(trial))
        play_lasting(trial->scenario, stage);
    else
        play_once(trial->scenario, stage);
    stage_arm(stage, false);
    if (is_lasting(trial))
        client_ask(stage, ASK_LIST); /* what failed last may be told only now */
    if (!stage->has_ended)
        ask_all(stage, normal);
    else if (stage->has_served)
        question_left(stage);
    if (!stage->has_served && stage->has_ended)
        question_refused(stage, trial->call->ends_starts);
    if (!stage->has_ended)
        end_it(trial, stage);
    trial->is_hit = stage_hits(stage) > 0;
    snprintf(trial->trouble, sizeof(trial->trouble), "%s", stage->trouble);
    if (trial->trouble[0] != '\0')
        keep_end_of_log(trial, stage);
    stage_end(stage);
}

/* Everything but the end, which leaves nothing to compare with. */
static void run_normally(struct normal *normal, struct stage *stage,
                         const struct scenario *scenario)
{
    stage_arm(stage, true);
    if (scenario->start(stage))
        scenario->play(stage);
    stage_arm(stage, false);
    if (stage->has_ended) {
        stage_complain(stage, "it ends: status %#x", (unsigned)stage->status);
        return;
    }
    question_served(stage);
    control_ask(stage, "unregister\nall=1");
    question_quiet(stage, "afterwards");
    if (normal->files.n == 0)
        open_files_look(&normal->files, stage);
    question_files(stage, &normal->files);
    stage_arm(stage, scenario->has_end);
    question_ends(stage);
}

void normal_learn(struct normal *normal, struct stage *stage, const struct scenario *scenario)
{
    *normal = (struct normal){0};
    for (int i = 0; i < 2; i++) {
        stage_begin(stage);
        stage->patience = stage->start_patience = PATIENCE;
        stage->fails_allocations = i == 1;
        stage->inject.number = INJECT_ALL;
        run_normally(normal, stage, scenario);
        if (i == 0)
            memcpy(normal->census, stage->inject.census, sizeof(normal->census));
        else
            normal->allocations = stage->allocation->seen;
        if (normal->trouble[0] == '\0')
            snprintf(normal->trouble, sizeof(normal->trouble), "%s", stage->trouble);
        stage_end(stage);
    }
}
