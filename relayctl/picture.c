/* SPDX-License-Identifier: MIT */
/* The picture. The edges of the tree say what a person wants to know first: which login serves,
 * and which is next. The reason comes from relayd in words, because only relayd knows what may be
 * claimed. A short one stands in the line of its login, a long one below. */
#include "config.h"

#include "relayctl/picture.h"

#include "relayctl/columns.h"
#include "relayctl/text.h"
#include "relayd/base/util.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define PATH_MIN 12 /* columns: less says nothing of a path */
#define SELF_MAX 512 /* how this program is called */
#define AIRY_MAX 8 /* up to so many logins have empty lines between them */

enum edge {
    EDGE_SERVES,
    EDGE_NEXT,
    EDGE_THEN,
    EDGE_LAST,  /* silent, and somebody else is not */
    EDGE_TRIED, /* silent, and so are all others */
    EDGE_NONE,  /* paused */
};

/* Draws as much of text as the line has room for. */
static void draw_text(struct printer *out, enum style style, const char *text)
{
    printer_style(out, style);
    printer_text(out, text, printer_room(out));
    printer_style(out, STYLE_PLAIN);
}

static void draw_glyphs(struct printer *out, enum style style, const char *glyphs,
                        const char *ascii)
{
    printer_style(out, style);
    printer_draw(out, glyphs, ascii);
    printer_style(out, STYLE_PLAIN);
}

static enum edge edge_of(const struct status *status, size_t i)
{
    if (proto_get_flag(&status->daemon, "paused"))
        return EDGE_NONE;
    if (status_is_silent(&status->upstreams[i]) && status_can_serve(status))
        return EDGE_LAST;
    if (i == 0)
        return status_can_serve(status) ? EDGE_SERVES : EDGE_TRIED;
    return i == 1 ? EDGE_NEXT : EDGE_THEN;
}

static void draw_trunk(struct printer *out)
{
    draw_glyphs(out, STYLE_FAINT, " │", " |");
}

static void draw_edge(struct printer *out, enum edge edge, bool is_last)
{
    static const struct { enum style style; const char *glyphs, *ascii; } edges[] = {
        [EDGE_SERVES] = {STYLE_GOOD, "─ serves ─▸ ", "- serves -> "},
        [EDGE_NEXT] = {STYLE_PLAIN, "─ next ───▸ ", "- next ---> "},
        [EDGE_THEN] = {STYLE_FAINT, "─ then ───▸ ", "- then ---> "},
        [EDGE_LAST] = {STYLE_FAINT, "─ last ───▸ ", "- last ---> "},
        [EDGE_TRIED] = {STYLE_DOUBTFUL, "─ tried ──▸ ", "- tried --> "},
        [EDGE_NONE] = {STYLE_FAINT, "─ paused ─╴ ", "- paused -  "},
    };

    draw_glyphs(out, STYLE_FAINT, is_last ? " └" : " ├", is_last ? " `" : " +");
    draw_glyphs(out, edges[edge].style, edges[edge].glyphs, edges[edge].ascii);
}

static enum style state_style(const struct proto_msg *login)
{
    const char *state = status_text(login, "state");

    if (strcmp(state, "alive") == 0)
        return STYLE_GOOD;
    return strcmp(state, "silent") == 0 ? STYLE_BAD : STYLE_DOUBTFUL;
}

static void draw_state(struct printer *out, const struct proto_msg *login)
{
    enum style style = state_style(login);

    if (style == STYLE_GOOD)
        draw_glyphs(out, style, "● ", "* ");
    else if (style == STYLE_BAD)
        draw_glyphs(out, style, "✗ ", "x ");
    else
        draw_glyphs(out, style, "○ ", "o ");
}

static void draw_cell(struct printer *out, enum style style, const char *text, int width)
{
    int end = out->column + width + 2;
    int room = printer_room(out);

    if (width == 0)
        return;
    printer_style(out, style);
    printer_text(out, text, width < room ? width : room);
    printer_style(out, STYLE_PLAIN);
    printer_pad(out, end < out->width ? end : out->width);
}

/* Draws who it is: number, label, host and tty. A socket that was registered by hand may have only
 * a number; its path is in the line below. */
