/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounded reader and writer over memory the caller owns. Errors are sticky: after the first one
 * every further call does nothing, so a codec checks once at its end. No allocation.
 */
#ifndef JVPN_BASE_BUF_H
#define JVPN_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct jvpn_reader {
	const uint8_t *pos; /* borrowed: valid as long as the caller's buffer is */
	const uint8_t *end;
	int err; /* 0, or the first error: JVPN_ETRUNCATED, JVPN_EMALFORMED ... */
};

struct jvpn_writer {
	uint8_t *begin; /* borrowed */
	uint8_t *pos;
	uint8_t *end;
	int err; /* 0 or JVPN_ENOSPACE */
};

void jvpn_reader_init(struct jvpn_reader *r, const void *data, size_t len);
size_t jvpn_reader_left(const struct jvpn_reader *r);
/* Marks the input as bad; keeps an earlier error. */
void jvpn_reader_fail(struct jvpn_reader *r, int err);
/* Big-endian reads; 0 and JVPN_ETRUNCATED in r->err when too little is left. */
uint8_t jvpn_reader_u8(struct jvpn_reader *r);
uint16_t jvpn_reader_u16(struct jvpn_reader *r);
uint32_t jvpn_reader_u32(struct jvpn_reader *r);
uint64_t jvpn_reader_u64(struct jvpn_reader *r);
/* Copies 'len' bytes to dst (zeroed on error). */
void jvpn_reader_bytes(struct jvpn_reader *r, void *dst, size_t len);
/* Points into the input; NULL on error (and for a length of 0 at the very end a valid pointer). */
const uint8_t *jvpn_reader_skip(struct jvpn_reader *r, size_t len);
/* 0 when all went well and everything was consumed; JVPN_ETRAILING when bytes are left over. */
int jvpn_reader_finish(const struct jvpn_reader *r);

void jvpn_writer_init(struct jvpn_writer *w, void *data, size_t cap);
size_t jvpn_writer_len(const struct jvpn_writer *w);
size_t jvpn_writer_left(const struct jvpn_writer *w);
void jvpn_writer_u8(struct jvpn_writer *w, uint8_t v);
void jvpn_writer_u16(struct jvpn_writer *w, uint16_t v);
void jvpn_writer_u32(struct jvpn_writer *w, uint32_t v);
void jvpn_writer_u64(struct jvpn_writer *w, uint64_t v);
void jvpn_writer_bytes(struct jvpn_writer *w, const void *src, size_t len);

#endif
