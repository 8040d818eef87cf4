/* SPDX-License-Identifier: MIT */
/* As much of a service manager as relayd sees: it hands over sockets, is told things, keeps
 * descriptors, and starts relayd again with them. */
#ifndef FAULTS_MANAGER_H
#define FAULTS_MANAGER_H

#include "tests/faults/stage.h"

void manager_make_sockets(struct stage *stage);
void manager_start(struct stage *stage, const char *const *options);
/* Tells it to hand over, and starts the next. Returns false where one of them failed. */
bool manager_restart(struct stage *stage, const char *const *options);
void manager_fini(struct stage *stage);

#endif
