/* SPDX-License-Identifier: MIT */
/* What is asked of relayd when the fault is over. */
#ifndef FAULTS_QUESTIONS_H
#define FAULTS_QUESTIONS_H

#include "tests/faults/stage.h"

#define KINDS_MAX 32

/* What a process has open, by kind: its files by name, sockets, and so on. */
struct open_files {
    struct {
        char name[64];
        unsigned n;
    } kinds[KINDS_MAX];
    size_t n;
};

void open_files_look(struct open_files *files, const struct stage *stage);

/* Each complains. The daemon is idle: it sleeps, whatever has failed. */
void question_quiet(struct stage *stage, const char *when);
/* No more lines than anybody would read. */
void question_log(struct stage *stage);
/* What it knows is saved, however much later. */
void question_saved(struct stage *stage);
/* A login comes, and a client is served. */
void question_served(struct stage *stage);
/* All logins are gone: nothing is open that was not open then. */
void question_files(struct stage *stage, const struct open_files *wanted);
/* It is told to end. */
void question_ends(struct stage *stage);
/* It has ended while it served. */
void question_left(struct stage *stage);
/* It ended instead of serving: it said why. */
void question_refused(struct stage *stage, bool may_refuse);

/* It took somebody else for the owner of its place. */
bool said_to_leave(const struct stage *stage);

#endif
