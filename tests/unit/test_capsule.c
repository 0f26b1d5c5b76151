/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The capsule parser: same result for every chunking, unknown types skipped, caps enforced.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "core/msg.h"
#include "proto/capsule.h"
#include "proto/varint.h"

#define BUFFER_BYTES 256
#define UNKNOWN_TYPE UINT64_C(0x3fffffff)

static uint8_t buffer[BUFFER_BYTES];
static uint8_t stream[70000];
static size_t stream_len;

/* Known, unknown (longer than the buffer), empty, known with a long type, DATAGRAM too long. */
static void make_stream(void)
{
	static uint8_t value[300];
	struct jvpn_writer w;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)i;
	jvpn_writer_init(&w, stream, sizeof(stream));
	jvpn_capsule_write(&w, JVPN_CAPSULE_ADDRESS_ASSIGN, value, 7);
	jvpn_capsule_write(&w, UNKNOWN_TYPE, value, 300);
	jvpn_capsule_write(&w, JVPN_CAPSULE_ROUTE_ADVERTISEMENT, NULL, 0);
	jvpn_capsule_write(&w, JVPN_CAPSULE_JVMSG_BASE + 1, value, BUFFER_BYTES);
	jvpn_capsule_write(&w, JVPN_CAPSULE_DATAGRAM, value, 300);
	jvpn_capsule_write(&w, JVPN_CAPSULE_DATAGRAM, value, 20);
	jvpn_capsule_write(&w, UNKNOWN_TYPE, NULL, 0);
	ck_assert_int_eq(w.err, 0);
	stream_len = jvpn_writer_len(&w);
}

static const struct {
	uint64_t type;
	size_t len;
} expected[] = {
	{JVPN_CAPSULE_ADDRESS_ASSIGN, 7},
	{JVPN_CAPSULE_ROUTE_ADVERTISEMENT, 0},
	{JVPN_CAPSULE_JVMSG_BASE + 1, BUFFER_BYTES},
	{JVPN_CAPSULE_DATAGRAM, 20},
};

/* Feeds one piece and checks what comes out against expected[*index]. */
static void feed(struct jvpn_capsule_parser *p, const uint8_t *data, size_t len, size_t *index)
{
	struct jvpn_reader in;
	struct jvpn_capsule c;
	int n;

	jvpn_reader_init(&in, data, len);
	while ((n = jvpn_capsule_parser_next(p, &in, &c)) > 0) {
		ck_assert_uint_lt(*index, 4);
		ck_assert_uint_eq(c.type, expected[*index].type);
		ck_assert_uint_eq(c.len, expected[*index].len);
		for (size_t i = 0; i < c.len; i++)
			ck_assert_uint_eq(c.value[i], (uint8_t)i);
		(*index)++;
	}
	ck_assert_int_eq(n, 0);
}

START_TEST(capsule_parser__any_chunk_size__same_result)
{
	struct jvpn_capsule_parser p;
	size_t chunk = (size_t)_i, index = 0;

	make_stream();
	jvpn_capsule_parser_init(&p, buffer, sizeof(buffer));
	for (size_t at = 0; at < stream_len; at += chunk) {
		size_t n = stream_len - at < chunk ? stream_len - at : chunk;

		feed(&p, stream + at, n, &index);
	}
	ck_assert_uint_eq(index, 4);
	ck_assert_uint_eq(p.skipped_count, 3);
	ck_assert_int_eq(jvpn_capsule_parser_finish(&p), 0);
}
END_TEST

START_TEST(capsule_parser__every_split_in_two__same_result)
{
	make_stream();
	for (size_t cut = 0; cut <= stream_len; cut++) {
		struct jvpn_capsule_parser p;
		size_t index = 0;

		jvpn_capsule_parser_init(&p, buffer, sizeof(buffer));
		feed(&p, stream, cut, &index);
		feed(&p, stream + cut, stream_len - cut, &index);
		ck_assert_uint_eq(index, 4);
		ck_assert_int_eq(jvpn_capsule_parser_finish(&p), 0);
	}
}
END_TEST

START_TEST(capsule_parser_finish__inside_a_capsule__truncated)
{
	uint8_t one[64];
	struct jvpn_writer w;

	jvpn_writer_init(&w, one, sizeof(one));
	jvpn_capsule_write(&w, _i ? UNKNOWN_TYPE : JVPN_CAPSULE_ADDRESS_ASSIGN, "abcdefgh", 8);
	for (size_t len = 1; len < jvpn_writer_len(&w); len++) {
		struct jvpn_capsule_parser p;
		struct jvpn_reader in;
		struct jvpn_capsule c;

		jvpn_capsule_parser_init(&p, buffer, sizeof(buffer));
		jvpn_reader_init(&in, one, len);
		ck_assert_int_eq(jvpn_capsule_parser_next(&p, &in, &c), 0);
		ck_assert_int_eq(jvpn_capsule_parser_finish(&p), JVPN_ETRUNCATED);
	}
}
END_TEST

