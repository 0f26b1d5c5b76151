/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DNS_ASSIGN: the draft's examples, everything cut off, and names that want to be something else.
 */
#include "proto/dnsassign.h"

#include <string.h>

#include "base/err.h"
#include "golden.h"
#include "proto/varint.h"
#include "unit.h"

static struct jvpn_dnsassign assign;
static uint8_t data[4096];

static int decode(const uint8_t *from, size_t len)
{
	struct jvpn_reader r;

	memset(&assign, 0xee, sizeof(assign));
	jvpn_reader_init(&r, from, len);
	return jvpn_dnsassign_decode(&r, &assign);
}

static int decode_golden(const char *name)
{
	return decode(data, golden_bytes(name, data));
}

/* One nameserver 10.77.0.1 with these octets behind its addresses, one internal and no search domain. */
static int decode_with(const uint8_t *tail, size_t tail_len, const char *internal, size_t len)
{
	struct jvpn_writer w;

	jvpn_writer_init(&w, data, sizeof(data));
	jvpn_writer_bytes(&w, "\1\0\1\1\12\115\0\1\0", 9);
	jvpn_writer_bytes(&w, tail, tail_len);
	jvpn_varint_write(&w, 1);
	jvpn_varint_write(&w, len);
	jvpn_writer_bytes(&w, internal, len);
	jvpn_varint_write(&w, 0);
	ck_assert_int_eq(w.err, 0);
	return decode(data, jvpn_writer_len(&w));
}

START_TEST(dnsassign__split__as_in_the_draft)
{
	static const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};

	ck_assert_int_eq(decode_golden("dnsassign.split"), 0);
	ck_assert_uint_eq(assign.server_count, 2);
	ck_assert_uint_eq(assign.server[0].version, 4);
	ck_assert_int_eq(memcmp(assign.server[0].address, "\300\0\2\41", 4), 0);
	ck_assert_uint_eq(assign.server[1].version, 6);
	ck_assert_int_eq(memcmp(assign.server[1].address, v6, 16), 0);
	ck_assert_uint_eq(assign.internal.count, 1);
	ck_assert_str_eq(assign.internal.name[0], "internal.corp.example");
	ck_assert_uint_eq(assign.search.count, 2);
	ck_assert_str_eq(assign.search.name[1], "corp.example");
	ck_assert(!assign.has_more);
}
END_TEST

START_TEST(dnsassign__encrypted_only__left_out)
{
	ck_assert_int_eq(decode_golden("dnsassign.https"), 0);
	ck_assert_uint_eq(assign.server_count, 0);
}
END_TEST

START_TEST(dnsassign__several__the_first_that_can_be_used)
{
	ck_assert_int_eq(decode_golden("dnsassign.several"), 0);
	ck_assert_uint_eq(assign.server_count, 2);
	ck_assert_str_eq(assign.internal.name[0], "internal.corp.example");
	ck_assert(assign.has_more);
}
END_TEST

START_TEST(dnsassign__golden__round_trip)
{
	static struct jvpn_dnsassign in;
	uint8_t out[512];
	struct jvpn_writer w;

	ck_assert_int_eq(decode_golden("dnsassign.root"), 0);
	ck_assert_uint_eq(assign.internal.count, 1);
	ck_assert_str_eq(assign.internal.name[0], "");
	in = assign;
	jvpn_writer_init(&w, out, sizeof(out));
	ck_assert_int_eq(jvpn_dnsassign_encode(&in, &w), 0);
	golden_check("dnsassign.root", out, jvpn_writer_len(&w));
	for (size_t cap = 0; cap < jvpn_writer_len(&w); cap++) {
		struct jvpn_writer small;

		jvpn_writer_init(&small, data, cap);
		ck_assert_int_eq(jvpn_dnsassign_encode(&in, &small), JVPN_ENOSPACE);
	}
	ck_assert_int_eq(decode(out, 0), 0); /* taken back */
	ck_assert_uint_eq(assign.server_count, 0);
}
END_TEST

