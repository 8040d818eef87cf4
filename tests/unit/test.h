/* SPDX-License-Identifier: MIT */
/* What every unit test's main does: run one suite, in TAP. */
#ifndef RELAYD_TEST_H
#define RELAYD_TEST_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether valgrind runs this: with descriptors of its own. */
static inline bool in_valgrind(void)
{
    const char *is = getenv("RELAYD_TEST_VALGRIND");

    return is != NULL && strcmp(is, "yes") == 0;
}

static inline int run_tests(const char *name, void (*add)(TCase *tcase))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 600); /* for what hangs */
    add(tcase);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
