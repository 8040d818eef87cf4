/* SPDX-License-Identifier: MIT */
/*
 * The journal, as a sink of log.h. It keeps the fields of a line, and waits for nobody:
 * while journald does not read and its socket is full, lines are lost, and counted.
 */
#ifndef RELAYD_JOURNAL_H
#define RELAYD_JOURNAL_H

#include "relayd/base/log.h"

/* The sink to log with: the journal's where stderr is connected to it, else stderr. */
log_sink_fn *journal_sink(void);

#endif
