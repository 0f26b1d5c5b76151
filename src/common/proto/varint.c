/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Variable-length integers of QUIC (RFC 9000 section 16).
 */
#include "proto/varint.h"

#include "base/err.h"

size_t jvpn_varint_size(uint64_t v)
{
	if (v < UINT64_C(1) << 6)
		return 1;
	if (v < UINT64_C(1) << 14)
		return 2;
	if (v < UINT64_C(1) << 30)
		return 4;
	return v <= JVPN_VARINT_MAX ? 8 : 0;
}

uint64_t jvpn_varint_read(struct jvpn_reader *r)
{
	const uint8_t *at = jvpn_reader_skip(r, 1);
	size_t more;
	uint64_t v;

	if (!at)
		return 0;
	more = ((size_t)1 << (at[0] >> 6)) - 1;
	v = at[0] & 0x3fU;
	at = jvpn_reader_skip(r, more);
	for (size_t i = 0; at && i < more; i++)
		v = v << 8 | at[i];
	return at ? v : 0;
}

void jvpn_varint_write(struct jvpn_writer *w, uint64_t v)
{
	switch (jvpn_varint_size(v)) {
	case 1:
		jvpn_writer_u8(w, (uint8_t)v);
		return;
	case 2:
		jvpn_writer_u16(w, (uint16_t)(v | UINT64_C(0x4000)));
		return;
	case 4:
		jvpn_writer_u32(w, (uint32_t)(v | UINT64_C(0x80000000)));
		return;
	case 8:
		jvpn_writer_u64(w, v | UINT64_C(0xc000000000000000));
		return;
	default:
		if (!w->err)
			w->err = JVPN_ERANGE;
	}
}
