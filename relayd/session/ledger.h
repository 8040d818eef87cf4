/* SPDX-License-Identifier: MIT */
/*
 * The ledger: one line for each signature, so that its owner can see who used which key of whose
 * login, when, and for what. relayctl log reads these lines again, from the journal and from the
 * log file:
 *
 *     signed: login 3 (laptop, 10.0.0.5) key SHA256:... client 812 (git, uid 1000): ssh login as ...
 *
 * VERB[ N more][ of many kinds]: login ID (NAME) key|certificate FINGERPRINT client PID (COMMAND,
 * uid UID): WORDS. The verb is `signed` or `refused`. Of NAME and COMMAND each ( ) , \ is \xHH, so
 * that nobody's name ends before its parenthesis; the WORDS are those of signing_describe(), and
 * last. No other line of a log begins so.
 *
 * A client that signs without end fills no log and drives nothing else out of it. Equal lines in
 * a row are counted, and their number told a second later, then once a minute; and lines that are
 * not equal are written as far as a store of LEDGER_BURST goes, which gains one each LEDGER_REFILL
 * seconds. Past that they are counted as well, what was signed and what was refused apart, and the
 * last of each named.
 *
 * Under the journal there are these fields too:
 *
 *     RELAYD_ANSWER RELAYD_KEY RELAYD_PURPOSE RELAYD_REPEATED RELAYD_UPSTREAM RELAYD_UPSTREAM_ID
 *     RELAYD_CLIENT_PID RELAYD_CLIENT_COMMAND RELAYD_CLIENT_UID
 */
#ifndef RELAYD_LEDGER_H
#define RELAYD_LEDGER_H

#include "relayd/agent/signing.h"
#include "relayd/base/sock.h"
#include "relayd/session/audit.h"
#include "relayd/upstream/upstream.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#define LEDGER_BURST 500
#define LEDGER_REFILL 5.0

#define LEDGER_NAME_MAX 220

/* One signature; all borrowed. */
struct ledger_entry {
    bool is_signed; /* else refused */
    const struct signing *what;
    uint64_t upstream_id;
    const struct upstream *upstream; /* NULL: it was unregistered meanwhile */
    struct sock_peer client;
    const char *command; /* from audit_look_up() */
};

/* The same as text. */
struct ledger_line {
    bool is_signed;
    char upstream[PROTO_FACT_MAX], id[24], pid[16], uid[16], command[AUDIT_COMMAND_MAX];
    char key[SIGNING_FINGERPRINT], words[SIGNING_WORDS_MAX];
    char text[LEDGER_NAME_MAX + SIGNING_WORDS_MAX + 300]; /* behind the verb */
};

/* Those that are counted. */
struct ledger_count {
    struct ledger_line last;
    unsigned more;
};

struct ledger {
    struct ev_loop *loop;
    ev_timer timer; /* runs while some are counted: it tells their number */
    struct ledger_line last; /* written or counted */
    struct ledger_count counts[2]; /* by is_signed, since `since` */
    double since;    /* when a line was written */
    double lasts;    /* how long it stands for those that are equal to `last` */
    bool is_mixed;   /* not all that are counted are equal */
    double store;    /* of lines that may be written */
    double store_at; /* as of then */
};

void ledger_init(struct ledger *ledger, struct ev_loop *loop);
/* Writes what was only counted. */
void ledger_fini(struct ledger *ledger);

void ledger_put(struct ledger *ledger, const struct ledger_entry *entry);

#endif
