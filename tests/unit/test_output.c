/* SPDX-License-Identifier: MIT */
/* What relayctl shows: to people in lines of a known width, to programs as JSON. */
#include "config.h"

#include "relayctl/json.h"
#include "relayctl/notices.h"
#include "relayctl/picture.h"
#include "relayctl/short.h"
#include "relayctl/text.h"
#include "tests/unit/test.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAEMON \
    "daemon\nversion=0.1.0\npid=42\nsocket=/run/user/1000/relayd/agent.sock\n" \
    "sessions=2\nserved=118\nrefused=0\nsince_s=11000\n"
#define LAPTOP \
    "upstream\nid=7\npath=/tmp/ssh-XXXXabcdef/agent.17\nlabel=laptop\nhost=10.0.0.5\n" \
    "tty=/dev/pts/3\npid=100\nstate=alive\nlink=up\nrtt_ms=23.0\nage_s=130\nsessions=2\n" \
    "served=100\nfallback=0\npreferred=0\nreason=alive, 23 ms\n"
#define TRAIN \
    "upstream\nid=3\npath=/tmp/ssh-XXXXabcdeg/agent.9\nhost=10.0.0.9\nstate=silent\n" \
    "link=down\nage_s=500000\nserved=1\nfallback=1\n" \
    "reason=silent since 14:02: nothing acknowledged for 38 s\n"
#define ODD \
    "upstream\nid=12345678901234\n" \
    "label=b\xc3\xbcro \xe6\x9d\xb1\xe4\xba\xac \xe2\x80\xae %1b[31m\xff\n" \
    "path=/a/very/long/path/that/goes/on/and/on/and/on/and/on/and/on/and/on/s.x.sshd.y\n" \
    "host=2001:db8:1111:2222:3333:4444:5555:6666%25eth0\ntty=/dev/somewhere/else\n" \
    "state=untried\nlink=unknown\nage_s=7\nreason=averyveryverylongwordwithoutanyblank" \
    "averyveryverylongwordwithoutanyblankaveryveryverylongwordwithoutanyblank \xe6\x9d\xb1\n"

static struct status status;
static struct notices notices;
static char *shown;
static size_t shown_size;

static void add(const char *packet)
{
    struct proto_msg msg;

    ck_assert_int_eq(proto_parse(&msg, packet, strlen(packet)), 0);
    ck_assert_int_eq(status_add(&status, &msg), 0);
}

static const char *show(bool has_glyphs, bool has_colour, int width)
{
    struct printer out = {.has_utf8 = has_glyphs, .has_glyphs = has_glyphs,
                      .has_colour = has_colour, .width = width};

    free(shown);
    out.file = open_memstream(&shown, &shown_size);
    picture_draw(&out, &status, "relayctl", false);
    fclose(out.file);
    return shown;
}

static const char *show_json(void)
{
    FILE *file;

    free(shown);
    file = open_memstream(&shown, &shown_size);
    json_status(file, &status, &notices);
    fclose(file);
    return shown;
}

static void set_up(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
}

static void tear_down(void)
{
    status_fini(&status);
    free(shown);
    shown = NULL;
}

static bool shows(const char *text)
{
    return strstr(shown, text) != NULL;
}

START_TEST(the_picture_is_this)
{
    add(DAEMON);
    add(LAPTOP);
    add(TRAIN);
    ck_assert_str_eq(show(true, false, 80),
        " relayd 0.1.0, pid 42, up 3 h: 2 clients now, 118 served, 0 refused\n"
        "\n"
        " /run/user/1000/relayd/agent.sock\n"
        " │\n"
        " ├─ serves ─▸ ● #7  laptop  10.0.0.5  pts/3  alive, 23 ms              2 min ago\n"
        " │              2 clients, 100 served, link up  /tmp/ssh-XXXXabcdef/agent.17\n"
        " │\n"
        " └─ last ───▸ ✗ #3          10.0.0.9                                     5 d ago\n"
        "                silent since 14:02: nothing acknowledged for 38 s\n"
        "                fallback, 0 clients, 1 served, link down  /tmp/ssh-X…deg/agent.9\n");
    ck_assert(status_can_serve(&status));
}
END_TEST

