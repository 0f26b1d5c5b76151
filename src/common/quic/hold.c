/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The hold queue: a bounded list of copied packets. Delivers nothing by itself.
 */
#include "quic/hold.h"

#include <stdlib.h>
#include <string.h>

void jvpn_hold_init(struct jvpn_hold *h, struct jvpn_hold_budget *budget, size_t max_count,
		    size_t max_bytes)
{
	*h = (struct jvpn_hold){.budget = budget, .max_count = max_count, .max_bytes = max_bytes};
	h->tail = &h->head;
}

/* Unlinks *at; the caller owns the packet then. */
static struct jvpn_hold_packet *unlink_packet(struct jvpn_hold *h, struct jvpn_hold_packet **at)
{
	struct jvpn_hold_packet *p = *at;

	*at = p->next;
	if (!p->next)
		h->tail = at;
	h->count--;
	h->bytes -= p->len;
	h->budget->bytes -= p->len;
	return p;
}

void jvpn_hold_clear(struct jvpn_hold *h)
{
	while (h->head) {
		free(unlink_packet(h, &h->head));
		h->dropped++;
	}
}

void jvpn_hold_expire(struct jvpn_hold *h, uint64_t before_ns)
{
	while (h->head && h->head->at_ns < before_ns) {
		free(unlink_packet(h, &h->head));
		h->dropped++;
	}
}

void jvpn_hold_add(struct jvpn_hold *h, uint32_t generation, const uint8_t *packet, size_t len,
		   uint64_t now_ns)
{
	struct jvpn_hold_packet *p = NULL;

	if (h->count < h->max_count && len <= h->max_bytes - h->bytes &&
	    h->budget->bytes + len <= h->budget->max_bytes)
		p = malloc(sizeof(*p) + len);
	if (!p) {
		h->dropped++;
		return;
	}
	p->next = NULL;
	p->at_ns = now_ns;
	p->generation = generation;
	p->len = len;
	memcpy(p->data, packet, len);
	*h->tail = p;
	h->tail = &p->next;
	h->count++;
	h->bytes += len;
	h->budget->bytes += len;
	h->queued++;
}

void jvpn_hold_decide(struct jvpn_hold *h, uint32_t generation)
{
	for (struct jvpn_hold_packet *p = h->head; p; p = p->next)
		if (p->generation == JVPN_HOLD_UNDECIDED)
			p->generation = generation;
}

void jvpn_hold_keep(struct jvpn_hold *h, uint32_t generation, uint32_t other_generation)
{
	struct jvpn_hold_packet **at = &h->head;

	while (*at) {
		if ((*at)->generation == generation || (*at)->generation == other_generation) {
			at = &(*at)->next;
			continue;
		}
		free(unlink_packet(h, at));
		h->dropped++;
	}
}

struct jvpn_hold_packet *jvpn_hold_take(struct jvpn_hold *h, uint32_t generation)
{
	for (struct jvpn_hold_packet **at = &h->head; *at; at = &(*at)->next)
		if ((*at)->generation == generation)
			return unlink_packet(h, at);
	return NULL;
}
