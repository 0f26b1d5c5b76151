/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The record format: golden file, round trip, strictness, and clocks that run on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/record.h"
#include "unit.h"

static uint8_t golden[JVPN_RECORD_MAX];
static size_t golden_len;

static void load_golden(void)
{
	const char *root = getenv("JVPN_SRCDIR");
	char path[4096];
	unsigned int v;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/golden/record-v1.hex", root ? root : ".");
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	for (golden_len = 0; golden_len < sizeof(golden) && fscanf(f, "%2x", &v) == 1; golden_len++)
		golden[golden_len] = (uint8_t)v;
	fclose(f);
}

/* What tests/golden/record.py wrote down. */
static void make_sample(struct jvpn_record *r)
{
	static const uint8_t inner6[16] = {0xfd, [15] = 2};
	static const uint8_t inner4[4] = {10, 9, 0, 2};

	memset(r, 0, sizeof(*r));
	r->session.plain = true;
	r->session.state = JVPN_STATE_VOLATILE;
	for (int i = 0; i < 16; i++) {
		r->session.id.b[i] = (uint8_t)i;
		r->stamp.boot_id[i] = (uint8_t)(0xa0 + i);
	}
	r->session.user_hash = 0x1122334455667788;
	r->session.state_version = 42;
	r->session.attached_version = 40;
	r->session.age_ms = 3600000;
	r->session.transportless_ms = 1500;
	r->session.total_switches = 7;
	r->session.counter = 99;
	r->session.last_nonce = 17;
	r->session.last_n = 5;
	r->session.replay.highest = 4097;
	r->session.replay.bits[0] = 0x8000000000000001;
	r->session.replay.bits[5] = 0xff;
	r->session.replay.bits[63] = 1;
	r->stamp.wall_ms = 1790000000123;
	r->stamp.boottime_ms = 86400456;
	r->address_count = 2;
	r->address[0].version = 4;
	r->address[0].prefix_len = 32;
	memcpy(r->address[0].address, inner4, sizeof(inner4));
	r->address[1].version = 6;
	r->address[1].prefix_len = 128;
	memcpy(r->address[1].address, inner6, sizeof(inner6));
	strcpy(r->user, "alice");
}

static size_t encode(const struct jvpn_record *r, uint8_t *out, size_t size)
{
	struct jvpn_writer w;
	uint8_t seal[113];

	for (size_t i = 0; i < sizeof(seal); i++)
		seal[i] = (uint8_t)(i * 7);
	jvpn_writer_init(&w, out, size);
	ck_assert_int_eq(jvpn_record_encode_head(r, &w), 0);
	ck_assert_int_eq(jvpn_record_encode_seal(seal, sizeof(seal), &w), 0);
	return jvpn_writer_len(&w);
}

static int decode(const uint8_t *data, size_t len)
{
	struct jvpn_record_parts parts;
	struct jvpn_record r;

	return jvpn_record_decode(data, len, &r, &parts);
}

START_TEST(record_encode__sample__is_golden)
{
	uint8_t out[JVPN_RECORD_MAX];
	struct jvpn_record r;

	load_golden();
	make_sample(&r);
	ck_assert_uint_eq(encode(&r, out, sizeof(out)), golden_len);
	ck_assert_mem_eq(out, golden, golden_len);
}
END_TEST

START_TEST(record_decode__golden__gives_sample)
{
	struct jvpn_record_parts parts;
	struct jvpn_record r, expected;

	load_golden();
	make_sample(&expected);
	memset(&r, 0, sizeof(r));
	ck_assert_int_eq(jvpn_record_decode(golden, golden_len, &r, &parts), 0);
	ck_assert_mem_eq(&r.session.id, &expected.session.id, JVPN_ID_BYTES);
	ck_assert_mem_eq(&r.session.replay, &expected.session.replay, sizeof(r.session.replay));
	ck_assert_uint_eq(r.session.state_version, 42);
	ck_assert_uint_eq(r.session.transportless_ms, 1500);
	ck_assert_uint_eq(r.session.last_nonce, 17);
	ck_assert_uint_eq(r.session.last_n, 5);
	ck_assert(r.session.plain);
	ck_assert_int_eq(r.session.state, JVPN_STATE_VOLATILE);
	ck_assert_mem_eq(&r.stamp, &expected.stamp, sizeof(r.stamp));
	ck_assert_uint_eq(r.address_count, 2);
	ck_assert_mem_eq(r.address, expected.address, sizeof(r.address));
	ck_assert_str_eq(r.user, "alice");
	ck_assert_ptr_eq(parts.head, golden);
	ck_assert_uint_eq(parts.head_len + 2 + parts.seal_len, golden_len);
	ck_assert_uint_eq(parts.seal_len, 113);
	ck_assert_ptr_eq(parts.seal, golden + golden_len - 113);
}
END_TEST

