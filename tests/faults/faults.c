/* SPDX-License-Identifier: MIT */
/*
 * Every call fails once: for each row of the table, each of its errors and each time that the
 * call is made, a trial (trial.h). Says what failed as TAP.
 *
 *     faults [-l] [-j JOBS] [-o CALL] [-s SCENARIO] [-u UID] [-w DIR] TABLE RELAYD RELAYCTL PRELOAD
 *
 * -l: every call; else the first, the middle and the last of each kind.
 */
#include "config.h"

#include "tests/faults/trial.h"

#include "tests/faults/manager.h"

#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIALS_MAX 40000
#define SCENARIOS_MAX 8
#define LASTING 4 /* so many beginnings of what fails for good; a quarter of them in the short form */
#define SHOWN_MAX 40
#define JOBS_MAX 64

struct plan {
    struct calls calls;
    struct normal normal[SCENARIOS_MAX];
    bool is_long;
    int jobs;
    const char *only_call, *only_scenario, *dir;
    struct stage stage; /* as each worker begins with it */
    /* Shared by all workers. */
    struct trial *trials;
    size_t n;
    size_t *next;
};

static unsigned points, failures;

static void point(bool is_ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void point(bool is_ok, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    printf("%sok %u - ", is_ok ? "" : "not ", ++points);
    vprintf(format, ap);
    putchar('\n');
    fflush(stdout);
    va_end(ap);
    failures += !is_ok;
}

static void *share(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        err(1, "mmap");
    return p;
}

static bool is_chosen(const char *only, const char *name)
{
    return only == NULL || strcmp(only, name) == 0;
}

/* --- what is normal */

static void learn(struct plan *plan)
{
    char dir[STAGE_PATH];

    snprintf(dir, sizeof(dir), "%.80s/normal", plan->dir);
    stage_init(&plan->stage, dir);
    for (size_t i = 0; i < n_scenarios; i++) {
        normal_learn(&plan->normal[i], &plan->stage, &scenarios[i]);
        manager_fini(&plan->stage);
        point(plan->normal[i].trouble[0] == '\0', "%s: all is well where nothing fails%s%s",
              scenarios[i].name, plan->normal[i].trouble[0] == '\0' ? "" : ": ",
              plan->normal[i].trouble);
    }
    stage_fini(&plan->stage);
}

/* What the table must have a row for: all that the programs call. */
static void check_table(const struct plan *plan)
{
    char missing[2048] = "";

    for (int number = 0; number < INJECT_NUMBERS; number++) {
        bool is_called = false;

        for (size_t i = 0; i < n_scenarios; i++)
            is_called |= plan->normal[i].census[number] > 0;
        if (is_called && calls_find(&plan->calls, number) == NULL &&
            strlen(missing) + 32 < sizeof(missing))
            sprintf(missing + strlen(missing), " %s", call_name(number));
    }
    point(missing[0] == '\0', "the table has each call that is made%s%s",
          missing[0] == '\0' ? "" : ", but:", missing);
}

/* --- trials */

static void add(struct plan *plan, const struct trial *trial)
{
    if (plan->n == TRIALS_MAX)
        errx(1, "more than %d trials", TRIALS_MAX);
    plan->trials[plan->n++] = *trial;
}

/* Whether the n-th of so many fails in a trial of its own. */
static bool is_taken(const struct plan *plan, unsigned n, unsigned all)
{
    return plan->is_long || n == 1 || n == (all + 1) / 2 || n == all;
}

/* Errors of a moment: the kernel gives none of them again and again, for it says by the loop that
 * there is something to do. */
static bool can_last(int error)
{
    return error != EINTR && error != EAGAIN && error != ECONNABORTED;
}

static void add_error(struct plan *plan, const struct scenario *scenario, const struct call *call,
                      int error, unsigned all)
{
    struct trial trial = {.scenario = scenario, .call = call, .error = error};
    unsigned beginnings = plan->is_long ? LASTING : LASTING / 4;

    for (unsigned n = 1; n <= all; n++) {
        trial.first = trial.last = n;
        if (is_taken(plan, n, all))
            add(plan, &trial);
    }
    trial.last = INJECT_FOREVER;
    for (unsigned i = 0; i < beginnings && i < all && can_last(error); i++) {
        trial.first = 1 + (2 * i + 1) * all / (2 * beginnings);
        add(plan, &trial);
    }
}

static void add_scenario(struct plan *plan, size_t i)
{
    const struct normal *normal = &plan->normal[i];

    for (size_t c = 0; c < plan->calls.n; c++) {
        const struct call *call = &plan->calls.all[c];
        unsigned all = call->number == CALL_ALLOCATION ? normal->allocations
                       : call->number < 0              ? 0
                                                       : normal->census[call->number];

        if (!is_chosen(plan->only_call, call->name) || all == 0)
            continue;
        for (size_t e = 0; e < call->n; e++)
            add_error(plan, &scenarios[i], call, call->errors[e], all);
    }
}

static void work(struct plan *plan, int job)
{
    char dir[STAGE_PATH];
    size_t i;

    snprintf(dir, sizeof(dir), "%.80s/%d", plan->dir, job);
    stage_init(&plan->stage, dir);
    while ((i = __atomic_fetch_add(plan->next, 1, __ATOMIC_RELAXED)) < plan->n) {
        struct trial *trial = &plan->trials[i];

        trial_run(trial, &plan->stage, &plan->normal[trial->scenario - scenarios]);
        manager_fini(&plan->stage);
    }
    stage_fini(&plan->stage);
    _exit(0);
}

/* The order is one in which scenarios and calls alternate: those that wait do so side by side. */
static void shuffle(struct plan *plan)
{
    unsigned long long x = 1;

    for (size_t i = plan->n; i > 1; i--) {
        struct trial *a = &plan->trials[i - 1], *b, kept = *a;

        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        b = &plan->trials[(x >> 33) % i];
        *a = *b;
        *b = kept;
    }
}

static void run(struct plan *plan)
{
    bool is_whole = true;
    pid_t workers[JOBS_MAX];

    shuffle(plan);
    fflush(stdout);
    for (int job = 0; job < plan->jobs; job++) {
        workers[job] = fork();
        if (workers[job] == 0)
            work(plan, job);
    }
    for (int job = 0; job < plan->jobs; job++) {
        int status = -1;

        is_whole &= waitpid(workers[job], &status, 0) > 0 && status == 0;
    }
    point(is_whole, "all trials were made");
}

/* --- the report */

static void show(const struct trial *trial)
{
    char log[sizeof(trial->end_of_log)], *save = NULL;

    snprintf(log, sizeof(log), "%s", trial->end_of_log);
    printf("# %s, %s %s %u%s: %s\n", trial->scenario->name, trial->call->name,
           error_name(trial->error), trial->first, trial->last == INJECT_FOREVER ? " and on" : "",
           trial->trouble);
    for (char *line = strtok_r(log, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        printf("#   %s\n", line);
}

/* A point for each row. */
static void report_call(const struct plan *plan, const struct call *call, unsigned *hit)
{
    unsigned n = 0, bad = 0;

    for (size_t i = 0; i < plan->n; i++) {
        const struct trial *trial = &plan->trials[i];

        if (trial->call != call)
            continue;
        n++;
        *hit += trial->is_hit;
        bad += trial->trouble[0] != '\0';
    }
    if (n == 0)
        return;
    point(bad == 0, "%s fails, in %u ways", call->name, n);
    for (size_t i = 0, shown = 0; i < plan->n && shown < SHOWN_MAX; i++) {
        if (plan->trials[i].call == call && plan->trials[i].trouble[0] != '\0') {
            show(&plan->trials[i]);
            shown++;
        }
    }
}

/* For `make proof`: what stands behind "proof:" goes into the report. */
static void print_section(const struct plan *plan, unsigned hit, double seconds)
{
    unsigned rows = 0, bad = 0;

    for (size_t c = 0; c < plan->calls.n; c++)
        rows += plan->calls.all[c].n > 0;
    for (size_t i = 0; i < plan->n; i++)
        bad += plan->trials[i].trouble[0] != '\0';
    puts("# proof: ## Every call fails once\n# proof:\n# proof: `make faults`\n# proof:\n"
         "# proof: | rows of the table | trials | in which a call failed | that ended badly | seconds |\n"
         "# proof: |--:|--:|--:|--:|--:|");
    printf("# proof: | %u | %zu | %u | %u | %.0f |\n# proof:\n1..%u\n", rows, plan->n, hit, bad,
           seconds, points);
}

static void read_arguments(struct plan *plan, int argc, char **argv)
{
    int option;

    *plan = (struct plan){.jobs = 32, .dir = "/tmp/faults"};
    while ((option = getopt(argc, argv, "lj:o:s:u:w:")) != -1) {
        switch (option) {
        case 'l': plan->is_long = true; break;
        case 'j': plan->jobs = atoi(optarg) < JOBS_MAX ? atoi(optarg) : JOBS_MAX; break;
        case 'o': plan->only_call = optarg; break;
        case 's': plan->only_scenario = optarg; break;
        case 'u': plan->stage.uid = (uid_t)atoi(optarg); break;
        case 'w': plan->dir = optarg; break;
        default: exit(64);
        }
    }
    if (argc - optind != 4)
        errx(64, "usage: faults [OPTION...] TABLE RELAYD RELAYCTL PRELOAD");
    calls_read(&plan->calls, argv[optind]);
    plan->stage.relayd = argv[optind + 1];
    plan->stage.relayctl = argv[optind + 2];
    plan->stage.preload = argv[optind + 3];
}

int main(int argc, char **argv)
{
    double began = monotonic_now();
    static struct plan plan;
    unsigned hit = 0;

    read_arguments(&plan, argc, argv);
    if (mkdir(plan.dir, 0755) < 0)
        err(1, "%s", plan.dir);
    plan.trials = share(TRIALS_MAX * sizeof(*plan.trials));
    plan.next = share(sizeof(*plan.next));
    learn(&plan);
    check_table(&plan);
    for (size_t i = 0; i < n_scenarios; i++) {
        if (is_chosen(plan.only_scenario, scenarios[i].name))
            add_scenario(&plan, i);
    }
    run(&plan);
    for (size_t c = 0; c < plan.calls.n; c++)
        report_call(&plan, &plan.calls.all[c], &hit);
    print_section(&plan, hit, monotonic_now() - began);
    return failures > 0;
}
