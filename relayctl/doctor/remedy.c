/* SPDX-License-Identifier: MIT */
/* Remedies. Whether setup may change a file is found as it finds that itself. */
#include "config.h"

#include "relayctl/doctor/remedy.h"

#include "relayctl/account/block.h"
#include "relayctl/account/document.h"
#include "relayctl/account/rc.h"
#include "relayd/base/util.h"

#include <stdio.h>

static bool has_edited(const struct document *document, const char *name)
{
    return document->text != NULL &&
           block_find(document->text, document->size, name).state == BLOCK_EDITED;
}

bool remedy_is_alone(const struct patient *patient, const char *path)
{
    const char *root = account_root(&patient->account, path);
    char named[RC_BLOCK_MAX];
    const char *const blocks[] = {"first", "last", rc_block(patient->cmd->paths.name, named)};
    struct document document;
    bool is = document_read(&document, path, root, patient->account.uid) < 0 ||
              document.why_not[0] != '\0';

    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
        is = is || has_edited(&document, blocks[i]);
    document_fini(&document);
    return is;
}

/* sshd's PATH is not the user's: relayctl is named by its place. Where that is gone, or another host has
 * the file too, the line does nothing. */
void remedy_by_line(const struct patient *patient, struct finding *finding, enum remedy_line line,
                    const char *where, const char *shown)
{
    const char *program = patient->account.program != NULL ? patient->account.program : RELAYCTL_NAME;
    char self[PATIENT_QUOTED_MAX], option[PATIENT_QUOTED_MAX + 8], rest[sizeof(self) + sizeof(option) + 40] = "";

    patient_quote(patient, program, self, sizeof(self));
    patient_option(patient, option, sizeof(option));
    switch (line) {
    case REMEDY_RC:
        if (patient->cmd->paths.name[0] == '\0')
            snprintf(rest, sizeof(rest), " && export SSH_AUTH_SOCK=\"$(%s%s path)\"", self, option);
        finding_cure(finding, "put %s %s: %s%s register -q --no-wait </dev/null >/dev/null 2>&1%s", where,
                     shown, self, option, rest);
        return;
    case REMEDY_SHELL:
        finding_cure(finding, "put %s %s: command -v %s >/dev/null && eval \"$(%s%s env -s --register)\"",
                     where, shown, self, self, option);
        return;
    case REMEDY_FISH:
        finding_cure(finding, "put %s %s: command -q %s; and %s%s env --fish --register | source", where,
                     shown, self, self, option);
        return;
    }
}

void remedy_by_setup(const struct patient *patient, struct finding *finding, const char *options)
{
    finding_cure(finding, "%s setup%s%s", patient->relayctl, options[0] != '\0' ? " " : "", options);
}
