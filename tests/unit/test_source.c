/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shares of sources: who shares one, how much is in it, what forged addresses cannot take.
 */
#include "quic/source.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/time.h"
#include "unit.h"

static struct jvpn_sources sources;

static void setup(void)
{
	memset(&sources, 0, sizeof(sources));
	memset(sources.seed, 7, sizeof(sources.seed));
	sources.handshakes_per_s = 50;
}

static struct jvpn_source *of(const char *text, bool is_proven)
{
	struct sockaddr_storage a = {0};

	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&a)->sin_addr) == 1) {
		a.ss_family = AF_INET;
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&a)->sin6_addr),
				 1);
		a.ss_family = AF_INET6;
	}
	return jvpn_source_find(&sources, &a, is_proven);
}

static unsigned taken(struct jvpn_source *s, unsigned tries, uint64_t now_ns)
{
	unsigned n = 0;

	while (tries--)
		n += jvpn_source_take(&sources, s, false, now_ns);
	return n;
}

START_TEST(source_find__addresses__a_64_is_one_source_a_v4_address_is_one)
{
	ck_assert_ptr_eq(of("2001:db8:1:2::1", true), of("2001:db8:1:2:ffff::9", true));
	ck_assert_ptr_ne(of("2001:db8:1:2::1", true), of("2001:db8:1:3::1", true));
	ck_assert_ptr_eq(of("192.0.2.1", true), of("192.0.2.1", true));
	ck_assert_ptr_ne(of("192.0.2.1", true), of("192.0.2.2", true));
	ck_assert_ptr_ne(of("192.0.2.1", true), of("192.0.2.1", false));
}
END_TEST

START_TEST(source_take__as_fast_as_possible__the_burst_then_the_rate)
{
	struct jvpn_source *s = of("192.0.2.1", true);
	const uint64_t start = 5 * JVPN_NS_PER_S;
	unsigned total = 0;

	ck_assert_uint_eq(taken(s, 1000, start), 50 * JVPN_SOURCE_BURST_S);
	for (unsigned ms = 1; ms <= 2000; ms++)
		total += taken(s, 10, start + ms * JVPN_NS_PER_MS);
	ck_assert_uint_ge(total, 98);
	ck_assert_uint_le(total, 100);
	ck_assert_uint_eq(taken(of("192.0.2.2", true), 1, start), 1);
}
END_TEST

START_TEST(source_take__forged_share_is_empty__proven_one_is_not)
{
	(void)taken(of("192.0.2.1", false), 1000, 1);
	ck_assert_uint_eq(taken(of("192.0.2.1", false), 1, 1), 0);
	ck_assert_uint_eq(taken(of("192.0.2.1", true), 1, 1), 1);
}
END_TEST

START_TEST(source_take__connections_without_a_tunnel__are_bounded)
{
	struct jvpn_source *s = of("192.0.2.1", true);

	s->pending = JVPN_SOURCE_PENDING_SCARCE;
	ck_assert(!jvpn_source_take(&sources, s, true, 1));
	ck_assert(jvpn_source_take(&sources, s, false, 1));
	s->pending = JVPN_SOURCE_PENDING_MAX;
	ck_assert(!jvpn_source_take(&sources, s, false, 1));
}
END_TEST

START_TEST(source_take__no_limit__any_rate_but_not_any_number_at_once)
{
	struct jvpn_source *s = of("192.0.2.1", true);

	sources.handshakes_per_s = 0;
	s->pending = JVPN_SOURCE_PENDING_MAX - 1;
	ck_assert_uint_eq(taken(s, 10000, 1), 10000);
	s->pending = JVPN_SOURCE_PENDING_MAX;
	ck_assert_uint_eq(taken(s, 10000, 1), 0);
}
END_TEST

UNIT_TESTS(source)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, source_find__addresses__a_64_is_one_source_a_v4_address_is_one);
	tcase_add_test(tc, source_take__as_fast_as_possible__the_burst_then_the_rate);
	tcase_add_test(tc, source_take__forged_share_is_empty__proven_one_is_not);
	tcase_add_test(tc, source_take__connections_without_a_tunnel__are_bounded);
	tcase_add_test(tc, source_take__no_limit__any_rate_but_not_any_number_at_once);
}