START_TEST(record_decode__every_short_length__is_refused)
{
	load_golden();
	for (size_t len = 0; len < golden_len; len++)
		ck_assert_int_eq(decode(golden, len), JVPN_ETRUNCATED);
}
END_TEST

START_TEST(record_decode__trailing_octet__is_refused)
{
	load_golden();
	ck_assert_int_eq(decode(golden, golden_len + 1), JVPN_ETRAILING);
}
END_TEST

START_TEST(record_decode__other_version__is_unsupported)
{
	load_golden();
	golden[1] = 2;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EUNSUPPORTED);
	golden[1] = 0;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EUNSUPPORTED);
}
END_TEST

/* octet, value: one bad field each */
static const struct {
	size_t at;
	uint8_t value;
	const char *what;
} bad[] = {
	{3, 2, "unknown flag"},
	{2, 0x80, "unknown high flag"},
	{4, 0, "state none"},
	{4, JVPN_STATE_COUNT, "state out of range"},
	{44, 43, "attached_version beyond state_version"},
};

START_TEST(record_decode__bad_field__is_malformed)
{
	load_golden();
	golden[bad[_i].at] = bad[_i].value;
	ck_assert_msg(decode(golden, golden_len) == JVPN_EMALFORMED, "%s", bad[_i].what);
}
END_TEST

START_TEST(record_decode__bad_variable_part__is_malformed)
{
	/* from the end: seal 113, its length 2, "alice" 5, 1, IPv6 18, IPv4 6, count 1 */
	size_t user, six, four, count, seal;

	load_golden();
	seal = golden_len - 115;
	user = seal - 6;
	six = user - 18;
	four = six - 6;
	count = four - 1;
	golden[user + 2] = '\0';
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
	load_golden();
	golden[six + 1] = 129;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
	load_golden();
	golden[four + 1] = 33;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
	load_golden();
	golden[six] = 5;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
	load_golden();
	golden[count] = JVPN_RECORD_ADDRESSES_MAX + 1;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
	load_golden();
	golden[user] = JVPN_RECORD_USER_MAX + 1;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
	load_golden();
	golden[seal] = 0xff;
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
}
END_TEST

START_TEST(record_decode__empty_word_in_window__is_malformed)
{
	load_golden();
	/* flags and state 5, id 16, 11 numbers, last_n 4, highest 8, mask 8: the first word */
	memset(golden + 5 + 16 + 88 + 4 + 16, 0, 8);
	ck_assert_int_eq(decode(golden, golden_len), JVPN_EMALFORMED);
}
END_TEST

START_TEST(record_decode__error__leaves_output_alone)
{
	struct jvpn_record_parts parts, parts_before;
	struct jvpn_record r, before;

	load_golden();
	memset(&r, 0x5a, sizeof(r));
	memset(&parts, 0x5a, sizeof(parts));
	before = r;
	parts_before = parts;
	ck_assert_int_ne(jvpn_record_decode(golden, golden_len - 1, &r, &parts), 0);
	ck_assert_mem_eq(&r, &before, sizeof(r));
	ck_assert_mem_eq(&parts, &parts_before, sizeof(parts));
}
END_TEST

START_TEST(record_encode__largest__fits_the_maximum)
{
	uint8_t out[JVPN_RECORD_MAX], seal[JVPN_RECORD_SEAL_MAX] = {0};
	struct jvpn_record_parts parts;
	struct jvpn_writer w;
	struct jvpn_record r;

	make_sample(&r);
	memset(r.session.replay.bits, 0xff, sizeof(r.session.replay.bits));
	r.address_count = JVPN_RECORD_ADDRESSES_MAX;
	for (int i = 0; i < JVPN_RECORD_ADDRESSES_MAX; i++)
		r.address[i] = r.address[1];
	memset(r.user, 'u', JVPN_RECORD_USER_MAX);
	jvpn_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(jvpn_record_encode_head(&r, &w), 0);
	ck_assert_int_eq(jvpn_record_encode_seal(seal, sizeof(seal), &w), 0);
	ck_assert_int_eq(jvpn_record_decode(out, jvpn_writer_len(&w), &r, &parts), 0);
}
END_TEST

START_TEST(record_encode__value_nobody_could_read__is_refused)
{
	uint8_t out[JVPN_RECORD_MAX];
	struct jvpn_writer w;
	struct jvpn_record r;

	jvpn_writer_init(&w, out, sizeof(out));
	make_sample(&r);
	r.address[0].address[4] = 1;
	ck_assert_int_eq(jvpn_record_encode_head(&r, &w), JVPN_EINVAL);
	make_sample(&r);
	r.session.state = JVPN_STATE_COUNT;
	ck_assert_int_eq(jvpn_record_encode_head(&r, &w), JVPN_EINVAL);
	make_sample(&r);
	memset(r.user, 'u', sizeof(r.user));
	ck_assert_int_eq(jvpn_record_encode_head(&r, &w), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_record_encode_seal(out, JVPN_RECORD_SEAL_MAX + 1, &w), JVPN_EINVAL);
}
END_TEST

