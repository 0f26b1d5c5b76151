/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two queues of an HTTP/3 connection: stream data that goes out, and events that wait to be
 * fetched. Knows lengths and ownership, no HTTP.
 */
#include "quic/h3_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int jvpn_h3_out_add(struct jvpn_h3_out *out, const void *head, size_t head_len, const void *data,
		    size_t len)
{
	struct jvpn_h3_chunk *chunk;

	if (head_len + len > JVPN_H3_SEND_QUEUE_BYTES - out->bytes)
		return JVPN_EFULL;
	chunk = malloc(sizeof(*chunk) + head_len + len);
	if (chunk == NULL)
		return JVPN_ENOMEM;
	chunk->next = NULL;
	chunk->len = head_len + len;
	if (head_len > 0)
		memcpy(chunk->data, head, head_len);
	if (len > 0)
		memcpy(chunk->data + head_len, data, len);
	if (out->tail != NULL)
		out->tail->next = chunk;
	else
		out->head = chunk;
	out->tail = chunk;
	if (out->unread == NULL)
		out->unread = chunk;
	out->bytes += chunk->len;
	out->unread_bytes += chunk->len;
	return 0;
}

size_t jvpn_h3_out_read(struct jvpn_h3_out *out, nghttp3_vec *vec, size_t count)
{
	size_t n = 0;

	while (n < count && out->unread != NULL) {
		vec[n].base = out->unread->data;
		vec[n].len = out->unread->len;
		out->unread_bytes -= out->unread->len;
		out->unread = out->unread->next;
		n++;
	}
	return n;
}

void jvpn_h3_out_acked(struct jvpn_h3_out *out, uint64_t len)
{
	while (out->head != NULL && out->head != out->unread) {
		struct jvpn_h3_chunk *chunk = out->head;
		size_t left = chunk->len - out->head_acked;

		if (len < left) {
			out->head_acked += (size_t)len;
			return;
		}
		len -= left;
		out->head_acked = 0;
		out->bytes -= chunk->len;
		out->head = chunk->next;
		if (out->head == NULL)
			out->tail = NULL;
		free(chunk);
	}
}

void jvpn_h3_out_drop_unread(struct jvpn_h3_out *out)
{
	struct jvpn_h3_chunk *chunk = out->unread, *last = NULL;

	if (chunk == NULL)
		return;
	for (struct jvpn_h3_chunk *c = out->head; c != chunk; c = c->next)
		last = c;
	out->tail = last;
	if (last != NULL)
		last->next = NULL;
	else
		out->head = NULL;
	out->unread = NULL;
	out->bytes -= out->unread_bytes;
	out->unread_bytes = 0;
	while (chunk != NULL) {
		struct jvpn_h3_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void jvpn_h3_out_clear(struct jvpn_h3_out *out)
{
	out->unread = out->head;
	out->unread_bytes = out->bytes;
	out->head_acked = 0;
	jvpn_h3_out_drop_unread(out);
}

int jvpn_h3_notes_add(struct jvpn_h3_notes *notes, enum jvpn_h3_event_type type,
		      const struct jvpn_capsule *capsule, uint32_t path_generation, size_t credit)
{
	size_t len = capsule != NULL ? capsule->len : 0;
	struct jvpn_h3_note *note;

	/* One place is kept for the END, which must always get through. */
	if (notes->count >= JVPN_H3_NOTES_MAX - (type == JVPN_H3_EVENT_END ? 0 : 1))
		return JVPN_EFULL;
	note = malloc(sizeof(*note) + len);
	if (note == NULL)
		return JVPN_ENOMEM;
	*note = (struct jvpn_h3_note){
		.type = type, .path_generation = path_generation, .credit = credit, .len = len};
	if (capsule != NULL) {
		note->capsule_type = capsule->type;
		if (len > 0)
			memcpy(note->data, capsule->value, len);
	}
	if (notes->tail != NULL)
		notes->tail->next = note;
	else
		notes->head = note;
	notes->tail = note;
	notes->count++;
	return 0;
}

struct jvpn_h3_note *jvpn_h3_notes_take(struct jvpn_h3_notes *notes)
{
	free(notes->polled);
	notes->polled = notes->head;
	if (notes->head == NULL)
		return NULL;
	notes->head = notes->head->next;
	if (notes->head == NULL)
		notes->tail = NULL;
	notes->count--;
	return notes->polled;
}

void jvpn_h3_notes_clear(struct jvpn_h3_notes *notes)
{
	while (jvpn_h3_notes_take(notes) != NULL)
		continue;
}
