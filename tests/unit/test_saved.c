/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/saved: golden file, round trip, and that nothing but the whole file is taken.
 */
#include "client/saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

static struct jvpn_saved sample, got;
static uint8_t file[JVPN_SAVED_MAX];
static size_t file_len;

static void fill(uint8_t *out, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

static void add_route(struct jvpn_connectip_routes *routes, uint8_t version, uint8_t first,
		      uint8_t last)
{
	struct jvpn_connectip_route *r = &routes->route[routes->count++];

	r->version = version;
	r->start[0] = first;
	memset(r->end, 0xff, version == 4 ? 4 : 16);
	r->end[0] = last;
}

/* What tests/golden/saved.py wrote down. */
static void make_sample(struct jvpn_saved *s)
{
	static const uint8_t inner4[4] = {10, 9, 0, 2};
	static const uint8_t inner6[16] = {0xfd, [15] = 2};
	struct jvpn_session_record *r = &s->record.session;

	memset(s, 0, sizeof(*s));
	strcpy(s->server_name, "vpn.example.org");
	fill(s->ca_digest, sizeof(s->ca_digest), 0x20);
	strcpy(s->node_id, "laptop");
	strcpy(s->label, "wlan0");
	s->route_prefix_len = 3;
	fill(s->route_prefix, 3, 0xc1);
	strcpy(s->peer, "192.0.2.1:443");
	strcpy(s->tun_name, "jvpn0");
	s->mtu = 1406;
	fill(s->keys.c2s.b, 32, 0x40);
	fill(s->keys.s2c.b, 32, 0x80);
	s->keys.c2s.len = s->keys.s2c.len = 32;
	fill(r->id.b, 16, 0);
	r->state = JVPN_STATE_ATTACHED;
	r->state_version = 12;
	r->attached_version = 12;
	r->server_version = 14;
	r->age_ms = 3600000;
	r->lifetime_ms = 28800000;
	r->transport_lost_ttl_ms = 600000;
	r->total_switches = 3;
	r->counter = 128;
	s->record.stamp.wall_ms = 1790000000123;
	s->record.stamp.boottime_ms = 86400456;
	fill(s->record.stamp.boot_id, 16, 0xa0);
	s->record.address_count = 2;
	s->record.address[0].version = 4;
	s->record.address[0].prefix_len = 32;
	memcpy(s->record.address[0].address, inner4, 4);
	s->record.address[1].version = 6;
	s->record.address[1].prefix_len = 128;
	memcpy(s->record.address[1].address, inner6, 16);
	add_route(&s->routes, 4, 0, 255);
	add_route(&s->routes, 6, 0x20, 0x3f);
	s->ticket_len = 5;
	memcpy(s->ticket, "opaqu", 5);
}

static int encode(const struct jvpn_saved *s)
{
	struct jvpn_writer w;
	int err;

	jvpn_writer_init(&w, file, sizeof(file));
	err = jvpn_saved_encode(s, &w);
	file_len = jvpn_writer_len(&w);
	return err;
}

static void setup(void)
{
	make_sample(&sample);
	ck_assert_int_eq(encode(&sample), 0);
}

START_TEST(saved_encode__sample__is_golden)
{
	const char *root = getenv("JVPN_SRCDIR");
	char path[4096];
	unsigned int v;
	size_t i = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/golden/saved-v1.hex", root ? root : ".");
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	for (; fscanf(f, "%2x", &v) == 1; i++) {
		ck_assert_uint_lt(i, file_len);
		ck_assert_msg(file[i] == v, "octet %zu: %02x instead of %02x", i, file[i], v);
	}
	fclose(f);
	ck_assert_uint_eq(i, file_len);
}
END_TEST

START_TEST(saved_decode__what_was_encoded__is_the_same)
{
	memset(&got, 0xee, sizeof(got));
	ck_assert_int_eq(jvpn_saved_decode(file, file_len, &got), 0);
	ck_assert_mem_eq(&got, &sample, sizeof(got));
}
END_TEST

START_TEST(saved_decode__largest__fits)
{
	sample.routes.count = 0;
	for (int i = 0; i < JVPN_CONNECTIP_ROUTES_MAX; i++)
		add_route(&sample.routes, 6, (uint8_t)(2 * i), (uint8_t)(2 * i));
	sample.ticket_len = JVPN_SAVED_TICKET_MAX;
	memset(sample.server_name, 'a', sizeof(sample.server_name) - 1);
	sample.record.address_count = JVPN_RECORD_ADDRESSES_MAX;
	for (int i = 2; i < JVPN_RECORD_ADDRESSES_MAX; i++)
		sample.record.address[i] = sample.record.address[1];
	ck_assert_int_eq(encode(&sample), 0);
	ck_assert_int_eq(jvpn_saved_decode(file, file_len, &got), 0);
	ck_assert_mem_eq(&got, &sample, sizeof(got));
}
END_TEST

START_TEST(saved_decode__each_prefix__refused)
{
	memset(&got, 0xee, sizeof(got));
	for (size_t len = 0; len < file_len; len++) {
		ck_assert_int_eq(jvpn_saved_decode(file, len, &got), JVPN_ETRUNCATED);
		ck_assert_uint_eq(((const uint8_t *)&got)[0], 0xee);
	}
	ck_assert_int_eq(jvpn_saved_decode(file, file_len + 1, &got), JVPN_ETRAILING);
}
END_TEST

START_TEST(saved_decode__each_bit_flipped__refused)
{
	for (size_t i = 0; i < file_len * 8; i++) {
		file[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_msg(jvpn_saved_decode(file, file_len, &got) != 0, "bit %zu of octet %zu",
			      i % 8, i / 8);
		file[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(jvpn_saved_decode(file, file_len, &got), 0);
}
END_TEST

static void seal_again(void)
{
	uint8_t digest[JVPN_SHA256_BYTES];

	ck_assert_int_eq(jvpn_sha256(file, file_len - sizeof(digest), digest), 0);
	memcpy(file + file_len - sizeof(digest), digest, sizeof(digest));
}

/* With a right digest, too, no byte makes the decoder read beyond or take what it would not write. */
START_TEST(saved_decode__each_byte_changed_under_a_right_digest__refused_or_encodes_again)
{
	static uint8_t again[JVPN_SAVED_MAX];
	struct jvpn_writer w;

	for (size_t i = 14; i < file_len - JVPN_SHA256_BYTES; i++) {
		uint8_t was = file[i];

		for (int change = 1; change < 256; change += 5) {
			file[i] = (uint8_t)(was ^ change);
			seal_again();
			if (jvpn_saved_decode(file, file_len, &got))
				continue;
			jvpn_writer_init(&w, again, sizeof(again));
			ck_assert_int_eq(jvpn_saved_encode(&got, &w), 0);
			ck_assert_uint_eq(jvpn_writer_len(&w), file_len);
			ck_assert_mem_eq(again, file, file_len);
		}
		file[i] = was;
	}
}
END_TEST

START_TEST(saved_decode__other_version__unsupported_whatever_follows)
{
	file[9] = 2;
	ck_assert_int_eq(jvpn_saved_decode(file, file_len, &got), JVPN_EUNSUPPORTED);
	ck_assert_int_eq(jvpn_saved_decode(file, 12, &got), JVPN_EUNSUPPORTED);
	memcpy(file, "#!/bin/sh ", 10);
	ck_assert_int_eq(jvpn_saved_decode(file, file_len, &got), JVPN_EMALFORMED);
}
END_TEST

START_TEST(saved_encode__what_decoding_would_refuse__einval)
{
	struct jvpn_saved s;

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		s = sample;                                                                        \
		change;                                                                            \
		ck_assert_int_eq(encode(&s), JVPN_EINVAL);                                         \
	} while (0)
	REFUSED(s.record.session.state = JVPN_STATE_BIRTH);
	REFUSED(s.record.session.state = JVPN_STATE_TERMINATED);
	REFUSED(s.server_name[0] = '\0');
	REFUSED(s.label[0] = '\n');
	REFUSED(s.tun_name[0] = '\0');
	REFUSED(memset(s.node_id, 'n', sizeof(s.node_id)));
	REFUSED(s.keys.c2s.len = 0);
	REFUSED(memset(s.keys.s2c.b, 0, 32));
	REFUSED(s.record.address_count = 0);
	REFUSED(s.ticket_len = JVPN_SAVED_TICKET_MAX + 1);
	REFUSED(s.mtu = 65536);
	REFUSED(s.route_prefix_len = JVPN_ROUTE_PREFIX_MAX + 1);
	REFUSED(s.peer[0] = ' ');
	REFUSED(s.routes.route[0].start[0] = 9; s.routes.route[0].end[0] = 8);
#undef REFUSED
}
END_TEST

UNIT_TESTS(saved)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, saved_encode__sample__is_golden);
	tcase_add_test(tc, saved_decode__what_was_encoded__is_the_same);
	tcase_add_test(tc, saved_decode__largest__fits);
	tcase_add_test(tc, saved_decode__each_prefix__refused);
	tcase_add_test(tc, saved_decode__each_bit_flipped__refused);
	tcase_add_test(
		tc, saved_decode__each_byte_changed_under_a_right_digest__refused_or_encodes_again);
	tcase_add_test(tc, saved_decode__other_version__unsupported_whatever_follows);
	tcase_add_test(tc, saved_encode__what_decoding_would_refuse__einval);
}
