/* SPDX-License-Identifier: MIT */
/*
 * A doubly linked list of elements that embed their link.
 *
 * An empty list is a head that points at itself. The declaration of a head says who owns
 * the elements. An element that was never on a list must be zeroed before list_is_linked()
 * is asked of it: list_init() is for heads.
 */
#ifndef RELAYD_LIST_H
#define RELAYD_LIST_H

#include "relayd/base/util.h"

#include <stdbool.h>

struct list {
    struct list *prev, *next;
};

static inline void list_init(struct list *head)
{
    head->prev = head->next = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Whether an element is on some list. */
static inline bool list_is_linked(const struct list *element)
{
    return element->next != NULL;
}

/* Puts element right behind place; with the head as place, in front of all. */
static inline void list_insert(struct list *place, struct list *element)
{
    element->prev = place;
    element->next = place->next;
    place->next->prev = element;
    place->next = element;
}

static inline void list_append(struct list *head, struct list *element)
{
    list_insert(head->prev, element);
}

/* Takes element off its list; it may be inserted or freed then. */
static inline void list_remove(struct list *element)
{
    element->prev->next = element->next;
    element->next->prev = element->prev;
    element->prev = element->next = NULL;
}

/* Takes all elements off. */
static inline void list_clear(struct list *head)
{
    struct list *it = head->next;

    while (it != head) {
        struct list *next = it->next;

        it->prev = it->next = NULL;
        it = next;
    }
    list_init(head);
}

#define list_entry(element, type, member) container_of(element, type, member)

/* NOLINTBEGIN(bugprone-macro-parentheses): `it` and `next_it` are declared, `member` is a name. */
#define list_for_each(it, head, member) \
    for (it = list_entry((head)->next, __typeof__(*it), member); \
         &it->member != (head); \
         it = list_entry(it->member.next, __typeof__(*it), member))

/* The same where the body may remove and free `it` (and nothing else). */
#define list_for_each_safe(it, next_it, head, member) \
    for (it = list_entry((head)->next, __typeof__(*it), member), \
         next_it = list_entry(it->member.next, __typeof__(*it), member); \
         &it->member != (head); \
         it = next_it, next_it = list_entry(next_it->member.next, __typeof__(*it), member))
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
