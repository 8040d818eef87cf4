/* The picture. What a person wants to know first (which login serves, which comes
 * next) is said by the edges of the tree, so that it is read before any word; the
 * reason comes from the daemon, whole, because only the daemon knows what it may
 * claim. A short reason stands in the login's own line, a long one below it. */
#include "config.h"

#include "relayctl/output.h"

#include "relayctl/text.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define LABEL_MAX 16
#define HOST_MAX 24
#define TTY_MAX 8
#define EDGE_COLUMNS 14 /* where a login begins */
#define AGE_COLUMNS 10
#define AIRY_MAX 8 /* with more logins than that no empty lines between them */

/* The columns of the table that the logins make: how wide, 0 for an unused one. */
struct output_table {
    int id, label, host, tty;
};

enum output_edge {
    EDGE_SERVES,
    EDGE_NEXT,
    EDGE_THEN,
    EDGE_LAST,  /* silent, and somebody else is not */
    EDGE_TRIED, /* silent, and so are all others */
    EDGE_NONE,  /* paused */
};

static int at_most(int value, int max)
{
    return value < max ? value : max;
}

static void widen(int *column, const struct pen *pen, const char *text, int max)
{
    int columns = at_most(text_columns(text, pen->has_utf8), max);

    if (columns > *column)
        *column = columns;
}

/* Takes up to *over columns from a cell, but leaves it least. */
static void narrow(int *column, int least, int *over)
{
    int taken = at_most(*over, *column > least ? *column - least : 0);

    if (*over <= 0)
        return;
    *column -= taken;
    *over -= taken;
}

/* Makes room for the age where the cells are long or the terminal is narrow. */
static void table_fit(struct output_table *table, int width)
{
    int room = width - AGE_COLUMNS - EDGE_COLUMNS - 3; /* 3: state and '#' */
    int over = table->id + table->label + table->host + table->tty + 4 * 2 - room;

    narrow(&table->host, 15, &over);
    narrow(&table->tty, 0, &over);
    narrow(&table->label, 8, &over);
    narrow(&table->host, 0, &over);
    narrow(&table->label, 0, &over);
}

/* "pts/3": every tty is in /dev. */
static const char *tty_of(const struct proto_msg *u)
{
    const char *tty = status_text(u, "tty");

    return strncmp(tty, "/dev/", 5) == 0 ? tty + 5 : tty;
}

static struct output_table table_of(const struct pen *pen, const struct status *status)
{
    struct output_table table = {0};

    for (size_t i = 0; i < status->n; i++) {
        const struct proto_msg *u = &status->upstreams[i];

        widen(&table.id, pen, status_text(u, "id"), 10);
        widen(&table.label, pen, status_text(u, "label"), LABEL_MAX);
        widen(&table.host, pen, status_text(u, "host"), HOST_MAX);
        widen(&table.tty, pen, tty_of(u), TTY_MAX);
    }
    table_fit(&table, pen->width);
    return table;
}

static enum output_edge edge_of(const struct status *status, size_t i)
{
    if (proto_get_flag(&status->daemon, "paused"))
        return EDGE_NONE;
    if (status_is_silent(&status->upstreams[i]) && status_can_serve(status))
        return EDGE_LAST;
    if (i == 0)
        return status_can_serve(status) ? EDGE_SERVES : EDGE_TRIED;
    return i == 1 ? EDGE_NEXT : EDGE_THEN;
}

static void draw_trunk(struct pen *pen)
{
    pen_mood(pen, PEN_FAINT);
    pen_draw(pen, " │", " |");
    pen_mood(pen, PEN_PLAIN);
}

static void draw_edge(struct pen *pen, enum output_edge edge, bool is_last)
{
    static const struct { enum pen_mood mood; const char *glyphs, *ascii; } edges[] = {
        [EDGE_SERVES] = {PEN_GOOD, "─ serves ─▸ ", "- serves -> "},
        [EDGE_NEXT] = {PEN_PLAIN, "─ next ───▸ ", "- next ---> "},
        [EDGE_THEN] = {PEN_FAINT, "─ then ───▸ ", "- then ---> "},
        [EDGE_LAST] = {PEN_FAINT, "─ last ───▸ ", "- last ---> "},
        [EDGE_TRIED] = {PEN_DOUBTFUL, "─ tried ──▸ ", "- tried --> "},
        [EDGE_NONE] = {PEN_FAINT, "─ paused ─╴ ", "- paused -  "},
    };

    pen_mood(pen, PEN_FAINT);
    pen_draw(pen, is_last ? " └" : " ├", is_last ? " `" : " +");
    pen_mood(pen, PEN_PLAIN);
    pen_mood(pen, edges[edge].mood);
    pen_draw(pen, edges[edge].glyphs, edges[edge].ascii);
    pen_mood(pen, PEN_PLAIN);
}

