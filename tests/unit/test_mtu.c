/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The path MTU search against a path of a given size.
 */
#include "base/time.h"
#include "quic/mtu.h"
#include "unit.h"

#define PTO (100 * JVPN_NS_PER_MS)

struct world {
	struct jvpn_mtu mtu;
	uint64_t now_ns, id;
	size_t path; /* what passes */
	int probes;
};

/* Plays probes until nothing is left to do. */
static void search(struct world *w)
{
	size_t size;

	while ((size = jvpn_mtu_next(&w->mtu)) != 0) {
		ck_assert_int_lt(w->probes++, 50);
		jvpn_mtu_on_sent(&w->mtu, ++w->id, size, w->now_ns, PTO);
		if (size <= w->path) {
			jvpn_mtu_on_acked(&w->mtu, w->id, w->now_ns);
			continue;
		}
		w->now_ns += PTO;
		jvpn_mtu_on_timer(&w->mtu, w->now_ns);
	}
}

static void start(struct world *w, size_t max, size_t path, size_t largest)
{
	*w = (struct world){.path = path};
	jvpn_mtu_init(&w->mtu, max);
	jvpn_mtu_on_established(&w->mtu, largest);
	search(w);
}

START_TEST(mtu_search__path_sizes__finds_the_largest_wanted_size)
{
	static const struct {
		size_t max, path, found;
	} row[] = {{1452, 1472, 1452}, {1452, 1452, 1452}, {1452, 1451, 1400}, {1452, 1399, 1372},
		   {1452, 1371, 1331}, {1452, 1330, 1200}, {1200, 1472, 1200}, {1300, 1472, 1300},
		   {9000, 1472, 1400}, {9000, 9000, 9000}, {1331, 1472, 1331}};
	struct world w;

	start(&w, row[_i].max, row[_i].path, 0);
	ck_assert_uint_eq(w.mtu.size, row[_i].found);
	start(&w, row[_i].max, row[_i].path, row[_i].path >= 1331 ? 1331 : 0);
	ck_assert_uint_eq(w.mtu.size, row[_i].found);
}
END_TEST

START_TEST(mtu_handshake__large_packet_passed__1331_at_once)
{
	struct jvpn_mtu m;

	jvpn_mtu_init(&m, 1452);
	ck_assert_uint_eq(m.size, 1331);
	ck_assert_uint_eq(jvpn_mtu_next(&m), 0);
	jvpn_mtu_on_established(&m, 1331);
	ck_assert_uint_eq(m.size, 1331);
	ck_assert_uint_eq(jvpn_mtu_next(&m), 1452);
}
END_TEST

START_TEST(mtu_handshake__only_small_packets_passed__1200_until_proven)
{
	struct jvpn_mtu m;

	jvpn_mtu_init(&m, 1452);
	jvpn_mtu_on_established(&m, 1200);
	ck_assert_uint_eq(m.size, 1200);
	ck_assert_uint_eq(jvpn_mtu_next(&m), 1331);
}
END_TEST

START_TEST(mtu_handshake__fall_back__1200)
{
	struct jvpn_mtu m;

	jvpn_mtu_init(&m, 1452);
	jvpn_mtu_fall_back(&m);
	ck_assert_uint_eq(m.size, 1200);
	jvpn_mtu_on_established(&m, 1331);
	ck_assert_uint_eq(m.size, 1200);
	jvpn_mtu_on_sent(&m, 1, 1331, 0, PTO);
	jvpn_mtu_on_acked(&m, 1, 0);
	/* Too late to matter. */
	jvpn_mtu_fall_back(&m);
	ck_assert_uint_eq(m.size, 1331);
}
END_TEST

START_TEST(mtu_path_change__same_size_passes__is_never_reduced)
{
	struct world w;

	start(&w, 1452, 1472, 1331);
	w.probes = 0;
	jvpn_mtu_on_path_change(&w.mtu);
	ck_assert_uint_eq(w.mtu.size, 1452);
	ck_assert_uint_eq(jvpn_mtu_next(&w.mtu), 1452);
	search(&w);
	ck_assert_uint_eq(w.mtu.size, 1452);
	ck_assert_int_eq(w.probes, 1);
}
END_TEST

START_TEST(mtu_path_change__narrower_path__finds_its_size)
{
	struct world w;

	start(&w, 1452, 1472, 1331);
	w.path = 1380;
	jvpn_mtu_on_path_change(&w.mtu);
	search(&w);
	ck_assert_uint_eq(w.mtu.size, 1372);
}
END_TEST

START_TEST(mtu_lost__twice__is_tried_a_third_time)
{
	struct jvpn_mtu m;

	jvpn_mtu_init(&m, 1452);
	jvpn_mtu_on_established(&m, 1331);
	for (uint64_t id = 1; id <= 2; id++) {
		ck_assert_uint_eq(jvpn_mtu_next(&m), 1452);
		jvpn_mtu_on_sent(&m, id, 1452, 0, PTO);
		ck_assert_uint_eq(jvpn_mtu_next(&m), 0);
		jvpn_mtu_on_lost(&m, id + 100, 0);
		ck_assert_uint_eq(jvpn_mtu_next(&m), 0);
		jvpn_mtu_on_lost(&m, id, 0);
	}
	ck_assert_uint_eq(jvpn_mtu_next(&m), 1452);
	jvpn_mtu_on_sent(&m, 3, 1452, 0, PTO);
	jvpn_mtu_on_acked(&m, 1, 0); /* an old one, late */
	ck_assert_uint_eq(m.size, 1331);
	jvpn_mtu_on_acked(&m, 3, 0);
	ck_assert_uint_eq(m.size, 1452);
	ck_assert(jvpn_mtu_deadline(&m) == JVPN_TIME_NEVER);
}
END_TEST

START_TEST(mtu_raise__after_ten_minutes__searches_again)
{
	struct world w;

	start(&w, 1452, 1400, 1331);
	ck_assert_uint_eq(w.mtu.size, 1400);
	ck_assert(jvpn_mtu_deadline(&w.mtu) == w.now_ns + JVPN_MTU_RAISE_NS);
	w.now_ns = jvpn_mtu_deadline(&w.mtu);
	w.path = 1472;
	jvpn_mtu_on_timer(&w.mtu, w.now_ns);
	search(&w);
	ck_assert_uint_eq(w.mtu.size, 1452);
}
END_TEST

UNIT_TESTS(mtu)
{
	tcase_add_loop_test(tc, mtu_search__path_sizes__finds_the_largest_wanted_size, 0, 11);
	tcase_add_test(tc, mtu_handshake__large_packet_passed__1331_at_once);
	tcase_add_test(tc, mtu_handshake__only_small_packets_passed__1200_until_proven);
	tcase_add_test(tc, mtu_handshake__fall_back__1200);
	tcase_add_test(tc, mtu_path_change__same_size_passes__is_never_reduced);
	tcase_add_test(tc, mtu_path_change__narrower_path__finds_its_size);
	tcase_add_test(tc, mtu_lost__twice__is_tried_a_third_time);
	tcase_add_test(tc, mtu_raise__after_ten_minutes__searches_again);
}