static int parse_head(uint64_t type, uint64_t len, size_t capacity, struct jvpn_capsule_parser *p)
{
	static uint8_t big[JVPN_CAPSULE_VALUE_MAX + 8];
	struct jvpn_capsule c;
	struct jvpn_reader in;
	struct jvpn_writer w;
	uint8_t head[JVPN_CAPSULE_HEAD_MAX];

	jvpn_writer_init(&w, head, sizeof(head));
	jvpn_varint_write(&w, type);
	jvpn_varint_write(&w, len);
	jvpn_capsule_parser_init(p, big, capacity);
	jvpn_reader_init(&in, head, jvpn_writer_len(&w));
	return jvpn_capsule_parser_next(p, &in, &c);
}

START_TEST(capsule_parser__known_type_too_long__error_that_stays)
{
	struct jvpn_capsule_parser p;
	struct jvpn_capsule c;
	struct jvpn_reader in;

	ck_assert_int_eq(parse_head(JVPN_CAPSULE_ADDRESS_ASSIGN, BUFFER_BYTES, BUFFER_BYTES, &p),
			 0);
	ck_assert_int_eq(
		parse_head(JVPN_CAPSULE_ADDRESS_ASSIGN, BUFFER_BYTES + 1, BUFFER_BYTES, &p),
		JVPN_ERANGE);
	jvpn_reader_init(&in, "\x01\x00", 2);
	ck_assert_int_eq(jvpn_capsule_parser_next(&p, &in, &c), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_capsule_parser_finish(&p), JVPN_ERANGE);
}
END_TEST

START_TEST(capsule_parser__beyond_64_kib__error_whatever_the_buffer)
{
	struct jvpn_capsule_parser p;
	size_t capacity = JVPN_CAPSULE_VALUE_MAX + 8;

	ck_assert_int_eq(
		parse_head(JVPN_CAPSULE_ADDRESS_ASSIGN, JVPN_CAPSULE_VALUE_MAX, capacity, &p), 0);
	ck_assert_int_eq(
		parse_head(JVPN_CAPSULE_ADDRESS_ASSIGN, JVPN_CAPSULE_VALUE_MAX + 1, capacity, &p),
		JVPN_ERANGE);
}
END_TEST

START_TEST(capsule_parser__unknown_type_of_any_length__skipped_without_buffer)
{
	struct jvpn_capsule_parser p;

	ck_assert_int_eq(parse_head(UNKNOWN_TYPE, JVPN_VARINT_MAX, 0, &p), 0);
	ck_assert_uint_eq(p.skipped_count, 1);
	ck_assert_int_eq(parse_head(JVPN_CAPSULE_JVMSG_BASE, 70000, 0, &p), 0);
	ck_assert_int_eq(parse_head(JVPN_CAPSULE_JVMSG_BASE + JVPN_MSG_COUNT, 70000, 0, &p), 0);
	ck_assert_int_eq(parse_head(JVPN_CAPSULE_DATAGRAM, 70000, 100, &p), 0);
	ck_assert(p.skipping);
}
END_TEST

START_TEST(capsule_is_known__grease__false)
{
	for (uint64_t n = 0; n < 100000; n++)
		ck_assert(!jvpn_capsule_is_known(0x29 * n + 0x17));
	for (uint64_t n = (JVPN_CAPSULE_JVMSG_BASE - 0x17) / 0x29 - 2, i = 0; i < 6; i++)
		ck_assert(!jvpn_capsule_is_known(0x29 * (n + i) + 0x17));
	for (uint64_t n = 1; n < JVPN_MSG_COUNT; n++)
		ck_assert(jvpn_capsule_is_known(JVPN_CAPSULE_JVMSG_BASE + n));
}
END_TEST

START_TEST(capsule_write__no_room__error)
{
	uint8_t out[9];
	struct jvpn_writer w;

	jvpn_writer_init(&w, out, sizeof(out));
	jvpn_capsule_write(&w, JVPN_CAPSULE_ADDRESS_ASSIGN, "12345678", 8);
	ck_assert_int_eq(w.err, JVPN_ENOSPACE);
	jvpn_writer_init(&w, out, sizeof(out));
	jvpn_capsule_write(&w, JVPN_VARINT_MAX + 1, NULL, 0);
	ck_assert_int_eq(w.err, JVPN_ERANGE);
}
END_TEST

UNIT_TESTS(capsule)
{
	tcase_add_loop_test(tc, capsule_parser__any_chunk_size__same_result, 1, 40);
	tcase_add_test(tc, capsule_parser__every_split_in_two__same_result);
	tcase_add_loop_test(tc, capsule_parser_finish__inside_a_capsule__truncated, 0, 2);
	tcase_add_test(tc, capsule_parser__known_type_too_long__error_that_stays);
	tcase_add_test(tc, capsule_parser__beyond_64_kib__error_whatever_the_buffer);
	tcase_add_test(tc, capsule_parser__unknown_type_of_any_length__skipped_without_buffer);
	tcase_add_test(tc, capsule_is_known__grease__false);
	tcase_add_test(tc, capsule_write__no_room__error);
}
