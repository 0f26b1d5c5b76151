/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Intrusive doubly linked list with a head node. Inline only; no allocation.
 */
#ifndef JVPN_BASE_LIST_H
#define JVPN_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The head and every member. A member must not die while it is linked. */
struct jvpn_list {
	struct jvpn_list *next, *prev;
};

/* The struct of type 'type' whose member 'member' is the node 'ptr'. */
#define jvpn_list_owner(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define jvpn_list_each(pos, head)                                                                  \
	for (struct jvpn_list *pos = (head)->next, *pos##_next = pos->next; pos != (head);         \
	     pos = pos##_next, pos##_next = pos->next)

static inline void jvpn_list_init(struct jvpn_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool jvpn_list_is_empty(const struct jvpn_list *l)
{
	return l->next == l;
}

static inline void jvpn_list_push_back(struct jvpn_list *head, struct jvpn_list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Leaves the node as an empty list of its own, so that a second removal is harmless. */
static inline void jvpn_list_remove(struct jvpn_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	jvpn_list_init(node);
}

#endif