static void draw_who(struct printer *out, const struct proto_msg *login,
                     const struct columns *columns)
{
    const char *label = status_text(login, "label");

    draw_glyphs(out, STYLE_FAINT, "#", "#");
    draw_cell(out, STYLE_PLAIN, status_text(login, "id"), columns->id);
    draw_cell(out, STYLE_STRONG, label, columns->label);
    draw_cell(out, label[0] == '\0' ? STYLE_STRONG : STYLE_PLAIN, status_text(login, "host"),
              columns->host);
    draw_cell(out, STYLE_PLAIN, status_tty(login), columns->tty);
}

static void format_age(const struct proto_msg *login, char out[TEXT_SPAN_MAX + 8])
{
    uint64_t age = proto_get_u64(login, "age_s", 0);
    char span[TEXT_SPAN_MAX];

    text_span(age, span);
    if (age < 5)
        strcpy(out, "just now");
    else
        snprintf(out, TEXT_SPAN_MAX + 8, "%s ago", span);
}

static void indent_login(struct printer *out, void *arg)
{
    const bool *is_last = arg;

    if (!*is_last)
        draw_trunk(out);
    printer_pad(out, COLUMNS_EDGE + 2);
}

/* Draws a reason that has lines of its own. */
static void draw_long_reason(struct printer *out, const struct proto_msg *login, bool is_last)
{
    indent_login(out, &is_last);
    printer_style(out, state_style(login));
    printer_wrap(out, status_text(login, "reason"), indent_login, &is_last);
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
}

/* Draws the reason, and the age at the right edge. */
static void draw_why(struct printer *out, const struct proto_msg *login, bool is_last)
{
    const char *reason = status_text(login, "reason");
    char age[TEXT_SPAN_MAX + 8];
    bool is_short;

    format_age(login, age);
    is_short = text_columns(reason, out->has_utf8) + 2 + (int)strlen(age) <= printer_room(out);
    if (is_short)
        draw_text(out, state_style(login), reason);
    printer_pad(out, out->width - (int)strlen(age));
    draw_text(out, STYLE_FAINT, age);
    printer_end_line(out);
    if (!is_short)
        draw_long_reason(out, login, is_last);
}

static void format_count(char *out, size_t size, uint64_t n, const char *noun)
{
    snprintf(out, size, "%" PRIu64 " %s%s", n, noun, n == 1 ? "" : "s");
}

static void format_keyboard(char *out, size_t size, uint64_t seconds)
{
    struct tm since = local_time(time_ago(seconds));

    strftime(out, size, seconds < 86400 ? "at the keyboard since %H:%M, "
                                        : "at the keyboard since %F %H:%M, ",
             &since);
}

/* ", last used 3 min ago" */
static void format_use(char *out, size_t size, uint64_t seconds)
{
    char span[TEXT_SPAN_MAX];

    text_span(seconds, span);
    if (seconds < 5)
        snprintf(out, size, ", last used just now");
    else
        snprintf(out, size, ", last used %s ago", span);
}

/* Draws the socket behind the rest of the line, where it could still be recognized. */
static void draw_path(struct printer *out, const char *path)
{
    int room = printer_room(out) - 2;

    if (room < PATH_MIN && room < text_columns(path, out->has_utf8))
        return;
    printer_pad(out, out->column + 2);
    printer_path(out, path, room);
}

static void draw_details(struct printer *out, const struct proto_msg *login, bool is_last)
{
    const char *link = status_text(login, "link");
    bool is_known = strcmp(link, "unknown") != 0;
    char keys[48] = "", clients[48], keyboard[64] = "", used[64] = "", line[320];

    if (proto_get(login, "keys") != NULL)
        format_count(keys, sizeof(keys), proto_get_u64(login, "keys", 0), "key");
    format_count(clients, sizeof(clients), proto_get_u64(login, "sessions", 0), "client");
    if (proto_get(login, "followed_s") != NULL)
        format_keyboard(keyboard, sizeof(keyboard), proto_get_u64(login, "followed_s", 0));
    if (proto_get(login, "used_s") != NULL)
        format_use(used, sizeof(used), proto_get_u64(login, "used_s", 0));
    snprintf(line, sizeof(line), "%s%s%s%s%s%s, %" PRIu64 " served%s%s%.16s",
             proto_get_flag(login, "preferred") ? "preferred, " : "", keyboard,
             proto_get_flag(login, "fallback") ? "fallback, " : "", keys,
             keys[0] != '\0' ? ", " : "", clients, proto_get_u64(login, "served", 0),
             used, is_known ? ", link " : "", is_known ? link : "");
    indent_login(out, &is_last);
    printer_style(out, STYLE_FAINT);
    printer_wrap(out, line, indent_login, &is_last);
    draw_path(out, status_text(login, "path"));
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
}

