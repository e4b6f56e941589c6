/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A circular doubly linked list with its head inside, as kernels use it. No
 * operation allocates or fails; the caller holds whatever lock guards the list.
 */
#ifndef GB_LIST_H
#define GB_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct gb_list {
	struct gb_list *next, *prev;
};

#define gb_container_of(pointer, type, member)                                 \
	((type *)((char *)(pointer)-offsetof(type, member)))

#define gb_list_for_each(item, head)                                           \
	for (struct gb_list *item = (head)->next; item != (head); item = item->next)

/* As above, and @item may be removed in the body. */
#define gb_list_for_each_safe(item, head)                                      \
	for (struct gb_list *item = (head)->next, *item##_next = item->next;   \
	     item != (head); item = item##_next, item##_next = item->next)

static inline void gb_list_init(struct gb_list *head)
{
	head->next = head->prev = head;
}

static inline bool gb_list_is_empty(const struct gb_list *head)
{
	return head->next == head;
}

/* Puts @item before @at; before the head is the end of the list. */
static inline void gb_list_insert(struct gb_list *at, struct gb_list *item)
{
	assert(at->prev);
	item->prev = at->prev;
	item->next = at;
	at->prev->next = item;
	at->prev = item;
}

static inline void gb_list_remove(struct gb_list *item)
{
	assert(item->prev && item->next);
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = item;
}

#endif
