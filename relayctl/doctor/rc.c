/* SPDX-License-Identifier: MIT */
/* ~/.ssh/rc, which sshd runs at each login: whether it comes as far as relayctl. sh carries out what it
 * has read before it meets an error, so only what stands up to that line counts. */
#include "config.h"

#include "relayctl/doctor/checks.h"

#include "relayctl/account/rc.h"
#include "relayctl/account/syntax.h"
#include "relayctl/doctor/remedy.h"
#include "relayctl/doctor/shells.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOOP_MAX 10 /* lines */

/* Whatever it is that keeps rc from its line, that line at its start mends it. */
static void cure(const struct patient *patient, const struct habits *rc, struct finding *finding)
{
    if (remedy_is_alone(patient, rc->path))
        remedy_by_line(patient, finding, REMEDY_RC, "at the start of", rc->shown);
    else
        remedy_by_setup(patient, finding, "");
}

static void check_absence(const struct patient *patient, const struct habits *rc,
                          struct findings *findings)
{
    struct shell_files files;
    struct finding *finding;
    enum gravity gravity;

    shell_files_read(&files, patient);
    gravity = shell_files_use_relay(&files) ? GRAVITY_HINDERS : GRAVITY_STOPS;
    shell_files_fini(&files);
    if (rc->file.text != NULL)
        finding = finding_add(findings, gravity, "rc", "%s does not tell relayd of logins", rc->shown);
    else
        finding = finding_add(findings, gravity, "rc",
                              "there is no ~/.ssh/rc to tell relayd of logins");
    cure(patient, rc, finding);
}

/* Whether sh comes past the line that runs relayctl: what stands up to there parses, or up to the end of
 * the loop around it. */
static bool parses_so_far(const struct habits *rc)
{
    size_t end = rc->relay_end;

    for (int i = 0; i < LOOP_MAX; i++) {
        if (syntax_is_good("sh", rc->file.text, end, NULL, 0))
            return true;
        if (end >= rc->file.size)
            return false;
        while (end < rc->file.size && rc->file.text[end++] != '\n')
            ;
    }
    return false;
}

static void check_syntax(const struct patient *patient, const struct habits *rc,
                         struct findings *findings)
{
    char complaint[200] = "";

    assert(rc->file.text != NULL);
    if (syntax_is_good("sh", rc->file.text, rc->file.size, complaint, sizeof(complaint)) ||
        parses_so_far(rc))
        return;
    cure(patient, rc, finding_add(findings, GRAVITY_HINDERS, "rc-syntax",
                                  "sh stops in %s before it tells relayd of the login: %s", rc->shown,
                                  complaint));
}

static void check_this(const struct patient *patient, const struct habits *rc,
                       struct findings *findings)
{
    struct finding *links;

    if (rc->relay == 0)
        check_absence(patient, rc, findings);
    else if (rc->has_first)
        return; /* nothing before it, and so nothing in its way */
    else if (rc->script.exits > 0 && rc->script.exits < rc->relay)
        cure(patient, rc, finding_add(findings, GRAVITY_HINDERS, "rc-exits",
                                      "line %d of %s may end it before it tells relayd of the login",
                                      rc->script.exits, rc->shown));
    else
        check_syntax(patient, rc, findings);
    links = habits_find_links(rc, findings);
    if (links != NULL)
        cure(patient, rc, links);
}

/* Whether a line that is no comment has the word. */
static bool has_word(const char *text, const char *word)
{
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        const char *line = at;

        while (line > text && line[-1] != '\n')
            line--;
        if (line[strspn(line, " \t")] != '#')
            return true;
    }
    return false;
}

/* Where RELAYD_DIR is set for shells only, rc registers logins elsewhere. */
static void check_dir(const struct habits *rc, struct findings *findings)
{
    const char *dir = getenv("RELAYD_DIR");

    if (dir == NULL || dir[0] == '\0' || rc->file.text == NULL ||
        has_word(rc->file.text, "RELAYD_DIR"))
        return;
    finding_cure(finding_add(findings, GRAVITY_HINDERS, "rc-dir",
                             "RELAYD_DIR is %s here, and %s does not know it", dir, rc->shown),
                 "sed -i \"1i export RELAYD_DIR=$RELAYD_DIR\" %s", rc->shown);
}

void check_rc(const struct patient *patient, struct findings *findings)
{
    char *path = patient->has_account ? account_path(&patient->account, ".ssh/rc") : NULL;
    struct habits rc, host;

    if (path == NULL)
        return;
    habits_read(&rc, patient, path);
    habits_read(&host, patient, RC_OF_HOST);
    /* The host's is run for those who have none. What others' lines are worth is no matter of a relay
     * with a name, which has lines of its own. */
    if (patient->cmd->paths.name[0] != '\0') {
        if (!rc_registers(&patient->cmd->paths, patient->account.home))
            check_absence(patient, &rc, findings);
    } else if (rc.file.text != NULL || host.relay == 0)
        check_this(patient, &rc, findings);
    check_dir(&rc, findings);
    habits_fini(&host);
    habits_fini(&rc);
    free(path);
}