START_TEST(a_link_that_is_unknown_is_not_spoken_of)
{
    add(DAEMON);
    add(ODD);
    show(false, false, 80);
    ck_assert(shows("0 clients, 0 served  /a/very/long"));
}
END_TEST

START_TEST(the_last_use_is_told_where_there_was_one)
{
    add(DAEMON);
    add(LAPTOP "used_s=200\n");
    add(LAPTOP "used_s=2\n");
    add(TRAIN);
    show(false, false, 120);
    ck_assert(shows("  2 clients, 100 served, last used 3 min ago, link up  /tmp"));
    ck_assert(shows("  2 clients, 100 served, last used just now, link up  /tmp"));
    ck_assert(shows("  fallback, 0 clients, 1 served, link down  /tmp"));
    show_json();
    ck_assert(shows("\"used_s\": 200,"));
    ck_assert(shows("\"used_s\": null,"));
}
END_TEST

START_TEST(what_a_line_has_no_room_for_stands_in_the_next)
{
    add(DAEMON);
    add(LAPTOP "keys=1\nfollowed_s=90000\nused_s=200\n");
    add(LAPTOP "keys=1\nused_s=200\n");
    show(false, false, 80);
    ck_assert(shows(", 2 clients, 100\n |              served, last used 3 min ago, link up  /tmp"));
    ck_assert(shows("link up\n"));
}
END_TEST

START_TEST(how_many_keys_a_login_has_is_told_where_it_is_known)
{
    add(DAEMON);
    add(LAPTOP "keys=1\n");
    add(LAPTOP "keys=0\n");
    add(TRAIN);
    show(false, false, 80);
    ck_assert(shows("  1 key, 2 clients, 100 served"));
    ck_assert(shows("  0 keys, 2 clients, 100 served"));
    ck_assert(shows("  fallback, 0 clients, 1 served"));
    show_json();
    ck_assert(shows("\"keys\": 1,"));
    ck_assert(shows("\"keys\": 0,"));
    ck_assert(shows("\"keys\": null,"));
}
END_TEST

START_TEST(nobody_is_a_picture_too)
{
    add(DAEMON);
    show(false, false, 80);
    ck_assert(shows(" `- no login is registered"));
    ck_assert(shows("relayctl register"));
    ck_assert(!status_can_serve(&status));
}
END_TEST

START_TEST(all_silent_is_said)
{
    add(DAEMON);
    add(TRAIN);
    show(false, false, 80);
    ck_assert(shows("no login answers"));
    ck_assert(shows("`- tried --> x #3"));
    ck_assert(!status_can_serve(&status));
}
END_TEST

START_TEST(a_pause_is_said)
{
    add(DAEMON "paused=1\npaused_for_s=240\n");
    add(LAPTOP);
    show(false, false, 80);
    ck_assert(shows("paused for another 4 min"));
    ck_assert(!shows("serves"));
    ck_assert(!status_can_serve(&status));
}
END_TEST

START_TEST(relayd_says_whether_it_can_serve)
{
    add(DAEMON "can_serve=0\n");
    add(LAPTOP);
    ck_assert(!status_can_serve(&status));
    show(false, false, 80);
    ck_assert(shows("no login answers"));
    add(DAEMON "can_serve=1\n");
    ck_assert(status_can_serve(&status));
}
END_TEST

START_TEST(no_line_is_too_wide)
{
    add(DAEMON);
    add(LAPTOP);
    add(ODD);
    add(ODD);
    add(TRAIN);
    for (int width = 40; width <= 120; width++) {
        show(_i == 1, false, width);
        for (char *line = strtok(shown, "\n"); line != NULL; line = strtok(NULL, "\n"))
            ck_assert_msg(text_columns(line, true) <= width, "over %d: %s", width, line);
    }
}
END_TEST

