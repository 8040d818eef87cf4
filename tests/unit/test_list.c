/* SPDX-License-Identifier: MIT */
/* The list that everything is kept on. */
#include "config.h"

#include "relayd/base/list.h"
#include "tests/unit/test.h"

#include <string.h>

struct item {
    char name;
    struct list link;
};

/* The names on the list, forwards, and checks the way back. */
static const char *names(struct list *head)
{
    static char text[16];
    size_t n = 0;
    struct list *back = head;
    struct item *it;

    list_for_each(it, head, link) {
        ck_assert_ptr_eq(it->link.prev, back);
        back = &it->link;
        text[n++] = it->name;
    }
    ck_assert_ptr_eq(head->prev, back);
    text[n] = '\0';
    return text;
}

START_TEST(a_new_list_is_empty)
{
    struct list head;

    list_init(&head);
    ck_assert(list_is_empty(&head));
    ck_assert_str_eq(names(&head), "");
}
END_TEST

START_TEST(elements_stand_where_they_were_put)
{
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};
    struct list head;

    list_init(&head);
    list_append(&head, &b.link);
    list_append(&head, &d.link);
    list_insert(&head, &a.link);
    list_insert(&b.link, &c.link);
    ck_assert(!list_is_empty(&head));
    ck_assert_str_eq(names(&head), "abcd");
}
END_TEST

START_TEST(an_element_leaves_its_neighbours_joined)
{
    struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    struct list head;

    list_init(&head);
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    list_remove(&items[1].link);
    ck_assert_str_eq(names(&head), "ac");
    ck_assert_ptr_null(items[1].link.next);
    ck_assert_ptr_null(items[1].link.prev);
    list_remove(&items[0].link);
    list_remove(&items[2].link);
    ck_assert(list_is_empty(&head));
    list_append(&head, &items[1].link);
    ck_assert_str_eq(names(&head), "b");
}
END_TEST

START_TEST(each_element_may_be_freed_on_the_way)
{
    struct list head;
    struct item *it, *next;

    list_init(&head);
    for (int i = 0; i < 3; i++) {
        it = calloc(1, sizeof(*it));
        ck_assert_ptr_nonnull(it);
        list_append(&head, &it->link);
    }
    list_for_each_safe(it, next, &head, link) {
        list_remove(&it->link);
        free(it);
    }
    ck_assert(list_is_empty(&head));
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, a_new_list_is_empty);
    tcase_add_test(tcase, elements_stand_where_they_were_put);
    tcase_add_test(tcase, an_element_leaves_its_neighbours_joined);
    tcase_add_test(tcase, each_element_may_be_freed_on_the_way);
}

int main(void)
{
    return run_tests("list", add);
}
