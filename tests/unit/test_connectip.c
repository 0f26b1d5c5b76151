/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 9484 capsules: every rule of section 4.7 has an input that breaks exactly that rule.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "golden.h"
#include "proto/connectip.h"

static uint8_t data[GOLDEN_MAX];
static struct jvpn_connectip_addresses addresses;
static struct jvpn_connectip_routes routes;

static int decode_assign(const void *p, size_t len)
{
	struct jvpn_reader r;

	jvpn_reader_init(&r, p, len);
	return jvpn_connectip_assign_decode(&r, &addresses);
}

static int decode_request(const void *p, size_t len)
{
	struct jvpn_reader r;

	jvpn_reader_init(&r, p, len);
	return jvpn_connectip_request_decode(&r, &addresses);
}

static int decode_routes(const void *p, size_t len)
{
	struct jvpn_reader r;

	jvpn_reader_init(&r, p, len);
	return jvpn_connectip_routes_decode(&r, &routes);
}

START_TEST(connectip_assign__golden__round_trip)
{
	uint8_t out[GOLDEN_MAX];
	struct jvpn_writer w;
	size_t len = golden_bytes("connectip.assign", data);

	ck_assert_int_eq(decode_assign(data, len), 0);
	ck_assert_uint_eq(addresses.count, 2);
	ck_assert_uint_eq(addresses.address[0].request_id, 1);
	ck_assert_uint_eq(addresses.address[0].version, 4);
	ck_assert_uint_eq(addresses.address[0].prefix_len, 32);
	ck_assert_mem_eq(addresses.address[0].address, "\x0a\x07\x00\x02", 4);
	ck_assert_uint_eq(addresses.address[1].version, 6);
	ck_assert_uint_eq(addresses.address[1].prefix_len, 80);
	jvpn_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(jvpn_connectip_assign_encode(&addresses, &w), 0);
	golden_check("connectip.assign", out, jvpn_writer_len(&w));
}
END_TEST

/* A cut between two entries is a shorter valid list; everywhere else it is an error. */
START_TEST(connectip_assign__every_truncation__error_but_between_entries)
{
	size_t len = golden_bytes("connectip.assign", data);

	for (size_t n = 0; n < len; n++) {
		int expected = n == 0 || n == 7 ? 0 : JVPN_ETRUNCATED;

		ck_assert_int_eq(decode_assign(data, n), expected);
	}
	data[len] = 0;
	ck_assert_int_eq(decode_assign(data, len + 1), JVPN_ETRUNCATED);
}
END_TEST

START_TEST(connectip_assign__bits_beyond_prefix__malformed)
{
	for (unsigned int plen = 0; plen <= 32; plen++) {
		for (unsigned int bit = 0; bit < 32; bit++) {
			uint8_t one[7] = {0, 4, 0, 0, 0, 0, (uint8_t)plen};

			one[2 + bit / 8] = (uint8_t)(0x80 >> bit % 8);
			ck_assert_int_eq(decode_assign(one, 7), bit < plen ? 0 : JVPN_EMALFORMED);
		}
	}
}
END_TEST

START_TEST(connectip_assign__ipv6_bits_beyond_prefix__malformed)
{
	for (unsigned int plen = 0; plen <= 128; plen += 3) {
		for (unsigned int bit = 0; bit < 128; bit++) {
			uint8_t one[19] = {0, 6};

			one[2 + bit / 8] = (uint8_t)(0x80 >> bit % 8);
			one[18] = (uint8_t)plen;
			ck_assert_int_eq(decode_assign(one, 19), bit < plen ? 0 : JVPN_EMALFORMED);
		}
	}
}
END_TEST

START_TEST(connectip_assign__bad_version_or_length__malformed_and_untouched)
{
	static const uint8_t version5[] = {0, 5, 1, 2, 3, 4, 32};
	static const uint8_t plen33[] = {0, 4, 1, 2, 3, 4, 33};
	uint8_t plen129[19] = {0, 6};

	plen129[18] = 129;
	addresses.count = 99;
	ck_assert_int_eq(decode_assign(version5, sizeof(version5)), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_assign(plen33, sizeof(plen33)), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_assign(plen129, sizeof(plen129)), JVPN_EMALFORMED);
	ck_assert_uint_eq(addresses.count, 99);
}
END_TEST

START_TEST(connectip_assign__too_many__full)
{
	uint8_t many[7 * (JVPN_CONNECTIP_ADDRESSES_MAX + 1)];

	for (size_t i = 0; i <= JVPN_CONNECTIP_ADDRESSES_MAX; i++)
		memcpy(many + 7 * i, "\x00\x04\x0a\x00\x00\x01\x20", 7);
	ck_assert_int_eq(decode_assign(many, sizeof(many)), JVPN_EFULL);
	ck_assert_int_eq(decode_assign(many, sizeof(many) - 7), 0);
}
END_TEST