static enum pen_mood state_mood(const struct proto_msg *upstream)
{
    const char *state = status_text(upstream, "state");

    if (strcmp(state, "alive") == 0)
        return PEN_GOOD;
    return strcmp(state, "silent") == 0 ? PEN_BAD : PEN_DOUBTFUL;
}

static void draw_state(struct pen *pen, const struct proto_msg *upstream)
{
    enum pen_mood mood = state_mood(upstream);

    pen_mood(pen, mood);
    if (mood == PEN_GOOD)
        pen_draw(pen, "● ", "* ");
    else if (mood == PEN_BAD)
        pen_draw(pen, "✗ ", "x ");
    else
        pen_draw(pen, "○ ", "o ");
    pen_mood(pen, PEN_PLAIN);
}

static void draw_cell(struct pen *pen, enum pen_mood mood, const char *text, int width)
{
    int column = pen->column;

    if (width == 0)
        return;
    pen_mood(pen, mood);
    pen_text(pen, text, at_most(width, pen_room(pen)));
    pen_mood(pen, PEN_PLAIN);
    pen_to(pen, at_most(column + width + 2, pen->width));
}

/* Who it is: number, label, host and tty. A socket without any of them, registered by
 * hand, is told by its path, which is in the line below. */
static void draw_who(struct pen *pen, const struct proto_msg *u, const struct output_table *table)
{
    const char *label = status_text(u, "label");

    pen_mood(pen, PEN_FAINT);
    pen_draw(pen, "#", "#");
    pen_mood(pen, PEN_PLAIN);
    draw_cell(pen, PEN_PLAIN, status_text(u, "id"), table->id);
    draw_cell(pen, PEN_STRONG, label, table->label);
    draw_cell(pen, label[0] == '\0' ? PEN_STRONG : PEN_PLAIN, status_text(u, "host"),
              table->host);
    draw_cell(pen, PEN_PLAIN, tty_of(u), table->tty);
}

static void format_age(const struct proto_msg *u, char out[TEXT_SPAN_MAX + 8])
{
    uint64_t age = proto_get_u64(u, "age_s", 0);
    char span[TEXT_SPAN_MAX];

    text_span(age, span);
    if (age < 5)
        strcpy(out, "just now");
    else
        snprintf(out, TEXT_SPAN_MAX + 8, "%s ago", span);
}

static void indent_login(struct pen *pen, void *arg)
{
    const bool *is_last = arg;

    if (!*is_last)
        draw_trunk(pen);
    pen_to(pen, EDGE_COLUMNS + 2);
    pen_mood(pen, PEN_PLAIN);
}

/* The reason and the age. The age stands at the right edge; a reason that does not
 * fit before it follows below. */
static void draw_why(struct pen *pen, const struct proto_msg *u, bool is_last)
{
    const char *reason = status_text(u, "reason");
    char age[TEXT_SPAN_MAX + 8];
    int age_columns;
    bool is_short;

    format_age(u, age);
    age_columns = (int)strlen(age);
    is_short = text_columns(reason, pen->has_utf8) + 2 + age_columns <= pen_room(pen);
    if (is_short) {
        pen_mood(pen, state_mood(u));
        pen_text(pen, reason, pen_room(pen));
        pen_mood(pen, PEN_PLAIN);
    }
    pen_to(pen, pen->width - age_columns);
    pen_mood(pen, PEN_FAINT);
    pen_text(pen, age, pen_room(pen));
    pen_mood(pen, PEN_PLAIN);
    pen_end(pen);
    if (is_short)
        return;
    indent_login(pen, &is_last);
    pen_mood(pen, state_mood(u));
    pen_wrap(pen, reason, indent_login, &is_last);
    pen_mood(pen, PEN_PLAIN);
    pen_end(pen);
}

static void format_count(char *out, size_t size, uint64_t n, const char *noun)
{
    snprintf(out, size, "%" PRIu64 " %s%s", n, noun, n == 1 ? "" : "s");
}

static void draw_details(struct pen *pen, const struct proto_msg *u, bool is_last)
{
    const char *link = status_text(u, "link");
    bool is_known = strcmp(link, "unknown") != 0;
    char clients[48], line[200];

    format_count(clients, sizeof(clients), proto_get_u64(u, "sessions", 0), "client");
    snprintf(line, sizeof(line), "%s%s%s, %" PRIu64 " served%s%.16s  ",
             proto_get_flag(u, "preferred") ? "preferred, " : "",
             proto_get_flag(u, "fallback") ? "fallback, " : "", clients,
             proto_get_u64(u, "served", 0), is_known ? ", link " : "", is_known ? link : "");
    indent_login(pen, &is_last);
    pen_mood(pen, PEN_FAINT);
    pen_text(pen, line, pen_room(pen));
    pen_path(pen, status_text(u, "path"), pen_room(pen));
    pen_mood(pen, PEN_PLAIN);
    pen_end(pen);
}

