/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * QUIC integers: the samples of RFC 9000 appendix A.1, boundaries, truncation.
 */
#include "unit.h"

#include "base/err.h"
#include "proto/varint.h"

static const struct {
	uint64_t v;
	uint8_t b[8];
	size_t len;
} sample[] = {
	{151288809941952652ULL, {0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 8},
	{494878333, {0x9d, 0x7f, 0x3e, 0x7d}, 4},
	{15293, {0x7b, 0xbd}, 2},
	{37, {0x25}, 1},
	{0, {0x00}, 1},
	{63, {0x3f}, 1},
	{64, {0x40, 0x40}, 2},
	{16383, {0x7f, 0xff}, 2},
	{16384, {0x80, 0x00, 0x40, 0x00}, 4},
	{1073741823, {0xbf, 0xff, 0xff, 0xff}, 4},
	{1073741824, {0xc0, 0, 0, 0, 0x40, 0, 0, 0}, 8},
	{JVPN_VARINT_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8},
};

START_TEST(varint__samples__round_trip)
{
	uint8_t out[8];
	struct jvpn_writer w;
	struct jvpn_reader r;

	jvpn_writer_init(&w, out, sizeof(out));
	jvpn_varint_write(&w, sample[_i].v);
	ck_assert_int_eq(w.err, 0);
	ck_assert_uint_eq(jvpn_writer_len(&w), sample[_i].len);
	ck_assert_uint_eq(jvpn_varint_size(sample[_i].v), sample[_i].len);
	ck_assert_mem_eq(out, sample[_i].b, sample[_i].len);
	jvpn_reader_init(&r, out, sample[_i].len);
	ck_assert_uint_eq(jvpn_varint_read(&r), sample[_i].v);
	ck_assert_int_eq(jvpn_reader_finish(&r), 0);
}
END_TEST

START_TEST(varint_read__every_truncation__fails)
{
	for (size_t len = 0; len < sample[_i].len; len++) {
		struct jvpn_reader r;

		jvpn_reader_init(&r, sample[_i].b, len);
		ck_assert_uint_eq(jvpn_varint_read(&r), 0);
		ck_assert_int_eq(r.err, JVPN_ETRUNCATED);
	}
}
END_TEST

START_TEST(varint_read__longer_than_needed__accepted)
{
	static const uint8_t padded[] = {0x40, 0x25, 0xc0, 0, 0, 0, 0, 0, 0, 0x25};
	struct jvpn_reader r;

	jvpn_reader_init(&r, padded, sizeof(padded));
	ck_assert_uint_eq(jvpn_varint_read(&r), 37);
	ck_assert_uint_eq(jvpn_varint_read(&r), 37);
	ck_assert_int_eq(jvpn_reader_finish(&r), 0);
}
END_TEST

START_TEST(varint_write__too_large__range_error)
{
	uint8_t out[8];
	struct jvpn_writer w;

	jvpn_writer_init(&w, out, sizeof(out));
	jvpn_varint_write(&w, JVPN_VARINT_MAX + 1);
	ck_assert_int_eq(w.err, JVPN_ERANGE);
	ck_assert_uint_eq(jvpn_writer_len(&w), 0);
	ck_assert_uint_eq(jvpn_varint_size(UINT64_MAX), 0);
}
END_TEST

START_TEST(varint_write__no_room__error_and_nothing_written)
{
	uint8_t out[8];
	struct jvpn_writer w;

	jvpn_writer_init(&w, out, sample[_i].len - 1);
	jvpn_varint_write(&w, sample[_i].v);
	ck_assert_int_eq(w.err, JVPN_ENOSPACE);
	ck_assert_uint_eq(jvpn_writer_len(&w), 0);
}
END_TEST

UNIT_TESTS(varint)
{
	int count = (int)(sizeof(sample) / sizeof(sample[0]));

	tcase_add_loop_test(tc, varint__samples__round_trip, 0, count);
	tcase_add_loop_test(tc, varint_read__every_truncation__fails, 0, count);
	tcase_add_test(tc, varint_read__longer_than_needed__accepted);
	tcase_add_test(tc, varint_write__too_large__range_error);
	tcase_add_loop_test(tc, varint_write__no_room__error_and_nothing_written, 0, count);
}