START_TEST(stamp_elapsed__same_boot__ignores_the_wall_clock)
{
	struct jvpn_stamp then = {.wall_ms = 5000, .boottime_ms = 100, .boot_id = {1}};
	struct jvpn_stamp now = {.wall_ms = 4000, .boottime_ms = 350, .boot_id = {1}};

	ck_assert_uint_eq(jvpn_stamp_elapsed_ms(&then, &now), 250);
	now.boottime_ms = 50;
	ck_assert_uint_eq(jvpn_stamp_elapsed_ms(&then, &now), 0);
}
END_TEST

START_TEST(stamp_elapsed__other_boot__takes_the_wall_clock)
{
	struct jvpn_stamp then = {.wall_ms = 5000, .boottime_ms = 100, .boot_id = {1}};
	struct jvpn_stamp now = {.wall_ms = 9000, .boottime_ms = 350, .boot_id = {2}};

	ck_assert_uint_eq(jvpn_stamp_elapsed_ms(&then, &now), 4000);
	now.wall_ms = 1000; /* a clock that starts in 1970 */
	ck_assert_uint_eq(jvpn_stamp_elapsed_ms(&then, &now), 0);
}
END_TEST

START_TEST(record_advance__bound__counts_from_the_last_sign_of_life)
{
	struct jvpn_stamp alive = {.boottime_ms = 86400456 + 9000};
	struct jvpn_stamp now = {.boottime_ms = 86400456 + 10000};
	struct jvpn_record r;

	make_sample(&r);
	memcpy(alive.boot_id, r.stamp.boot_id, JVPN_BOOT_ID_BYTES);
	memcpy(now.boot_id, r.stamp.boot_id, JVPN_BOOT_ID_BYTES);
	r.session.transportless_ms = 0;
	jvpn_record_advance(&r, &alive, &now);
	ck_assert_uint_eq(r.session.age_ms, 3610000);
	ck_assert_uint_eq(r.session.transportless_ms, 1000);
	ck_assert_uint_eq(r.stamp.boottime_ms, now.boottime_ms);
}
END_TEST

START_TEST(record_advance__record_newer_than_alive__counts_from_the_record)
{
	struct jvpn_stamp alive = {.boottime_ms = 86400456 - 500};
	struct jvpn_stamp now = {.boottime_ms = 86400456 + 300};
	struct jvpn_record r;

	make_sample(&r);
	memcpy(alive.boot_id, r.stamp.boot_id, JVPN_BOOT_ID_BYTES);
	memcpy(now.boot_id, r.stamp.boot_id, JVPN_BOOT_ID_BYTES);
	r.session.transportless_ms = 0;
	jvpn_record_advance(&r, &alive, &now);
	ck_assert_uint_eq(r.session.transportless_ms, 300);
}
END_TEST

START_TEST(record_advance__transportless__runs_on_through_a_reboot)
{
	struct jvpn_stamp now = {.wall_ms = 1790000000123 + 60000};
	struct jvpn_record r;

	make_sample(&r);
	jvpn_record_advance(&r, NULL, &now);
	ck_assert_uint_eq(r.session.transportless_ms, 61500);
	ck_assert_uint_eq(r.session.age_ms, 3660000);
	r.session.age_ms = UINT64_MAX - 1;
	now.boottime_ms += 10; /* the stamp is of this boot by now */
	jvpn_record_advance(&r, NULL, &now);
	ck_assert_uint_eq(r.session.age_ms, UINT64_MAX);
}
END_TEST

UNIT_TESTS(record)
{
	tcase_add_test(tc, record_encode__sample__is_golden);
	tcase_add_test(tc, record_decode__golden__gives_sample);
	tcase_add_test(tc, record_decode__every_short_length__is_refused);
	tcase_add_test(tc, record_decode__trailing_octet__is_refused);
	tcase_add_test(tc, record_decode__other_version__is_unsupported);
	tcase_add_loop_test(tc, record_decode__bad_field__is_malformed, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, record_decode__bad_variable_part__is_malformed);
	tcase_add_test(tc, record_decode__empty_word_in_window__is_malformed);
	tcase_add_test(tc, record_decode__error__leaves_output_alone);
	tcase_add_test(tc, record_encode__largest__fits_the_maximum);
	tcase_add_test(tc, record_encode__value_nobody_could_read__is_refused);
	tcase_add_test(tc, stamp_elapsed__same_boot__ignores_the_wall_clock);
	tcase_add_test(tc, stamp_elapsed__other_boot__takes_the_wall_clock);
	tcase_add_test(tc, record_advance__bound__counts_from_the_last_sign_of_life);
	tcase_add_test(tc, record_advance__record_newer_than_alive__counts_from_the_record);
	tcase_add_test(tc, record_advance__transportless__runs_on_through_a_reboot);
}
