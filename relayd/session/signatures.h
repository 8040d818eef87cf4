/* SPDX-License-Identifier: MIT */
/*
 * The signatures that one client has asked for, from question to answer, and where its connection
 * leads. Most clients ask for none: there is nothing of this for them.
 */
#ifndef RELAYD_SIGNATURES_H
#define RELAYD_SIGNATURES_H

#include "relayd/agent/signing.h"
#include "relayd/base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One that is owed. */
struct signature {
    struct list link;
    uint32_t turn; /* it is answered by the answer of that number (relay::answered) */
    struct signing what;
};

struct signatures {
    struct signing_route route;
    struct list owed; /* of struct signature, owned, in the order of their turns */
    uint64_t upstream_id; /* of their login */
    uint32_t told;    /* how many of them the ledger has */
};

/* NULL without memory. */
struct signatures *signatures_new(void);
/* Frees it, or NULL. */
void signatures_free(struct signatures *all);

/* Notes the SIGN request at p, of which the first n bytes are here; its answer will be the one of
 * that turn. Without memory it is not noted. */
void signatures_ask(struct signatures *all, const uint8_t *p, size_t n, uint32_t turn);

/* Whether the answer of that turn is one to a signature: *what is set then, and it is owed no
 * more. */
bool signatures_answer(struct signatures *all, uint32_t turn, struct signing *what);

#endif