START_TEST(connectip_request__golden__round_trip)
{
	uint8_t out[GOLDEN_MAX];
	struct jvpn_writer w;
	size_t len = golden_bytes("connectip.request", data);

	ck_assert_int_eq(decode_request(data, len), 0);
	ck_assert_uint_eq(addresses.count, 2);
	ck_assert_uint_eq(addresses.address[1].request_id, 16384);
	jvpn_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(jvpn_connectip_request_encode(&addresses, &w), 0);
	golden_check("connectip.request", out, jvpn_writer_len(&w));
}
END_TEST

START_TEST(connectip_request__id_zero_twice_or_none__malformed)
{
	static const uint8_t zero[] = {0, 4, 0, 0, 0, 0, 32};
	static const uint8_t twice[] = {7, 4, 0, 0, 0, 0, 32, 7, 4, 0, 0, 0, 0, 32};
	static const uint8_t fine[] = {7, 4, 0, 0, 0, 0, 32, 8, 4, 0, 0, 0, 0, 32};

	ck_assert_int_eq(decode_request(zero, sizeof(zero)), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_request(twice, sizeof(twice)), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_request("", 0), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_request(fine, sizeof(fine)), 0);
	ck_assert_int_eq(decode_assign(zero, sizeof(zero)), 0);
}
END_TEST

START_TEST(connectip_encode__invalid_struct__refused)
{
	struct jvpn_writer w;

	jvpn_writer_init(&w, data, sizeof(data));
	memset(&addresses, 0, sizeof(addresses));
	addresses.count = 1;
	addresses.address[0].version = 5;
	ck_assert_int_eq(jvpn_connectip_assign_encode(&addresses, &w), JVPN_EINVAL);
	addresses.address[0].version = 4;
	addresses.address[0].prefix_len = 8;
	addresses.address[0].address[1] = 1;
	ck_assert_int_eq(jvpn_connectip_assign_encode(&addresses, &w), JVPN_EINVAL);
	addresses.address[0].address[1] = 0;
	ck_assert_int_eq(jvpn_connectip_request_encode(&addresses, &w), JVPN_EINVAL);
	addresses.count = JVPN_CONNECTIP_ADDRESSES_MAX + 1;
	ck_assert_int_eq(jvpn_connectip_assign_encode(&addresses, &w), JVPN_EINVAL);
	routes.count = JVPN_CONNECTIP_ROUTES_MAX + 1;
	ck_assert_int_eq(jvpn_connectip_routes_encode(&routes, &w), JVPN_EINVAL);
}
END_TEST

START_TEST(connectip_routes__golden__round_trip)
{
	uint8_t out[GOLDEN_MAX];
	struct jvpn_writer w;
	size_t len = golden_bytes("connectip.routes", data);

	ck_assert_int_eq(decode_routes(data, len), 0);
	ck_assert_uint_eq(routes.count, 3);
	jvpn_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(jvpn_connectip_routes_encode(&routes, &w), 0);
	golden_check("connectip.routes", out, jvpn_writer_len(&w));
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(decode_routes(data, n) == 0, n == 0 || n == 10 || n == 20);
}
END_TEST

static const struct {
	const char *what;
	uint8_t b[20];
	int err;
} route_pair[] = {
	{"fine", {4, 1, 0, 0, 0, 1, 0, 0, 9, 0, 4, 1, 0, 0, 10, 1, 0, 0, 11, 0}, 0},
	{"overlap", {4, 1, 0, 0, 0, 1, 0, 0, 9, 0, 4, 1, 0, 0, 9, 1, 0, 0, 11, 0}, -1},
	{"unordered", {4, 1, 0, 0, 5, 1, 0, 0, 9, 0, 4, 1, 0, 0, 1, 1, 0, 0, 2, 0}, -1},
	{"end before start", {4, 1, 0, 0, 9, 1, 0, 0, 8, 0, 4, 2, 0, 0, 0, 2, 0, 0, 1, 0}, -1},
	{"protocol falls", {4, 1, 0, 0, 0, 1, 0, 0, 9, 6, 4, 2, 0, 0, 0, 2, 0, 0, 1, 1}, -1},
	{"protocol rises", {4, 2, 0, 0, 0, 2, 0, 0, 9, 6, 4, 1, 0, 0, 0, 1, 0, 0, 1, 17}, 0},
	{"one address", {4, 1, 0, 0, 0, 1, 0, 0, 0, 0, 4, 1, 0, 0, 1, 1, 0, 0, 1, 0}, 0},
	{"version 0", {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 4, 1, 0, 0, 1, 1, 0, 0, 1, 0}, -1},
};

START_TEST(connectip_routes__pairs__as_section_4_7_3_says)
{
	int err = decode_routes(route_pair[_i].b, 20);

	ck_assert_msg(err == (route_pair[_i].err ? JVPN_EMALFORMED : 0), "%s: %d",
		      route_pair[_i].what, err);
}
END_TEST

START_TEST(connectip_routes__ipv6_before_ipv4__malformed)
{
	uint8_t v6[34] = {6};

	memcpy(data, v6, sizeof(v6));
	memcpy(data + 34, route_pair[0].b, 10);
	ck_assert_int_eq(decode_routes(data, 44), JVPN_EMALFORMED);
	memcpy(data, route_pair[0].b, 10);
	memcpy(data + 10, v6, sizeof(v6));
	ck_assert_int_eq(decode_routes(data, 44), 0);
}
END_TEST