START_TEST(dnsassign__cut_off_anywhere__refused_and_untouched)
{
	static const char *const names[] = {"dnsassign.split", "dnsassign.root", "dnsassign.https",
					    "dnsassign.several"};
	static uint8_t copy[1024];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = golden_bytes(names[i], copy), good = 0;

		for (size_t cut = 1; cut < len; cut++) {
			int rv = decode(copy, cut);

			good += rv == 0;
			if (rv)
				ck_assert_uint_eq(assign.server_count, (size_t)0xeeeeeeeeeeeeeeee);
		}
		/* only between configurations */
		ck_assert_uint_eq(good, i == 3 ? 2 : 0);
		copy[len] = 0x40; /* begins another one */
		ck_assert_int_ne(decode(copy, len + 1), 0);
	}
}
END_TEST

START_TEST(dnsassign__hostile_names__malformed)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {{"a b", 3},   {"$(reboot)", 9}, {"a;b", 3},  {"`id`", 4},     {"a\nb", 3},
		   {"a\0b", 3},  {"-x", 2},        {"a.-x", 4}, {"--help", 6},   {"a..b", 4},
		   {".a", 2},    {"a..", 3},       {"~", 1},    {"~.", 2},       {"a/b", 3},
		   {"\\097", 4}, {"..", 2},        {"a'b", 3},  {"a\"b", 3},     {"a|b", 3},
		   {"a&b", 3},   {"*", 1},         {"a%i", 3},  {"\303\274", 2}, {"a\177", 2},
		   {"a#b", 3}};
	char longest[300];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(decode_with((const uint8_t *)"\0\0", 2, bad[i].text, bad[i].len) ==
				      JVPN_EMALFORMED,
			      "%s", bad[i].text);
	memset(longest, 'a', sizeof(longest));
	ck_assert_int_eq(decode_with((const uint8_t *)"\0\0", 2, longest, 64), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_with((const uint8_t *)"\0\0", 2, longest, 63), 0);
	for (size_t i = 63; i < sizeof(longest); i += 64)
		longest[i] = '.';
	ck_assert_int_eq(decode_with((const uint8_t *)"\0\0", 2, longest, 254), JVPN_EMALFORMED);
	ck_assert_int_eq(decode_with((const uint8_t *)"\0\0", 2, longest, 253), 0);
	ck_assert_int_eq(decode_with((const uint8_t *)"\0\0", 2, "_a.x-1.Example.", 15), 0);
	ck_assert_str_eq(assign.internal.name[0], "_a.x-1.Example");
}
END_TEST

/* Behind the addresses: name of the server, service parameters. */
START_TEST(dnsassign__service_parameters__rules_of_the_draft)
{
	static const struct {
		int rv;
		size_t servers, len;
		const char *tail;
	} cases[] = {
		{0, 1, 2, "\0\0"},
		{0, 1, 8, "\0\6\0\3\0\2\0\65"},                    /* port 53 */
		{0, 0, 8, "\0\6\0\3\0\2\3\125"},                   /* port 853 */
		{JVPN_EMALFORMED, 0, 9, "\0\7\0\3\0\3\3\125\0"},   /* port of 3 octets */
		{JVPN_EMALFORMED, 0, 6, "\0\4\0\2\0\0"},           /* no-default-alpn, no name */
		{0, 0, 7, "\1a\4\0\2\0\0"},                        /* and with one */
		{JVPN_EMALFORMED, 0, 10, "\0\10\0\1\0\4\3dot"},    /* alpn without a name */
		{0, 1, 11, "\1a\10\0\1\0\4\3dot"},                 /* encrypted besides */
		{JVPN_EMALFORMED, 0, 10, "\0\10\0\4\0\4\1\2\3\4"}, /* ipv4hint */
		{JVPN_EMALFORMED, 0, 14, "\0\14\0\3\0\2\0\65\0\3\0\2\0\65"}, /* twice */
		{0, 0, 12, "\0\12\0\0\0\2\1\1\1\1\0\0"}, /* mandatory and unknown */
		{0, 1, 6, "\0\4\1\1\0\0"},               /* unknown */
		{JVPN_EMALFORMED, 0, 5, "\0\3\1\1\0"},   /* half a parameter */
		{JVPN_EMALFORMED, 0, 6, "\0\4\0\0\0\0"}, /* mandatory: nothing */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rv = decode_with((const uint8_t *)cases[i].tail, cases[i].len, "", 0);

		ck_assert_msg(rv == cases[i].rv, "case %zu: %d", i, rv);
		if (!rv)
			ck_assert_msg(assign.server_count == cases[i].servers, "case %zu", i);
	}
}
END_TEST