static void draw_upstreams(struct pen *pen, const struct status *status)
{
    struct output_table table = table_of(pen, status);

    for (size_t i = 0; i < status->n; i++) {
        const struct proto_msg *u = &status->upstreams[i];
        bool is_last = i + 1 == status->n;

        if (i == 0 || status->n <= AIRY_MAX) {
            draw_trunk(pen);
            pen_end(pen);
        }
        draw_edge(pen, edge_of(status, i), is_last);
        draw_state(pen, u);
        draw_who(pen, u, &table);
        draw_why(pen, u, is_last);
        draw_details(pen, u, is_last);
    }
}

static void indent_none(struct pen *pen, void *arg)
{
    (void)arg;
    pen_to(pen, 1);
}

static void draw_sentence(struct pen *pen, enum pen_mood mood, const char *text)
{
    indent_none(pen, NULL);
    pen_mood(pen, mood);
    pen_wrap(pen, text, indent_none, NULL);
    pen_mood(pen, PEN_PLAIN);
    pen_end(pen);
    pen_end(pen);
}

static void draw_header(struct pen *pen, const struct proto_msg *d)
{
    char up[TEXT_SPAN_MAX], clients[48], line[300];

    text_span(proto_get_u64(d, "since_s", 0), up);
    format_count(clients, sizeof(clients), proto_get_u64(d, "sessions", 0), "client");
    snprintf(line, sizeof(line),
             "relayd %.32s, pid %.16s, up %s: %s now, %" PRIu64 " served, %" PRIu64 " refused",
             status_text(d, "version"), status_text(d, "pid"), up, clients,
             proto_get_u64(d, "served", 0), proto_get_u64(d, "refused", 0));
    draw_sentence(pen, PEN_FAINT, line);
}

static void draw_paused(struct pen *pen, const struct proto_msg *d)
{
    uint64_t left = proto_get_u64(d, "paused_for_s", 0);
    char span[TEXT_SPAN_MAX], line[200];

    text_span(left, span);
    snprintf(line, sizeof(line), "paused%s%s: every client is turned away (relayctl resume)",
             left > 0 ? " for another " : "", left > 0 ? span : "");
    draw_sentence(pen, PEN_DOUBTFUL, line);
}

static void draw_nobody(struct pen *pen)
{
    draw_trunk(pen);
    pen_end(pen);
    pen_mood(pen, PEN_FAINT);
    pen_draw(pen, " └─ ", " `- ");
    pen_mood(pen, PEN_PLAIN);
    pen_mood(pen, PEN_DOUBTFUL);
    pen_text(pen, "no login is registered: every client is turned away", pen_room(pen));
    pen_mood(pen, PEN_PLAIN);
    pen_end(pen);
    pen_end(pen);
    pen_text(pen, " log in with ssh -A, and there: relayctl register", pen->width);
    pen_end(pen);
}

void output_status(struct pen *pen, const struct status *status)
{
    draw_header(pen, &status->daemon);
    if (proto_get_flag(&status->daemon, "paused"))
        draw_paused(pen, &status->daemon);
    else if (status->n > 0 && !status_can_serve(status))
        draw_sentence(pen, PEN_DOUBTFUL, "no login answers at the moment; they are tried in turn");

    pen_draw(pen, " ", " ");
    pen_mood(pen, PEN_STRONG);
    pen_path(pen, status_text(&status->daemon, "socket"), pen_room(pen));
    pen_mood(pen, PEN_PLAIN);
    pen_end(pen);
    if (status->n == 0)
        draw_nobody(pen);
    else
        draw_upstreams(pen, status);
}

static void indent_sentence(struct pen *pen, void *arg)
{
    (void)pen, (void)arg;
}

static void indent_event(struct pen *pen, void *arg)
{
    (void)arg;
    pen_to(pen, 10);
}

/* Programs read lines, people read columns. */
static void draw_flowing(struct pen *pen, const char *text, void (*indent)(struct pen *, void *))
{
    indent(pen, NULL);
    if (pen->is_terminal)
        pen_wrap(pen, text, indent, NULL);
    else
        pen_text(pen, text, INT_MAX);
    pen_end(pen);
}

void output_sentence(struct pen *pen, const char *text)
{
    draw_flowing(pen, text, indent_sentence);
}

void output_event(struct pen *pen, const struct tm *when, const char *text)
{
    char clock[16];

    strftime(clock, sizeof(clock), "%H:%M:%S", when);
    pen_mood(pen, PEN_FAINT);
    pen_text(pen, clock, pen_room(pen));
    pen_mood(pen, PEN_PLAIN);
    draw_flowing(pen, text, indent_event);
}
