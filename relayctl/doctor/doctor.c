/* SPDX-License-Identifier: MIT */
/* The verb doctor: a table of checks, what they find, worst first. It changes nothing, and ends within
 * EXAMINATION_MS whatever hangs. */
#include "config.h"

#include "relayctl/doctor/doctor.h"

#include "relayctl/doctor/checks.h"
#include "relayctl/json.h"
#include "relayctl/printer.h"
#include "relayd/base/util.h"

#include <limits.h>
#include <stdio.h>

#define EXAMINATION_MS 5000
#define TEXT_COLUMN 3
#define LEGEND_COLUMNS 28 /* what a mark and its words take at most */

/* In the order in which they are made: what waits for others' answers comes last. */
static const struct {
    const char *object; /* what is looked at, for whoever is told that it was not */
    check_fn *look;
    bool is_of_first; /* what uses the first relay, beside which one with a name is one more */
} checks[] = {
    {"the directory", check_directory, false},
    {"relayd", check_daemon, false},
    {"relayd's program", check_program, false},
    {"the logins", check_upstreams, false},
    {"this shell", check_environment, true},
    {"symlinks", check_symlinks, true},
    {"the shell's files", check_shells, true},
    {"~/.ssh/rc", check_rc, false},
    {"a home that is shared", check_sharing, true},
    {"sshd", check_sshd, false},
    {"zsh's modules", check_modules, true},
    {"screen, mosh and VS Code", check_processes, true},
    {"tmux", check_tmux, true},
    {"the user manager", check_manager, true},
    {"lingering", check_linger, false},
};

static void examine(const struct patient *patient, struct findings *findings)
{
    bool is_first = patient->cmd->paths.name[0] == '\0';

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        if (checks[i].is_of_first && !is_first)
            continue;
        if (client_left(patient->deadline) == 0) {
            finding_cure(finding_add(findings, GRAVITY_RISKS, "unfinished",
                                     "the time was up before %s and what comes after could be "
                                     "looked at: something here is slow", checks[i].object),
                         "%s doctor", patient->relayctl);
            return;
        }
        checks[i].look(patient, findings);
    }
}

static void print_mark(struct printer *out, enum gravity gravity)
{
    static const struct { enum style style; const char *glyph, *ascii; } marks[] = {
        [GRAVITY_STOPS] = {STYLE_BAD, " ✗", " x"},
        [GRAVITY_HINDERS] = {STYLE_DOUBTFUL, " ○", " o"},
        [GRAVITY_RISKS] = {STYLE_FAINT, " ·", " -"},
    };

    printer_style(out, marks[gravity].style);
    printer_draw(out, marks[gravity].glyph, marks[gravity].ascii);
    printer_style(out, STYLE_PLAIN);
}

/* What the marks stand for, of those that were printed. */
static void print_legend(struct printer *out, const struct findings *findings)
{
    static const char *const words[] = {
        [GRAVITY_STOPS] = "nobody is served",
        [GRAVITY_HINDERS] = "something goes without",
        [GRAVITY_RISKS] = "will fail one day",
    };

    printer_end_line(out);
    for (enum gravity gravity = GRAVITY_STOPS; gravity <= GRAVITY_RISKS; gravity++) {
        size_t i = 0;

        while (i < findings->n && findings->list[i].gravity != gravity)
            i++;
        if (i == findings->n)
            continue;
        if (out->column > 0 && printer_room(out) < LEGEND_COLUMNS)
            printer_end_line(out);
        printer_text(out, out->column > 0 ? "  " : "", INT_MAX);
        print_mark(out, gravity);
        printer_text(out, " ", INT_MAX);
        printer_text(out, words[gravity], INT_MAX);
    }
    printer_end_line(out);
}

/* The cure is one line however long it is: it is there to be copied. */
static void print_finding(struct printer *out, const struct finding *finding)
{
    print_mark(out, finding->gravity);
    printer_flow(out, finding->text, TEXT_COLUMN);
    if (finding->cure[0] == '\0')
        return;
    printer_pad(out, TEXT_COLUMN);
    printer_style(out, STYLE_FAINT);
    printer_text(out, "cure: ", INT_MAX);
    printer_style(out, STYLE_STRONG);
    printer_text(out, finding->cure, INT_MAX);
    printer_style(out, STYLE_PLAIN);
    printer_end_line(out);
}

static void print_findings(const struct findings *findings)
{
    struct printer out;

    printer_init(&out, stdout);
    if (findings->n == 0) {
        printer_text(&out, "nothing stands in the way", INT_MAX);
        printer_end_line(&out);
    }
    for (size_t i = 0; i < findings->n; i++) {
        if (i > 0 && out.is_terminal)
            printer_end_line(&out);
        print_finding(&out, &findings->list[i]);
    }
    if (findings->n > 0)
        print_legend(&out, findings);
}

static void print_json(const struct findings *findings)
{
    fputs("{\n  \"findings\": [", stdout);
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->list[i];

        printf("%s\n    {\n      \"name\": \"%s\",\n      \"gravity\": \"%s\",\n      \"text\": ",
               i == 0 ? "" : ",", finding->name, gravity_name(finding->gravity));
        json_string(stdout, finding->text);
        fputs(",\n      \"cure\": ", stdout);
        json_string(stdout, finding->cure);
        fputs("\n    }", stdout);
    }
    fputs(findings->n == 0 ? "]\n}\n" : "\n  ]\n}\n", stdout);
}

int verb_doctor(struct command *cmd)
{
    struct findings findings = {0};
    struct patient patient;
    int status;

    patient_find(&patient, cmd, cmd->started + EXAMINATION_MS);
    examine(&patient, &findings);
    findings_sort(&findings);
    if (cmd->is_json)
        print_json(&findings);
    else if (!cmd->is_quiet)
        print_findings(&findings);
    status = findings.n == 0 ? EXIT_DONE : EXIT_NO;
    findings_fini(&findings);
    patient_fini(&patient);
    return status;
}