static void draw_logins(struct printer *out, const struct status *status)
{
    struct columns columns = columns_of(status, out);

    for (size_t i = 0; i < status->n; i++) {
        const struct proto_msg *login = &status->upstreams[i];
        bool is_last = i + 1 == status->n;

        if (i == 0 || status->n <= AIRY_MAX) {
            draw_trunk(out);
            printer_end_line(out);
        }
        draw_edge(out, edge_of(status, i), is_last);
        draw_state(out, login);
        draw_who(out, login, &columns);
        draw_why(out, login, is_last);
        draw_details(out, login, is_last);
    }
}

static void indent_sentence(struct printer *out, void *arg)
{
    printer_pad(out, 1);
}

/* Draws text, and an empty line below. */
static void draw_sentence(struct printer *out, enum style style, const char *text)
{
    indent_sentence(out, NULL);
    printer_style(out, style);
    printer_wrap(out, text, indent_sentence, NULL);
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
    printer_end_line(out);
}

static void draw_header(struct printer *out, const struct proto_msg *d)
{
    char up[TEXT_SPAN_MAX], clients[48], line[300];

    text_span(proto_get_u64(d, "since_s", 0), up);
    format_count(clients, sizeof(clients), proto_get_u64(d, "sessions", 0), "client");
    snprintf(line, sizeof(line),
             "relayd %.32s, pid %.16s, up %s: %s now, %" PRIu64 " served, %" PRIu64 " refused",
             status_text(d, "version"), status_text(d, "pid"), up, clients,
             proto_get_u64(d, "served", 0), proto_get_u64(d, "refused", 0));
    draw_sentence(out, STYLE_FAINT, line);
}

static void draw_paused(struct printer *out, const struct proto_msg *d, const char *self)
{
    uint64_t left = proto_get_u64(d, "paused_for_s", 0);
    char span[TEXT_SPAN_MAX], whole[SELF_MAX], line[SELF_MAX + 100];

    text_span(left, span);
    snprintf(line, sizeof(line), "paused%s%s: every client is turned away (%s\u00a0resume)",
             left > 0 ? " for another " : "", left > 0 ? span : "", text_whole(whole, sizeof(whole), self));
    draw_sentence(out, STYLE_DOUBTFUL, line);
}

static void draw_nobody(struct printer *out, const char *self, bool comes_by_rc)
{
    char whole[SELF_MAX], line[SELF_MAX + 100];

    draw_trunk(out);
    printer_end_line(out);
    draw_glyphs(out, STYLE_FAINT, " └─ ", " `- ");
    draw_text(out, STYLE_DOUBTFUL, "no login is registered: every client is turned away");
    printer_end_line(out);
    printer_end_line(out);
    if (comes_by_rc)
        snprintf(line, sizeof(line), "log in with ssh\u00a0-A: ~/.ssh/rc registers it");
    else
        snprintf(line, sizeof(line), "log in with ssh\u00a0-A, and there: %s\u00a0register",
                 text_whole(whole, sizeof(whole), self));
    indent_sentence(out, NULL);
    printer_wrap(out, line, indent_sentence, NULL);
    printer_end_line(out);
    snprintf(line, sizeof(line), "for logins that are open already: %s\u00a0register\u00a0--scan",
             text_whole(whole, sizeof(whole), self));
    indent_sentence(out, NULL);
    printer_wrap(out, line, indent_sentence, NULL);
    printer_end_line(out);
}

static void draw_socket(struct printer *out, const struct proto_msg *d)
{
    printer_pad(out, 1);
    printer_style(out, STYLE_STRONG);
    printer_path(out, status_text(d, "socket"), printer_room(out));
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
}

void picture_draw(struct printer *out, const struct status *status, const char *self,
                  bool comes_by_rc)
{
    draw_header(out, &status->daemon);
    if (status_obstacle(status) != NULL)
        draw_sentence(out, STYLE_BAD, status_obstacle(status));
    if (proto_get_flag(&status->daemon, "paused"))
        draw_paused(out, &status->daemon, self);
    else if (status->n > 0 && !status_can_serve(status))
        draw_sentence(out, STYLE_DOUBTFUL,
                      "no login answers at the moment: wake the laptop, or log in with ssh\u00a0-A");
    draw_socket(out, &status->daemon);
    if (status->n == 0)
        draw_nobody(out, self, comes_by_rc);
    else
        draw_logins(out, status);
}