START_TEST(dnsassign__bad_servers__malformed)
{
	static const uint8_t bad4[][4] = {
		{0, 0, 0, 0}, {127, 0, 0, 1}, {224, 0, 0, 251}, {255, 255, 255, 255}};
	static const uint8_t good6[16] = {0xfd, [15] = 1};
	uint8_t address6[16] = {0};

	for (size_t i = 0; i < 4; i++)
		ck_assert(!jvpn_dnsassign_is_server(4, bad4[i]));
	ck_assert(!jvpn_dnsassign_is_server(6, address6));
	address6[15] = 1;
	ck_assert(!jvpn_dnsassign_is_server(6, address6));
	address6[0] = 0xff;
	ck_assert(!jvpn_dnsassign_is_server(6, address6));
	ck_assert(jvpn_dnsassign_is_server(6, good6));
	/* 127.0.0.1 in a capsule; no address and no name; priority 0 */
	ck_assert_int_eq(decode((const uint8_t *)"\1\0\1\1\177\0\0\1\0\0\0\0\0", 13),
			 JVPN_EMALFORMED);
	ck_assert_int_eq(decode((const uint8_t *)"\1\0\1\0\0\0\0\0\0", 9), JVPN_EMALFORMED);
	ck_assert_int_eq(decode((const uint8_t *)"\1\0\0\1\12\0\0\1\0\0\0\0\0", 13),
			 JVPN_EMALFORMED);
	/* counts beyond what is there must not take long */
	ck_assert_int_eq(decode((const uint8_t *)"\377\377\377\377\377\377\377\377", 8),
			 JVPN_ETRUNCATED);
}
END_TEST

START_TEST(dnsassign_encode__what_decoding_refuses__einval)
{
	static struct jvpn_dnsassign in;
	struct jvpn_writer w;

	jvpn_writer_init(&w, data, sizeof(data));
	in.server_count = 1;
	in.server[0] = (struct jvpn_dnsassign_server){.version = 4, .address = {10, 0, 0, 1}};
	in.search.count = 1;
	ck_assert_int_eq(jvpn_dnsassign_encode(&in, &w), JVPN_EINVAL); /* "" is no search domain */
	strcpy(in.search.name[0], "a b");
	ck_assert_int_eq(jvpn_dnsassign_encode(&in, &w), JVPN_EINVAL);
	strcpy(in.search.name[0], "a.b");
	in.server[0].version = 5;
	ck_assert_int_eq(jvpn_dnsassign_encode(&in, &w), JVPN_EINVAL);
	in.server[0].version = 4;
	in.server_count = JVPN_DNSASSIGN_SERVERS_MAX + 1;
	ck_assert_int_eq(jvpn_dnsassign_encode(&in, &w), JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(dnsassign)
{
	tcase_add_test(tc, dnsassign__split__as_in_the_draft);
	tcase_add_test(tc, dnsassign__encrypted_only__left_out);
	tcase_add_test(tc, dnsassign__several__the_first_that_can_be_used);
	tcase_add_test(tc, dnsassign__golden__round_trip);
	tcase_add_test(tc, dnsassign__cut_off_anywhere__refused_and_untouched);
	tcase_add_test(tc, dnsassign__hostile_names__malformed);
	tcase_add_test(tc, dnsassign__service_parameters__rules_of_the_draft);
	tcase_add_test(tc, dnsassign__bad_servers__malformed);
	tcase_add_test(tc, dnsassign_encode__what_decoding_refuses__einval);
}
