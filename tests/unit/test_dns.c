/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of proto/dns.
 */
#include "proto/dns.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

static const struct jvpn_dns_question question = {
	.name = "vpn.example.net", .type = JVPN_DNS_A, .id = 0x1234};
static uint8_t packet[512];
static size_t len;

static void put(const void *data, size_t n)
{
	ck_assert_uint_le(len + n, sizeof(packet));
	memcpy(packet + len, data, n);
	len += n;
}

/* Header and question as sent, turned into an answer with so many records. */
static void begin(uint8_t rcode, uint8_t records)
{
	int n = jvpn_dns_query_write(&question, packet, sizeof(packet));

	ck_assert_int_gt(n, 0);
	len = (size_t)n - 11; /* without the OPT record */
	packet[2] = 0x81;
	packet[3] = (uint8_t)(0x80 | rcode);
	packet[7] = records;
	packet[11] = 0;
}

static void add_address(uint8_t last)
{
	const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last};

	put(record, sizeof(record));
}

START_TEST(dns_query__as_in_rfc1035)
{
	uint8_t out[JVPN_DNS_QUERY_MAX];
	static const uint8_t head[] = {0x12, 0x34, 1, 0, 0,   1,   0,   0, 0,
				       0,    0,    1, 3, 'v', 'p', 'n', 7};
	struct jvpn_dns_question bad = question;
	char longest[JVPN_DNS_NAME_MAX + 1];

	ck_assert_int_eq(jvpn_dns_query_write(&question, out, sizeof(out)), 12 + 17 + 4 + 11);
	ck_assert_int_eq(memcmp(out, head, sizeof(head)), 0);
	ck_assert_int_eq(jvpn_dns_query_write(&question, out, 20), JVPN_ENOSPACE);
	for (size_t i = 0; i < JVPN_DNS_NAME_MAX; i++)
		longest[i] = i % 2 ? '.' : 'a';
	longest[JVPN_DNS_NAME_MAX] = '\0';
	memcpy(bad.name, longest, sizeof(longest));
	ck_assert_int_gt(jvpn_dns_query_write(&bad, out, sizeof(out)), 0);
	snprintf(bad.name, sizeof(bad.name), "a..b");
	ck_assert_int_eq(jvpn_dns_query_write(&bad, out, sizeof(out)), JVPN_EINVAL);
	bad.name[0] = '\0';
	ck_assert_int_eq(jvpn_dns_query_write(&bad, out, sizeof(out)), JVPN_EINVAL);
	memset(bad.name, 'x', 64);
	bad.name[64] = '\0';
	ck_assert_int_eq(jvpn_dns_query_write(&bad, out, sizeof(out)), JVPN_EINVAL);
}
END_TEST

START_TEST(dns_answer__addresses__all)
{
	struct jvpn_dns_addresses out;

	begin(0, 2);
	add_address(1);
	add_address(2);
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), 0);
	ck_assert_uint_eq(out.count, 2);
	ck_assert_uint_eq(out.address[1][3], 2);
	/* Cut anywhere: no answer, and nothing else. */
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, n, &out), JVPN_EMALFORMED);
}
END_TEST

/* With TC (RFC 1035 section 4.1.1) what is whole counts; without any address another server is asked. */
START_TEST(dns_answer__truncated__what_is_there_counts)
{
	struct jvpn_dns_addresses out;
	size_t one;

	begin(0, 2);
	packet[2] |= 2;
	add_address(1);
	one = len;
	add_address(2);
	for (size_t n = one; n < len; n++) {
		ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, n, &out), 0);
		ck_assert_uint_eq(out.count, 1);
		ck_assert_uint_eq(out.address[0][3], 1);
	}
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, one - 1, &out), JVPN_EUNSUPPORTED);
	packet[7] = 0;
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, one - 16, &out),
			 JVPN_EUNSUPPORTED);
}
END_TEST