START_TEST(nothing_odd_reaches_the_terminal)
{
    add(DAEMON);
    add(ODD);
    for (const char *p = show(true, false, 80); *p != '\0';) {
        uint32_t c = utf8_next(&p);

        ck_assert(c == '\n' || c == text_safe(c, true));
    }
    for (const char *p = show(false, false, 80); *p != '\0'; p++)
        ck_assert(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
    ck_assert_ptr_nonnull(strchr(show(false, true, 80), '\033'));
}
END_TEST

/* 256 bytes, the most that a label may have, of letters that take two each. */
START_TEST(a_long_label_is_whole_or_cut_between_letters)
{
    char packet[400] = "upstream\nid=1\nlabel=";
    const char *letters = packet + strlen(packet);

    for (int i = 0; i < 128; i++)
        strcat(packet, "\xc3\xbc");
    add(DAEMON);
    add(packet);
    ck_assert_ptr_nonnull(strstr(show_json(), letters));
    for (int width = 40; width <= 120; width++) {
        for (const char *p = show(true, false, width); *p != '\0';)
            ck_assert_uint_ne(utf8_next(&p), UTF8_INVALID);
    }
    ck_assert(shows("#1  \xc3\xbc\xc3\xbc"));
    ck_assert(shows("\xc3\xbc\xe2\x80\xa6  "));
}
END_TEST

START_TEST(json_is_this)
{
    add(DAEMON);
    ck_assert_str_eq(show_json(),
        "{\n  \"version\": \"0.1.0\",\n  \"pid\": 42,\n"
        "  \"socket\": \"/run/user/1000/relayd/agent.sock\",\n  \"paused\": false,\n"
        "  \"sessions\": 2,\n  \"served\": 118,\n  \"refused\": 0,\n  \"following\": false,\n  \"upstreams\": [],\n"
        "  \"notices\": []\n}\n");
    add(TRAIN);
    show_json();
    ck_assert(shows("\"label\": \"\""));
    ck_assert(shows("\"rtt_ms\": null"));
    ck_assert(shows("\"fallback\": true"));
    ck_assert(shows("\"preferred\": false"));
    ck_assert(shows("\"reason\": \"silent since 14:02: nothing acknowledged for 38 s\"\n"
                    "    }\n  ],\n"));
}
END_TEST

START_TEST(what_is_noticed_is_in_json_too)
{
    add(DAEMON "obstacle=a directory stands there\n");
    notices = (struct notices){.n = 1, .notice = {{"it is \"old\"", "eval \"$(x)\""}}};
    show_json();
    notices.n = 0;
    ck_assert(shows("\"upstreams\": [],\n  \"notices\": [\n"
                    "    {\n      \"text\": \"a directory stands there\",\n      \"cure\": \"\"\n    },\n"
                    "    {\n      \"text\": \"it is \\\"old\\\"\",\n"
                    "      \"cure\": \"eval \\\"$(x)\\\"\"\n    }\n  ]\n}\n"));
}
END_TEST

START_TEST(a_cure_is_in_one_line)
{
    struct printer out = {.width = 60};

    notices = (struct notices){.n = 2, .notice = {
        {"this shell does not use relayd", "eval \"$(relayctl env)\""},
        {"relayd runs an older program than is installed", "systemctl --user restart relayd"},
    }};
    out.file = open_memstream(&shown, &shown_size);
    notices_draw(&out, &notices);
    fclose(out.file);
    notices.n = 0;
    ck_assert_str_eq(shown, "\n ! this shell does not use relayd: eval \"$(relayctl env)\"\n"
                            " ! relayd runs an older program than is installed:\n"
                            "   systemctl --user restart relayd\n");
}
END_TEST

static const char *show_short(const char *upstreams, ...)
{
    va_list more;
    FILE *file;

    status_fini(&status);
    add(DAEMON);
    va_start(more, upstreams);
    for (; upstreams != NULL; upstreams = va_arg(more, const char *))
        add(upstreams);
    va_end(more);
    free(shown);
    file = open_memstream(&shown, &shown_size);
    short_status(file, &status);
    fclose(file);
    return shown;
}

#define UP(more) "upstream\nid=7\nstate=alive\nage_s=100\n" more
#define SILENT(more) "upstream\nid=8\nstate=silent\nsilent_s=200\nage_s=50\n" more

START_TEST(a_prompt_gets_a_few_words)
{
    ck_assert_str_eq(show_short(NULL), "no login\n");
    ck_assert_str_eq(show_short(UP("label=laptop\nhost=10.0.0.5\n"), NULL), "laptop\n");
    ck_assert_str_eq(show_short(UP("host=10.0.0.5\n"), NULL), "10.0.0.5\n");
    ck_assert_str_eq(show_short(UP(""), NULL), "login 7\n");
    ck_assert_str_eq(show_short(UP("label=office\n"), SILENT("label=laptop\n"), NULL),
                     "office (laptop silent 3 m)\n");
    ck_assert_str_eq(show_short(SILENT("label=laptop\n"), NULL), "laptop silent 3 m\n");
}
END_TEST

START_TEST(a_prompt_is_told_of_the_login_that_ought_to_serve)
{
    ck_assert_str_eq(show_short(UP("label=a\n"), "upstream\nid=1\nlabel=b\nstate=silent\nage_s=900\n", NULL),
                     "a\n");
    ck_assert_str_eq(show_short(UP("label=a\nfallback=1\n"),
                                "upstream\nid=1\nlabel=b\nstate=silent\nage_s=900\n", NULL),
                     "a (b silent)\n");
    ck_assert_str_eq(show_short(UP("label=a\n"), SILENT("label=b\nfallback=1\n"), NULL), "a\n");
    ck_assert_str_eq(show_short(UP("label=a\npreferred=1\n"), SILENT("label=b\n"), NULL), "a\n");
}
END_TEST

START_TEST(a_prompt_is_not_flooded)
{
    static const char *const spans[] = {"59", "3599", "172799", "86313600", "18446744073709551615"};

    show_short(UP("label=a-label-that-is-much-longer-than-any-prompt\n"),
               SILENT("label=%25{#[fg=red]$(id)`id`\\!\"%1b[31m\n"), NULL);
    ck_assert_int_le(text_columns(shown, true), SHORT_WIDTH + 1);
    ck_assert_ptr_null(strpbrk(shown, "%#$`\\!\"'\033"));
    show_short(UP("label=a-label-that-is-much-longer-than-any-prompt\n"), NULL);
    ck_assert_int_le(text_columns(shown, true), SHORT_WIDTH + 1);
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        char silent[200];

        snprintf(silent, sizeof(silent), "upstream\nid=8\nlabel=another-long-label\n"
                 "state=silent\nage_s=50\nsilent_s=%s\n", spans[i]);
        show_short(UP("label=a-label-that-is-longer\n"), silent, NULL);
        ck_assert_msg(text_columns(shown, true) <= SHORT_WIDTH + 1, "%s", shown);
    }
}
END_TEST

