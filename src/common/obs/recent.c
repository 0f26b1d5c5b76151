/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A ring of records: seq (8 octets), length (4), line.
 */
#include "obs/recent.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define HEAD 12

int jvpn_recent_init(struct jvpn_recent *r, size_t capacity)
{
	memset(r, 0, sizeof(*r));
	r->ring = malloc(capacity);
	if (!r->ring)
		return JVPN_ENOMEM;
	r->capacity = capacity;
	return 0;
}

void jvpn_recent_clear(struct jvpn_recent *r)
{
	free(r->ring);
	memset(r, 0, sizeof(*r));
}

static void put(struct jvpn_recent *r, const void *data, size_t len)
{
	size_t at = (size_t)(r->newest % r->capacity);
	size_t first = r->capacity - at < len ? r->capacity - at : len;

	memcpy(r->ring + at, data, first);
	memcpy(r->ring, (const uint8_t *)data + first, len - first);
	r->newest += len;
}

static void get(const struct jvpn_recent *r, uint64_t from, void *data, size_t len)
{
	size_t at = (size_t)(from % r->capacity);
	size_t first = r->capacity - at < len ? r->capacity - at : len;

	memcpy(data, r->ring + at, first);
	memcpy((uint8_t *)data + first, r->ring, len - first);
}

static size_t record_at(const struct jvpn_recent *r, uint64_t at, uint64_t *seq)
{
	uint32_t len;

	get(r, at, seq, sizeof(*seq));
	get(r, at + sizeof(*seq), &len, sizeof(len));
	return len;
}

void jvpn_recent_push(struct jvpn_recent *r, uint64_t seq, const char *line, size_t len)
{
	uint32_t length = (uint32_t)len;
	uint64_t old;

	if (len > r->capacity || len + HEAD > r->capacity)
		return;
	while (r->newest - r->oldest + HEAD + len > r->capacity)
		r->oldest += HEAD + record_at(r, r->oldest, &old);
	put(r, &seq, sizeof(seq));
	put(r, &length, sizeof(length));
	put(r, line, len);
	r->last_seq = seq;
}

/* Steps over what is gone and what is not wanted. */
static void settle(const struct jvpn_recent *r, struct jvpn_recent_cursor *c)
{
	uint64_t seq;

	if (c->at < r->oldest)
		c->at = r->oldest;
	while (c->at < r->newest) {
		size_t len = record_at(r, c->at, &seq);

		if (seq >= c->seq)
			return;
		c->at += HEAD + len;
	}
}

void jvpn_recent_seek(const struct jvpn_recent *r, uint64_t seq, struct jvpn_recent_cursor *c)
{
	c->at = seq ? r->oldest : r->newest;
	c->seq = seq ? seq : r->last_seq + 1;
	settle(r, c);
}

uint64_t jvpn_recent_peek(const struct jvpn_recent *r, struct jvpn_recent_cursor *c)
{
	uint64_t seq = 0;

	settle(r, c);
	if (c->at < r->newest)
		(void)record_at(r, c->at, &seq);
	return seq;
}

uint64_t jvpn_recent_next(const struct jvpn_recent *r, struct jvpn_recent_cursor *c, char *out,
			  size_t size, size_t *len)
{
	uint64_t seq = jvpn_recent_peek(r, c);

	*len = 0;
	if (!seq)
		return 0;
	*len = record_at(r, c->at, &seq);
	if (*len > size)
		return 0;
	get(r, c->at + HEAD, out, *len);
	c->at += HEAD + *len;
	c->seq = seq + 1;
	return seq;
}