START_TEST(dns_answer__cname__followed_in_any_order)
{
	static const uint8_t target[] = {1,   'x', 7, 'e', 'x', 'a', 'm', 'p',
					 'l', 'e', 3, 'n', 'e', 't', 0};
	static const uint8_t tail[] = {0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9};
	static const uint8_t cname[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 15};
	struct jvpn_dns_addresses out;

	for (int order = 0; order < 2; order++) {
		begin(0, 2);
		for (int i = 0; i < 2; i++) {
			if (i == order) {
				put(cname, sizeof(cname));
				put(target, sizeof(target));
			} else {
				put(target, sizeof(target));
				put(tail, sizeof(tail));
			}
		}
		ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), 0);
		ck_assert_uint_eq(out.count, 1);
		ck_assert_uint_eq(out.address[0][3], 9);
	}
}
END_TEST

START_TEST(dns_answer__truncated_behind_an_alias__its_address_counts)
{
	static const uint8_t target[] = {1,   'x', 7, 'e', 'x', 'a', 'm', 'p',
					 'l', 'e', 3, 'n', 'e', 't', 0};
	static const uint8_t tail[] = {0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9};
	static const uint8_t cname[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 15};
	struct jvpn_dns_addresses out;

	begin(0, 3);
	packet[2] |= 2;
	put(cname, sizeof(cname));
	put(target, sizeof(target));
	put(target, sizeof(target));
	put(tail, sizeof(tail));
	add_address(1);
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len - 3, &out), 0);
	ck_assert_uint_eq(out.count, 1);
	ck_assert_uint_eq(out.address[0][3], 9);
}
END_TEST

START_TEST(dns_answer__cname_to_itself__ends)
{
	static const uint8_t cname[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12};
	struct jvpn_dns_addresses out;

	begin(0, 1);
	put(cname, sizeof(cname));
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), 0);
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(dns_answer__somebody_elses__not_taken)
{
	struct jvpn_dns_addresses out;
	static const uint8_t other[] = {1, 'x', 0, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 6, 6, 6, 6};

	begin(0, 1);
	add_address(1);
	packet[1] ^= 1; /* id */
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EMALFORMED);
	packet[1] ^= 1;
	packet[13] ^= 1; /* name */
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EMALFORMED);
	packet[13] ^= 0x21 ^ 0x20; /* back, and in capitals */
	packet[13] ^= 0x20;
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), 0);
	packet[2] &= 0x7f; /* a query */
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EMALFORMED);
	begin(0, 1);
	put(other, sizeof(other)); /* an address nobody has asked for */
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), 0);
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(dns_answer__errors__told_apart)
{
	struct jvpn_dns_addresses out;

	begin(3, 0);
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_ENOTFOUND);
	begin(2, 0);
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EUNSUPPORTED);
	begin(5, 0);
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EUNSUPPORTED);
}
END_TEST

START_TEST(dns_answer__pointers__only_backwards)
{
	static const uint8_t loop[] = {0xc0, 33, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 1, 1, 1};
	struct jvpn_dns_addresses out;

	begin(0, 1);
	ck_assert_uint_eq(len, 33);
	put(loop, sizeof(loop)); /* points at itself */
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EMALFORMED);
	packet[34] = 40; /* forwards */
	ck_assert_int_eq(jvpn_dns_answer_read(&question, packet, len, &out), JVPN_EMALFORMED);
}
END_TEST

UNIT_TESTS(dns)
{
	tcase_add_test(tc, dns_query__as_in_rfc1035);
	tcase_add_test(tc, dns_answer__addresses__all);
	tcase_add_test(tc, dns_answer__truncated__what_is_there_counts);
	tcase_add_test(tc, dns_answer__truncated_behind_an_alias__its_address_counts);
	tcase_add_test(tc, dns_answer__cname__followed_in_any_order);
	tcase_add_test(tc, dns_answer__cname_to_itself__ends);
	tcase_add_test(tc, dns_answer__somebody_elses__not_taken);
	tcase_add_test(tc, dns_answer__errors__told_apart);
	tcase_add_test(tc, dns_answer__pointers__only_backwards);
}