START_TEST(connectip_routes_allow__range_and_protocol__decide)
{
	static const uint8_t tcp_only[] = {4, 10, 0, 0, 0, 10, 0, 0, 9, 6};
	static const uint8_t in[] = {10, 0, 0, 9}, below[] = {9, 255, 255, 255};
	static const uint8_t above[] = {10, 0, 0, 10};

	ck_assert_int_eq(decode_routes(tcp_only, sizeof(tcp_only)), 0);
	ck_assert(jvpn_connectip_routes_allow(&routes, 4, in, 6));
	ck_assert(!jvpn_connectip_routes_allow(&routes, 4, in, 17));
	ck_assert(jvpn_connectip_routes_allow(&routes, 4, in, 1));
	ck_assert(!jvpn_connectip_routes_allow(&routes, 4, in, 58));
	ck_assert(!jvpn_connectip_routes_allow(&routes, 4, below, 6));
	ck_assert(!jvpn_connectip_routes_allow(&routes, 4, above, 6));
}
END_TEST

START_TEST(connectip_dgram__prefix__round_trip)
{
	struct jvpn_writer w;
	struct jvpn_reader r;
	uint64_t stream, context;

	jvpn_writer_init(&w, data, sizeof(data));
	ck_assert_int_eq(jvpn_connectip_dgram_encode(44, &w), 0);
	golden_check("connectip.dgram_prefix", data, jvpn_writer_len(&w));
	jvpn_reader_init(&r, data, jvpn_writer_len(&w));
	ck_assert_int_eq(jvpn_connectip_dgram_decode(&r, &stream, &context), 0);
	ck_assert_uint_eq(stream, 44);
	ck_assert_uint_eq(context, 0);
	ck_assert_int_eq(jvpn_connectip_dgram_encode(45, &w), JVPN_EINVAL);
	jvpn_reader_init(&r, "\x01", 1);
	ck_assert_int_eq(jvpn_connectip_dgram_decode(&r, &stream, &context), JVPN_ETRUNCATED);
	jvpn_reader_init(&r, "\xd0\x00\x00\x00\x00\x00\x00\x00\x00", 9);
	ck_assert_int_eq(jvpn_connectip_dgram_decode(&r, &stream, &context), JVPN_EMALFORMED);
}
END_TEST

START_TEST(connectip_path__variants__only_the_full_tunnel)
{
	static const char *const good[] = {JVPN_CONNECTIP_PATH, "/.well-known/masque/ip/%2A/%2a/",
					   "/.well-known/masque/ip/*/%2A/"};
	static const char *const bad[] = {"",
					  "/",
					  "/.well-known/masque/ip/*/*",
					  "/.well-known/masque/ip/*/*//",
					  "/.well-known/masque/ip/*/",
					  "/.well-known/masque/ip//*/",
					  "/.well-known/masque/ip/**/*/",
					  "/.well-known/masque/ip/10.0.0.1/*/",
					  "/.well-known/masque/ip/*/17/",
					  "/.well-known/masque/ip/*/*/?x",
					  "/.well-known/masque/ip/%2/*/",
					  "/.well-known/masque/ip/*/%2",
					  "/.well-known/masque/IP/*/*/",
					  "/x/.well-known/masque/ip/*/*/"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert(jvpn_connectip_path_is_full_tunnel(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!jvpn_connectip_path_is_full_tunnel(bad[i], strlen(bad[i])), "%s",
			      bad[i]);
}
END_TEST

UNIT_TESTS(connectip)
{
	tcase_add_test(tc, connectip_assign__golden__round_trip);
	tcase_add_test(tc, connectip_assign__every_truncation__error_but_between_entries);
	tcase_add_test(tc, connectip_assign__bits_beyond_prefix__malformed);
	tcase_add_test(tc, connectip_assign__ipv6_bits_beyond_prefix__malformed);
	tcase_add_test(tc, connectip_assign__bad_version_or_length__malformed_and_untouched);
	tcase_add_test(tc, connectip_assign__too_many__full);
	tcase_add_test(tc, connectip_request__golden__round_trip);
	tcase_add_test(tc, connectip_request__id_zero_twice_or_none__malformed);
	tcase_add_test(tc, connectip_encode__invalid_struct__refused);
	tcase_add_test(tc, connectip_routes__golden__round_trip);
	tcase_add_loop_test(tc, connectip_routes__pairs__as_section_4_7_3_says, 0,
			    (int)(sizeof(route_pair) / sizeof(route_pair[0])));
	tcase_add_test(tc, connectip_routes__ipv6_before_ipv4__malformed);
	tcase_add_test(tc, connectip_routes_allow__range_and_protocol__decide);
	tcase_add_test(tc, connectip_dgram__prefix__round_trip);
	tcase_add_test(tc, connectip_path__variants__only_the_full_tunnel);
}
