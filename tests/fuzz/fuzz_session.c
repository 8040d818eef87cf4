/* SPDX-License-Identifier: MIT */
/* The sessions, with all that they stand on: choosing, attempts, dials, the registry, enrolment, and
 * libev's loop. The input is a script for four clients and four agents (cast.h), for whoever
 * registers, prefers and pauses, for the links and for the clock. At the end the agents are all
 * well, or mute, or gone; however it was until then, each client has its answers, or its end, within
 * the time that it may take, and nothing is left. */
#include "config.h"

#include "tests/fuzz/cast.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/house.h"
#include "tests/fuzz/kernel.h"

/* Longer scripts cost time and find no more. */
#define LINES_MAX 24

static const double times[16] = {0.001, 0.02, 0.06, 0.3,  0.3,  0.6,  1.1, 1.1,
                                 2.0,   5.1,  11.0, 16.0, 31.0, 61.0, 65.0, 601.0};
static const size_t amounts[16] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, 1, 2, 4,    5,        6,
                                   7,        9,        20,       30, 100, 4095, 4096, 4999};

/* --- the script */

static void listen_again(unsigned agent, unsigned how)
{
    switch (how) {
    case 0:
    case 1:
        kernel_deafen(agent);
        kernel_listen(agent, 8);
        break;
    case 2:
        kernel_deafen(agent);
        break;
    default:
        kernel_deafen(agent);
        kernel_unlink(agent);
        break;
    }
    cast.is_renewed = true;
    cast_allow_end(false);
}

static void lack(unsigned how)
{
    if ((how & 1) != 0)
        kernel.lacks_fds = how >> 1;
    else
        kernel.lacks_watches = how >> 1;
    cast.is_lacking = true;
    cast_allow_end(true);
}

static void set_link(unsigned agent, unsigned how)
{
    kernel.files[agent].link = (enum kernel_link)(how % 3);
    if (how == 3)
        kernel.files[agent].data_at = kernel.now;
}

static void do_rarely(unsigned how, unsigned agent)
{
    switch (how) {
    case 0:
        kernel.files[agent].is_process_over = true;
        break;
    case 1:
        if (!options.is_read_only)
            cast_say_unasked((int)agent);
        break;
    case 2:
        if (agent < 2)
            kernel.is_backwards = !kernel.is_backwards;
        else
            do_replace(upstream_of(agent - 2), upstream_of(agent - 1));
        break;
    case 3:
        do_restart();
        break;
    }
}

static void play_client(struct fuzz_input *in, unsigned what, unsigned much)
{
    int c = (int)(much & 3);
    uint8_t more;

    switch (what) {
    case 0:
        do_connect(c, (much & 8) != 0 ? 8 : KERNEL_ROOM);
        break;
    case 1:
    case 2:
        do_connect(c, KERNEL_ROOM);
        more = fuzz_byte(in);
        cast_ask(c, more & 15, amounts[more >> 4]);
        break;
    case 3:
        cast_send(c, amounts[fuzz_byte(in) >> 4]);
        break;
    case 4:
        cast.clients[c].is_deaf = much >= 8;
        /* Who does not read is not waited for where nobody is there to serve it. */
        cast.clients[c].may_end |= much >= 8;
        if ((much & 4) != 0)
            do_find((unsigned)c);
        break;
    case 5:
        if (much < 8 && cast.clients[c].fd >= 0) {
            kernel_shut(kernel_get(cast.clients[c].fd));
            cast.clients[c].is_shut = true;
        } else {
            cast_leave(c);
        }
        break;
    }
}

static void play(struct fuzz_input *in)
{
    uint8_t line = fuzz_byte(in);
    unsigned much = line >> 4, agent = much & 3, how = much >> 2;

    switch (line & 15) {
    case 6:
        cast.modes[agent] = (enum cast_mode)(fuzz_byte(in) & 15);
        break;
    case 7:
        cast_answer_late((int)agent);
        break;
    case 8:
        if (how == 0)
            cast_hang_up((int)agent);
        else
            listen_again(agent, how);
        break;
    case 9:
        do_register(agent, fuzz_byte(in));
        break;
    case 10:
        if (how == 0)
            do_unregister(upstream_of(agent));
        else if (how == 3)
            do_follow(upstream_of(agent));
        else
            do_prefer(how == 1 ? NULL : upstream_of(agent));
        break;
    case 11:
        if (much < 2)
            do_pause(much == 0);
        else
            lack(much);
        break;
    case 12:
        pass(times[much]);
        break;
    case 13:
        kernel.now += times[much & 7];
        break;
    case 14:
        set_link(agent, how);
        break;
    case 15:
        do_rarely(how, agent);
        break;
    default:
        play_client(in, line & 15, much);
    }
}