START_TEST(json_stays_json)
{
    add("daemon\nversion=\"\\\x7f%0a\xff\xed\xa0\x80\xf0\x9f\x98\x80\n"
        "pid=nan\nsessions=01\nserved=1e9\n");
    add("upstream\nid=-1\nrtt_ms=1.\nage_s=0.5\n");
    show_json();
    ck_assert(shows("\"version\": \"\\\"\\\\\\u007f\\u000a"
                    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\""));
    ck_assert(shows("\"pid\": 0,"));
    ck_assert(shows("\"sessions\": 0,"));
    ck_assert(shows("\"served\": 0,"));
    ck_assert(shows("\"id\": 0,"));
    ck_assert(shows("\"rtt_ms\": null,"));
    ck_assert(shows("\"age_s\": 0.5,"));
}
END_TEST

START_TEST(text_flows_on_a_terminal_only)
{
    static const char text[] = "one two three four five six seven eight nine ten";
    struct printer out = {.width = 40, .is_terminal = _i == 1};

    out.file = open_memstream(&shown, &shown_size);
    printer_text(&out, "09:05:00", 8);
    printer_flow(&out, text, 10);
    fclose(out.file);
    if (_i == 1)
        ck_assert_str_eq(shown, "09:05:00  one two three four five six\n"
                                "          seven eight nine ten\n");
    else
        ck_assert_str_eq(shown, "09:05:00  one two three four five six seven eight nine ten\n");
}
END_TEST

