/* SPDX-License-Identifier: MIT */
/* The audit. The client's command is looked up only for sessions that are logged: it
 * costs three system calls. */
#include "config.h"

#include "relayd/session/audit.h"

#include "relayd/base/log.h"
#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *audit_reason(enum session_reason reason)
{
    switch (reason) {
    case SESSION_CLIENT_CLOSED: return "done";
    case SESSION_CLIENT_GONE: return "the client left before its answer";
    case SESSION_CLIENT_BAD: return "the client does not speak the agent protocol";
    case SESSION_WITHHELD: return "refused, for --read-only lets clients list and sign, and no more";
    case SESSION_UPSTREAM_CLOSED: return "the login closed the connection";
    case SESSION_UPSTREAM_BAD: return "its answer was not the agent protocol";
    case SESSION_UPSTREAM_SILENT: return "no answer came in time";
    case SESSION_NO_LOGIN: return "no login is registered";
    case SESSION_NO_ANSWER: return "no registered login has an agent that answers";
    case SESSION_DROPPED: return "its login was unregistered";
    case SESSION_PAUSED: return "relayd was paused";
    case SESSION_STOPPING: return "relayd is stopping";
    case SESSION_NO_MEMORY: return "out of memory";
    case SESSION_UNWATCHED: return "its connection could not be watched";
    }
    return "?";
}

static bool asked_unsafe(const struct audit *audit)
{
    for (int kind = 0; kind < AGENT_KINDS; kind++) {
        if (audit->asked[kind] > 0 && !agent_kind_is_safe((enum agent_kind)kind))
            return true;
    }
    return false;
}

/* Whether the ledger has not all of it. */
static bool has_news(const struct audit *audit)
{
    for (int kind = 0; kind < AGENT_KINDS; kind++) {
        if (kind != AGENT_KIND_SIGN && audit->asked[kind] > 0 &&
            !agent_kind_is_safe((enum agent_kind)kind))
            return true;
    }
    return audit->is_failure || audit->asked[AGENT_KIND_SIGN] > audit->told;
}

void audit_look_up(char command[AUDIT_COMMAND_MAX], pid_t pid)
{
    char path[32];
    ssize_t n = -1;
    int fd;

    if (command[0] != '\0')
        return;
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        n = read(fd, command, AUDIT_COMMAND_MAX);
    close_fd(fd);
    if (n > 1)
        command[n - 1] = '\0'; /* the newline */
    else
        strcpy(command, n == 1 ? "?" : "gone");
    utf8_clean(command);
}

/* "2 list, 1 sign" */
static void put_questions(char *out, size_t size, const uint32_t *asked)
{
    size_t used = 0;

    snprintf(out, size, "no question");
    for (int kind = 0; kind < AGENT_KINDS && used < size; kind++) {
        if (asked[kind] > 0)
            used += (size_t)snprintf(out + used, size - used, "%s%u %s", used > 0 ? ", " : "",
                                     asked[kind], agent_kind_name((enum agent_kind)kind));
    }
}

static void put_fields(const struct audit *audit, const char *questions, const char *line)
{
    char id[24] = "", pid[16], uid[16], ms[24];
    const struct log_field fields[] = {
        {"RELAYD_UPSTREAM", audit->upstream == NULL ? "" : upstream_title(audit->upstream)},
        {"RELAYD_UPSTREAM_ID", id},
        {"RELAYD_CLIENT_PID", pid},
        {"RELAYD_CLIENT_COMMAND", audit->command},
        {"RELAYD_CLIENT_UID", uid},
        {"RELAYD_QUESTIONS", questions},
        {"RELAYD_DURATION_MS", ms},
        {"RELAYD_REASON", audit_reason(audit->reason)},
    };

    if (audit->upstream != NULL)
        snprintf(id, sizeof(id), "%llu", (unsigned long long)audit->upstream->id);
    snprintf(pid, sizeof(pid), "%d", (int)audit->client.pid);
    snprintf(uid, sizeof(uid), "%u", (unsigned)audit->client.uid);
    snprintf(ms, sizeof(ms), "%.0f", audit->seconds * 1000);
    log_fields(has_news(audit) ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, fields, ARRAY_SIZE(fields), "%s", line);
}

void audit_log(const struct audit *audit, char line[AUDIT_LINE_MAX])
{
    char questions[160], where[UPSTREAM_NAME_MAX];

    line[0] = '\0';
    if (!audit->is_failure && !asked_unsafe(audit))
        return;
    audit_look_up(audit->command, audit->client.pid);
    put_questions(questions, sizeof(questions), audit->asked);
    if (audit->upstream != NULL)
        upstream_name(audit->upstream, where, sizeof(where));
    utf8_format(line, AUDIT_LINE_MAX, "client %d (%s, uid %u)%s%s: %s in %.2f s: %s",
                (int)audit->client.pid, audit->command, (unsigned)audit->client.uid,
                audit->upstream == NULL ? "" : " at ", audit->upstream == NULL ? "" : where,
                questions, audit->seconds, audit_reason(audit->reason));
    put_fields(audit, questions, line);
}