static void begin(uint8_t how, bool is_raw, bool is_discovering)
{
    cast.is_read_only = (how & 1) != 0;
    cast.is_none_empty = (how & 2) != 0;
    cast.is_raw = is_raw;
    house_begin((how & 4) != 0 ? 2 : REGISTRY_MAX, is_discovering);
    for (unsigned agent = 0; agent < CAST_AGENTS; agent++)
        kernel_listen(agent, agent == 1 ? 1 : 8);
    /* Most scripts need some. */
    for (unsigned agent = 0; agent < (how >> 3 & 3); agent++)
        do_register(agent, how >> 5);
    settle();
}

/* --- the end */

static bool is_anyone_waiting(void)
{
    for (int c = 0; c < CAST_CLIENTS; c++) {
        if (cast_is_waiting(c))
            return true;
    }
    return false;
}

static void set_all(enum cast_mode mode)
{
    for (int a = 0; a < CAST_AGENTS; a++) {
        cast.modes[a] = mode;
        kernel.files[a].link = KERNEL_LINK_UNKNOWN;
    }
    for (int c = 0; c < CAST_CLIENTS; c++)
        cast.clients[c].is_deaf = false;
    kernel.lacks_fds = kernel.lacks_watches = 0;
}

/* A session has begun at that time: no silence is left that time alone has ended by then. Where
 * there is a link, that is asked first, of each in turn. */
static void check_forgiven(double then)
{
    const struct upstream *u;

    list_for_each(u, &registry.upstreams, link)
        fuzz_must(u->tcp.tuple.family != 0 || !upstream_is_due(u, then));
}

/* All are well: each is answered, and whoever comes now, as well. */
static void end_well(void)
{
    double then;

    set_all(CAST_ANSWERS_ALL);
    cast_hang_up_broken();
    pass(8);
    fuzz_must(!is_anyone_waiting());
    do_pause(false);
    cast_leave(0);
    kernel_deafen(0);
    kernel_listen(0, 8);
    do_register(0, 0);
    settle();
    cast.n_questions = cast.n_questions == CAST_QUESTIONS ? CAST_QUESTIONS - 1 : cast.n_questions;
    do_connect(0, KERNEL_ROOM);
    then = kernel.now;
    cast_ask(0, 0, SIZE_MAX);
    settle();
    check_forgiven(then);
    fuzz_must(!cast_is_waiting(0) && cast.clients[0].chosen >= 0);
}

/* None says anything more: within its bound each client is told, or left; but with --raw, where
 * nobody knows who is owed something. */
static void end_mute(void)
{
    const struct session *s;

    set_all(CAST_MUTE);
    /* Who is found by a look at the end has as long again. */
    pass(2 * (PATIENCE_UP + LATE_SECONDS) + LOOK_SECONDS);
    list_for_each(s, &sessions.list, link)
        fuzz_must(s->state != SESSION_CHOOSING);
    pass(600 + LATE_SECONDS);
    fuzz_must(cast.is_raw || !is_anyone_waiting());
}

/* None is there any more. */
static void end_gone(void)
{
    set_all(CAST_MUTE);
    for (int a = 0; a < CAST_AGENTS; a++) {
        kernel_deafen((unsigned)a);
        cast_hang_up(a);
    }
    pass(1 + LOOK_SECONDS);
    fuzz_must(!is_anyone_waiting());
}

static void end(uint8_t how)
{
    switch (how >> 6) {
    case 0:
    case 1:
        end_well();
        break;
    case 2:
        end_mute();
        break;
    case 3:
        end_gone();
        break;
    }
    house_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t how = fuzz_byte(&in), last = fuzz_byte(&in);

    begin(how, (last & 3) == 3, (last & 4) != 0);
    for (unsigned lines = 0; lines < LINES_MAX && in.n > 0; lines++) {
        play(&in);
        settle();
    }
    end(last);
    return 0;
}
