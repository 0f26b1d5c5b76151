/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Capsule stream parser and writer (RFC 9297 section 3.2). The head is gathered octet by octet, so
 * the result cannot depend on how the stream was cut.
 */
#include "proto/capsule.h"

#include <string.h>

#include "base/err.h"
#include "core/msg.h"
#include "proto/varint.h"

void jvpn_capsule_parser_init(struct jvpn_capsule_parser *p, uint8_t *buffer, size_t capacity)
{
	memset(p, 0, sizeof(*p));
	p->buffer = buffer;
	p->capacity = capacity;
}

bool jvpn_capsule_is_known(uint64_t type)
{
	return type <= JVPN_CAPSULE_ROUTE_ADVERTISEMENT || type == JVPN_CAPSULE_DNS_ASSIGN ||
	       (type > JVPN_CAPSULE_JVMSG_BASE && type < JVPN_CAPSULE_JVMSG_BASE + JVPN_MSG_COUNT);
}

/* Nothing that the tunnel needs: too long a one is left out. */
static bool is_optional(uint64_t type)
{
	return type == JVPN_CAPSULE_DATAGRAM || type == JVPN_CAPSULE_DNS_ASSIGN;
}

/* Decides what to do with the value that follows a complete head. */
static int begin_value(struct jvpn_capsule_parser *p, uint64_t type, uint64_t len)
{
	bool fits = len <= p->capacity && len <= JVPN_CAPSULE_VALUE_MAX;

	if (jvpn_capsule_is_known(type) && !is_optional(type) && !fits)
		return JVPN_ERANGE;
	p->type = type;
	p->left = len;
	p->have = 0;
	p->head_len = 0;
	p->in_value = true;
	p->skipping = !jvpn_capsule_is_known(type) || !fits;
	if (p->skipping)
		p->skipped_count++;
	return 0;
}

/* One octet of type + length. */
static int take_head(struct jvpn_capsule_parser *p, uint8_t octet)
{
	struct jvpn_reader r;
	uint64_t type, len;

	p->head[p->head_len++] = octet;
	jvpn_reader_init(&r, p->head, p->head_len);
	type = jvpn_varint_read(&r);
	len = jvpn_varint_read(&r);
	return r.err ? 0 : begin_value(p, type, len);
}

/* As much of the value as there is. */
static void take_value(struct jvpn_capsule_parser *p, struct jvpn_reader *in)
{
	size_t n = jvpn_reader_left(in);

	if (n > p->left)
		n = (size_t)p->left;
	if (p->skipping) {
		jvpn_reader_skip(in, n);
	} else {
		jvpn_reader_bytes(in, p->buffer + p->have, n);
		p->have += n;
	}
	p->left -= n;
}

int jvpn_capsule_parser_next(struct jvpn_capsule_parser *p, struct jvpn_reader *in,
			     struct jvpn_capsule *out)
{
	while (!p->err) {
		if (p->in_value && p->left == 0) {
			p->in_value = false;
			if (p->skipping)
				continue;
			out->type = p->type;
			out->value = p->buffer;
			out->len = p->have;
			return 1;
		}
		if (jvpn_reader_left(in) == 0)
			return 0;
		if (p->in_value)
			take_value(p, in);
		else
			p->err = take_head(p, jvpn_reader_u8(in));
	}
	return p->err;
}

int jvpn_capsule_parser_finish(const struct jvpn_capsule_parser *p)
{
	if (p->err)
		return p->err;
	return p->head_len > 0 || (p->in_value && p->left > 0) ? JVPN_ETRUNCATED : 0;
}

void jvpn_capsule_write(struct jvpn_writer *w, uint64_t type, const void *value, size_t len)
{
	jvpn_varint_write(w, type);
	jvpn_varint_write(w, len);
	jvpn_writer_bytes(w, value, len);
}
