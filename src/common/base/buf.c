/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounded reader and writer. Never touches memory outside the given range.
 */
#include "base/buf.h"

#include <string.h>

#include "base/err.h"

void jvpn_reader_init(struct jvpn_reader *r, const void *data, size_t len)
{
	static const uint8_t empty[1];

	r->pos = data ? data : empty;
	r->end = r->pos + (data ? len : 0);
	r->err = 0;
}

size_t jvpn_reader_left(const struct jvpn_reader *r)
{
	return r->err ? 0 : (size_t)(r->end - r->pos);
}

void jvpn_reader_fail(struct jvpn_reader *r, int err)
{
	if (!r->err)
		r->err = err;
}

const uint8_t *jvpn_reader_skip(struct jvpn_reader *r, size_t len)
{
	const uint8_t *at = r->pos;

	if (r->err)
		return NULL;
	if (len > (size_t)(r->end - r->pos)) {
		r->err = JVPN_ETRUNCATED;
		return NULL;
	}
	r->pos += len;
	return at;
}

static uint64_t read_be(struct jvpn_reader *r, size_t len)
{
	const uint8_t *at = jvpn_reader_skip(r, len);
	uint64_t v = 0;

	for (size_t i = 0; at && i < len; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t jvpn_reader_u8(struct jvpn_reader *r)
{
	return (uint8_t)read_be(r, 1);
}

uint16_t jvpn_reader_u16(struct jvpn_reader *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t jvpn_reader_u32(struct jvpn_reader *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t jvpn_reader_u64(struct jvpn_reader *r)
{
	return read_be(r, 8);
}

void jvpn_reader_bytes(struct jvpn_reader *r, void *dst, size_t len)
{
	const uint8_t *at = jvpn_reader_skip(r, len);

	if (at)
		memcpy(dst, at, len);
	else
		memset(dst, 0, len);
}

int jvpn_reader_finish(const struct jvpn_reader *r)
{
	if (r->err)
		return r->err;
	return r->pos == r->end ? 0 : JVPN_ETRAILING;
}

void jvpn_writer_init(struct jvpn_writer *w, void *data, size_t cap)
{
	w->begin = data;
	w->pos = data;
	w->end = w->pos + cap;
	w->err = 0;
}

size_t jvpn_writer_len(const struct jvpn_writer *w)
{
	return (size_t)(w->pos - w->begin);
}

size_t jvpn_writer_left(const struct jvpn_writer *w)
{
	return w->err ? 0 : (size_t)(w->end - w->pos);
}

void jvpn_writer_bytes(struct jvpn_writer *w, const void *src, size_t len)
{
	if (w->err)
		return;
	if (len > (size_t)(w->end - w->pos)) {
		w->err = JVPN_ENOSPACE;
		return;
	}
	if (len)
		memcpy(w->pos, src, len);
	w->pos += len;
}

static void write_be(struct jvpn_writer *w, uint64_t v, size_t len)
{
	uint8_t out[8];

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	jvpn_writer_bytes(w, out, len);
}

void jvpn_writer_u8(struct jvpn_writer *w, uint8_t v)
{
	write_be(w, v, 1);
}

void jvpn_writer_u16(struct jvpn_writer *w, uint16_t v)
{
	write_be(w, v, 2);
}

void jvpn_writer_u32(struct jvpn_writer *w, uint32_t v)
{
	write_be(w, v, 4);
}

void jvpn_writer_u64(struct jvpn_writer *w, uint64_t v)
{
	write_be(w, v, 8);
}