static const char *show_labelled(const char *label, int width)
{
    char packet[400];

    snprintf(packet, sizeof(packet), "upstream\nid=1\nlabel=%s\nhost=10.0.0.5\ntty=/dev/pts/3\n"
             "state=alive\nreason=alive, 23 ms\n", label);
    status_fini(&status);
    add(DAEMON);
    add(packet);
    return show(false, false, width);
}

START_TEST(a_label_uses_the_width_that_is_there)
{
    show_labelled("a-label-of-thirty-columns-width", 80);
    ck_assert(shows(" #1  a-label-of-thirty-columns-width  10.0.0.5  pts/3  "));
    show_labelled("a-label-of-more-than-fifty-columns-that-is-here-in-full", 120);
    ck_assert(shows(" #1  a-label-of-more-than-fifty-columns-that-is-here-in-full  10.0.0.5  pts/3  "));
    show_labelled("a-label-of-more-than-fifty-columns-that-is-here-in-full", 80);
    ck_assert(shows(" #1  a-label-of-more-than-fifty-col~  10.0.0.5  pts/3  "));
}
END_TEST

static void indent_four(struct printer *out, void *arg)
{
    printer_pad(out, 4);
}

START_TEST(no_command_is_broken)
{
    static const char text[] =
        "wake the laptop, or type systemctl\u00a0--user\u00a0restart\u00a0relayd, or\u00a0so";
    struct printer out = {.width = 40, .is_terminal = true, .has_utf8 = _i == 1};

    out.file = open_memstream(&shown, &shown_size);
    printer_wrap(&out, text, indent_four, NULL);
    printer_end_line(&out);
    fclose(out.file);
    ck_assert_str_eq(shown, "wake the laptop, or type\n"
                            "    systemctl --user restart relayd,\n"
                            "    or so\n");
}
END_TEST

START_TEST(blanks_make_no_line_too_wide)
{
    static const char *const texts[] = {
        "thirty-eight columns stand in this line   and     in this another one of forty.   ",
        "thirty-eight columns stand in this line and in this another one of just thirty ",
    };
    struct printer out = {.width = 40, .is_terminal = true};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        free(shown);
        out.file = open_memstream(&shown, &shown_size);
        printer_flow(&out, texts[i], 0);
        fclose(out.file);
        for (const char *line = shown; *line != '\0'; line += strcspn(line, "\n") + 1)
            ck_assert_msg(strcspn(line, "\n") <= 40, "%s", shown);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_picture_is_this);
    tcase_add_test(tcase, a_link_that_is_unknown_is_not_spoken_of);
    tcase_add_test(tcase, the_last_use_is_told_where_there_was_one);
    tcase_add_test(tcase, what_a_line_has_no_room_for_stands_in_the_next);
    tcase_add_test(tcase, how_many_keys_a_login_has_is_told_where_it_is_known);
    tcase_add_test(tcase, nobody_is_a_picture_too);
    tcase_add_test(tcase, all_silent_is_said);
    tcase_add_test(tcase, a_pause_is_said);
    tcase_add_test(tcase, relayd_says_whether_it_can_serve);
    tcase_add_loop_test(tcase, no_line_is_too_wide, 0, 2);
    tcase_add_test(tcase, nothing_odd_reaches_the_terminal);
    tcase_add_test(tcase, a_long_label_is_whole_or_cut_between_letters);
    tcase_add_test(tcase, json_is_this);
    tcase_add_test(tcase, what_is_noticed_is_in_json_too);
    tcase_add_test(tcase, a_cure_is_in_one_line);
    tcase_add_test(tcase, a_prompt_gets_a_few_words);
    tcase_add_test(tcase, a_prompt_is_told_of_the_login_that_ought_to_serve);
    tcase_add_test(tcase, a_prompt_is_not_flooded);
    tcase_add_test(tcase, json_stays_json);
    tcase_add_test(tcase, a_label_uses_the_width_that_is_there);
    tcase_add_loop_test(tcase, no_command_is_broken, 0, 2);
    tcase_add_test(tcase, blanks_make_no_line_too_wide);
    tcase_add_loop_test(tcase, text_flows_on_a_terminal_only, 0, 2);
}

int main(void)
{
    return run_tests("output", add_tests);
}
