/* SPDX-License-Identifier: MIT */
/* An entry. A line is read from left to right, and each name ends where it must, so that no name
 * can stand for what follows it. */
#include "config.h"

#include "relayctl/log/entry.h"

#include "relayd/base/utf8.h"
#include "relayd/base/util.h"

#include <stddef.h>
#include <string.h>

/* As long as relayd lets a name be. */
#define NAME_MAX_BYTES 110

static bool skip(char **p, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

static bool take_number(char **p, uint64_t *value)
{
    char digits[24];
    size_t n = strspn(*p, "0123456789");

    if (n == 0 || n >= sizeof(digits))
        return false;
    memcpy(digits, *p, n);
    digits[n] = '\0';
    *p += n;
    return parse_u64(digits, value) == 0;
}

/* What stands before `end`. With a parenthesis in it it is no name, but what is left of a line, and
 * another behind it. */
static bool take_text(char **p, const char *end, const char **text)
{
    char *found = strstr(*p, end);

    if (found == NULL)
        return false;
    *text = *p;
    *found = '\0';
    *p = found + strlen(end);
    return strpbrk(*text, "()") == NULL;
}

static bool take_verb(struct entry *entry, char **p)
{
    entry->is_signed = skip(p, "signed");
    if (!entry->is_signed && !skip(p, "refused"))
        return false;
    if (!skip(p, " "))
        return true;
    if (!take_number(p, &entry->more) || entry->more == 0 || !skip(p, " more"))
        return false;
    entry->is_mixed = skip(p, " of many kinds");
    return true;
}

static bool take_login(struct entry *entry, char **p)
{
    char *login, *host;

    if (!skip(p, ": login ") || !take_number(p, &entry->id) || !skip(p, " ("))
        return false;
    login = *p;
    if (!take_text(p, ") ", &entry->login))
        return false;
    host = strstr(login, ", ");
    if (host == NULL)
        return true;
    *host = '\0';
    entry->host = host + 2;
    return true;
}

static bool take_key(struct entry *entry, char **p)
{
    entry->is_certificate = skip(p, "certificate ");
    return (entry->is_certificate || skip(p, "key ")) && take_text(p, " ", &entry->key);
}

static bool take_client(struct entry *entry, char **p)
{
    return skip(p, "client ") && take_number(p, &entry->pid) && skip(p, " (") &&
           take_text(p, ", uid ", &entry->command) && take_number(p, &entry->uid) && skip(p, "): ");
}

bool entry_parse(struct entry *entry, char *line)
{
    char *p = line;

    *entry = (struct entry){.at_us = 0};
    if (!take_verb(entry, &p) || !take_login(entry, &p) || !take_key(entry, &p) ||
        !take_client(entry, &p))
        return false;
    entry->words = p;
    return true;
}

bool entry_is_of(const struct entry *entry, const char *login)
{
    char quoted[NAME_MAX_BYTES];
    uint64_t id;

    if (parse_u64(login, &id) == 0 && id == entry->id)
        return true;
    utf8_quote(quoted, sizeof(quoted), login, "(),");
    return strcmp(quoted, entry->login) == 0 ||
           (entry->host != NULL && strcmp(quoted, entry->host) == 0);
}
