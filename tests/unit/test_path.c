/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The path gate without sockets and without ngtcp2. "read" plays what the connection does with one
 * datagram: arrive, perhaps ngtcp2's callbacks, settle. ngtcp2's present path is 'current'.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "quic/path.h"
#include "unit.h"

#define MS  JVPN_NS_PER_MS
#define PTO (100 * MS)

struct gate {
	struct jvpn_path path;
	uint64_t now_ns;
	uint64_t current; /* what ngtcp2 sends to */
	bool established;
};

static struct jvpn_path_tuple tuple(uint16_t port)
{
	struct jvpn_tuple t;
	struct jvpn_path_tuple out;
	struct sockaddr_in *local = (struct sockaddr_in *)&t.local;
	struct sockaddr_in *remote = (struct sockaddr_in *)&t.remote;

	memset(&t, 0, sizeof(t));
	local->sin_family = remote->sin_family = AF_INET;
	local->sin_addr.s_addr = htonl(0x0a000001);
	local->sin_port = htons(443);
	remote->sin_addr.s_addr = htonl(0xc0000201);
	remote->sin_port = htons(port);
	jvpn_path_fold(&t, &out);
	return out;
}

static void gate_init(struct gate *g)
{
	struct jvpn_path_config config = {.client = false};
	struct jvpn_path_tuple bound = tuple(1);

	memset(g, 0, sizeof(*g));
	jvpn_path_init(&g->path, &config, &bound, NULL);
	g->now_ns = 1000 * MS;
	g->current = g->path.bound->id;
	g->established = true;
	g->path.bound->heard_ns = g->now_ns;
}

static struct jvpn_path_moment moment(const struct gate *g)
{
	return (struct jvpn_path_moment){
		.now_ns = g->now_ns, .pto_ns = PTO, .established = g->established};
}

static const struct jvpn_path_slot *arrive(struct gate *g, uint16_t port)
{
	struct jvpn_path_tuple t = tuple(port);
	struct jvpn_path_moment m = moment(g);

	return jvpn_path_arrive(&g->path, &t, NULL, &m);
}

static void begin(struct gate *g, uint64_t id)
{
	struct jvpn_path_moment m = moment(g);

	jvpn_path_on_begin(&g->path, id, g->current, &m);
}

static bool admits(const struct gate *g, enum jvpn_path_admission want)
{
	return jvpn_path_admit(&g->path, true, g->now_ns) == want;
}

/* A datagram that ngtcp2 reads without moving. false: the gate dropped it. */
static bool hear(struct gate *g, uint16_t port, bool authentic)
{
	if (!arrive(g, port))
		return false;
	jvpn_path_settle(&g->path, authentic, g->current, g->now_ns);
	return true;
}

/* A datagram that makes ngtcp2 move and validate (first time there). */
static bool move(struct gate *g, uint16_t port)
{
	const struct jvpn_path_slot *s = arrive(g, port);

	if (!s)
		return false;
	g->current = s->id;
	begin(g, s->id);
	jvpn_path_settle(&g->path, true, g->current, g->now_ns);
	return true;
}

/* A datagram that makes ngtcp2 move without validation (history, or back to the fallback). */
static bool move_back(struct gate *g, uint16_t port)
{
	const struct jvpn_path_slot *s = arrive(g, port);

	if (!s)
		return false;
	g->current = s->id;
	jvpn_path_settle(&g->path, true, g->current, g->now_ns);
	return true;
}

static void expect(struct gate *g, enum jvpn_path_change change, uint32_t generation)
{
	struct jvpn_path_event e;

	ck_assert(jvpn_path_next_event(&g->path, &e));
	ck_assert_int_eq(e.change, change);
	ck_assert_uint_eq(e.generation, generation);
}

static void expect_nothing(struct gate *g)
{
	struct jvpn_path_event e;

	ck_assert(!jvpn_path_next_event(&g->path, &e));
}

static void succeed(struct gate *g, uint64_t id)
{
	jvpn_path_on_result(&g->path, id, JVPN_PATH_SUCCESS, g->now_ns);
	/* ngtcp2 then probes the path it has left. */
	begin(g, g->path.bound->id);
}

/* Bound on port 2 after a proper change from port 1. */
static void change_to_2(struct gate *g)
{
	ck_assert(move(g, 2));
	succeed(g, g->current);
	ck_assert_int_eq(jvpn_path_commit(&g->path, 1, 20 * MS, g->now_ns), 0);
	expect(g, JVPN_PATH_CANDIDATE, 1);
	expect(g, JVPN_PATH_VALIDATED, 1);
	expect_nothing(g);
}

START_TEST(path_arrive__bound_tuple__passes_and_packets_are_delivered)
{
	struct gate g;

	gate_init(&g);
	ck_assert_ptr_eq(arrive(&g, 1), g.path.bound);
	ck_assert(admits(&g, JVPN_PATH_DELIVER));
	ck_assert_int_eq(jvpn_path_admit(&g.path, false, g.now_ns), JVPN_PATH_REFUSE);
	jvpn_path_settle(&g.path, true, g.current, g.now_ns);
	ck_assert_int_eq(jvpn_path_admit(&g.path, true, g.now_ns), JVPN_PATH_REFUSE);
	expect_nothing(&g);
}
END_TEST

START_TEST(path_arrive__before_the_handshake_ends__off_tuple_is_dropped)
{
	struct gate g;

	gate_init(&g);
	g.established = false;
	ck_assert(!hear(&g, 2, true));
	ck_assert(hear(&g, 1, true));
	ck_assert_uint_eq(g.path.stats.dropped, 1);
}
END_TEST

START_TEST(path_arrive__strict__off_tuple_is_dropped)
{
	struct gate g;

	gate_init(&g);
	jvpn_path_set_strict(&g.path, true);
	ck_assert(!move(&g, 2));
	ck_assert(hear(&g, 1, true));
	expect_nothing(&g);
}
END_TEST

START_TEST(path_settle__not_authentic__changes_nothing)
{
	struct gate g;

	gate_init(&g);
	for (uint16_t port = 2; port < 100; port++)
		ck_assert(hear(&g, port, false));
	expect_nothing(&g);
	ck_assert_uint_eq(jvpn_path_candidate(&g.path), JVPN_PATH_NO_GENERATION);
	/* Nobody was pushed out and nothing is remembered. */
	for (size_t i = 1; i < JVPN_PATH_SLOTS; i++)
		ck_assert_uint_eq(g.path.slots[i].id, 0);
}
END_TEST

START_TEST(path_settle__authentic_but_not_moved__is_no_candidate)
{
	struct gate g;

	gate_init(&g);
	/* A reordered packet with a lower number, or a probing one. */
	ck_assert(hear(&g, 2, true));
	expect_nothing(&g);
	ck_assert_ptr_nonnull(arrive(&g, 2));
	ck_assert(admits(&g, JVPN_PATH_HOLD));
}
END_TEST

START_TEST(path_settle__moved__opens_a_candidate_and_holds_its_packets)
{
	struct gate g;
	struct jvpn_path_event e;

	gate_init(&g);
	g.now_ns += 50 * MS;
	ck_assert_ptr_nonnull(arrive(&g, 2));
	ck_assert(admits(&g, JVPN_PATH_HOLD));
	ck_assert(move(&g, 2));
	ck_assert(jvpn_path_next_event(&g.path, &e));
	ck_assert_int_eq(e.change, JVPN_PATH_CANDIDATE);
	ck_assert_uint_eq(e.generation, 1);
	ck_assert_uint_eq(e.last_good_ns, g.now_ns - 50 * MS);
	ck_assert_uint_eq(((struct sockaddr_in *)&e.remote)->sin_port, htons(2));
	expect_nothing(&g);
	ck_assert_ptr_nonnull(arrive(&g, 2));
	ck_assert(admits(&g, JVPN_PATH_HOLD));
}
END_TEST

START_TEST(path_result__success__validates_once)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 1, 0, g.now_ns), JVPN_EAGAIN);
	jvpn_path_on_result(&g.path, g.current, JVPN_PATH_SUCCESS, g.now_ns);
	jvpn_path_on_result(&g.path, g.current, JVPN_PATH_SUCCESS, g.now_ns);
	expect(&g, JVPN_PATH_VALIDATED, 1);
	expect_nothing(&g);
}
END_TEST

START_TEST(path_begin__second_time_for_the_candidate__validates)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	begin(&g, g.current);
	expect(&g, JVPN_PATH_VALIDATED, 1);
	jvpn_path_on_result(&g.path, g.current, JVPN_PATH_SUCCESS, g.now_ns);
	expect_nothing(&g);
}
END_TEST

START_TEST(path_begin__probe_of_the_left_path__validates_nothing)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	begin(&g, g.path.bound->id);
	expect_nothing(&g);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 1, 0, g.now_ns), JVPN_EAGAIN);
}
END_TEST

START_TEST(path_result__failure__cools_down_exactly_that_tuple)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	jvpn_path_on_result(&g.path, g.current, JVPN_PATH_FAILURE, g.now_ns);
	expect(&g, JVPN_PATH_FAILED, 1);
	g.current = g.path.bound->id;
	ck_assert_int_eq(jvpn_path_commit(&g.path, 1, 0, g.now_ns), JVPN_ENOTFOUND);
	ck_assert(!move(&g, 2));
	ck_assert(move(&g, 3));
	expect(&g, JVPN_PATH_CANDIDATE, 2);
	g.now_ns += JVPN_PATH_FAILED_COOLDOWN_NS;
	ck_assert(move(&g, 2));
	expect(&g, JVPN_PATH_CANDIDATE, 3);
}
END_TEST

START_TEST(path_result__failure_of_the_bound_tuple__does_not_lock_it_out)
{
	struct gate g;

	gate_init(&g);
	change_to_2(&g);
	jvpn_path_on_result(&g.path, g.path.bound->id, JVPN_PATH_FAILURE, g.now_ns);
	expect_nothing(&g);
	ck_assert(hear(&g, 2, true));
}
END_TEST

START_TEST(path_settle__bound_tuple_heard_again__supersedes)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	/* A late packet with a lower number does not move ngtcp2, so it proves nothing. */
	hear(&g, 1, true);
	expect_nothing(&g);
	ck_assert(move_back(&g, 1));
	expect(&g, JVPN_PATH_SUPERSEDED, 1);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 1, 0, g.now_ns), JVPN_ENOTFOUND);
	ck_assert_uint_eq(jvpn_path_bound_generation(&g.path), 0);
	ck_assert_ptr_eq(arrive(&g, 1), g.path.bound);
	ck_assert(admits(&g, JVPN_PATH_DELIVER));
}
END_TEST

START_TEST(path_settle__third_tuple__replaces_the_candidate)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	begin(&g, g.current);
	expect(&g, JVPN_PATH_VALIDATED, 1);
	move(&g, 3);
	expect(&g, JVPN_PATH_CANDIDATE, 2);
	/* What the first one had reached is not inherited. */
	ck_assert_int_eq(jvpn_path_commit(&g.path, 1, 0, g.now_ns), JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 2, 0, g.now_ns), JVPN_EAGAIN);
	ck_assert_uint_eq(g.path.stats.unconfirmed, 1);
	/* And back again: a new validation of the first tuple, not its second round. */
	move(&g, 2);
	expect(&g, JVPN_PATH_CANDIDATE, 3);
	expect_nothing(&g);
}
END_TEST

START_TEST(path_limit__too_many_unconfirmed__drops_only_while_the_bound_tuple_lives)
{
	struct gate g;

	gate_init(&g);
	ck_assert(move(&g, 2));
	ck_assert(move_back(&g, 1));
	ck_assert_uint_eq(g.path.stats.unconfirmed, 1);
	jvpn_path_limit(&g.path, g.now_ns + 10 * PTO);
	ck_assert(!move(&g, 9));
	ck_assert_uint_eq(g.path.stats.dropped, 1);
	g.now_ns += PTO;
	ck_assert(!move(&g, 9));
	g.now_ns += 1;
	ck_assert(move(&g, 9));
}
END_TEST

START_TEST(path_limit__over__lets_through_again)
{
	struct gate g;

	gate_init(&g);
	jvpn_path_limit(&g.path, g.now_ns + 10 * PTO);
	g.now_ns += 10 * PTO - 1;
	hear(&g, 1, true);
	ck_assert(!move(&g, 9));
	g.now_ns += 1;
	ck_assert(move(&g, 9));
}
END_TEST

START_TEST(path_limit__candidate_and_stragglers__are_exempt)
{
	struct gate g;

	gate_init(&g);
	change_to_2(&g);
	move(&g, 3);
	jvpn_path_limit(&g.path, g.now_ns + 10 * PTO);
	g.path.bound->heard_ns = g.now_ns;
	ck_assert(hear(&g, 3, true));
	ck_assert(hear(&g, 1, true));
	ck_assert(!hear(&g, 4, true));
	g.now_ns += PTO + 20 * MS;
	g.path.bound->heard_ns = g.now_ns;
	ck_assert(!hear(&g, 1, true));
}
END_TEST

START_TEST(path_commit__validated__swaps_and_takes_stragglers_for_a_while)
{
	struct gate g;

	gate_init(&g);
	change_to_2(&g);
	ck_assert_uint_eq(jvpn_path_bound_generation(&g.path), 1);
	ck_assert_ptr_eq(arrive(&g, 2), g.path.bound);
	ck_assert(admits(&g, JVPN_PATH_DELIVER));
	g.now_ns += PTO + 20 * MS - 1;
	ck_assert_ptr_nonnull(arrive(&g, 1));
	ck_assert(admits(&g, JVPN_PATH_DELIVER));
	g.now_ns += 1;
	ck_assert_ptr_nonnull(arrive(&g, 1));
	ck_assert(admits(&g, JVPN_PATH_HOLD));
}
END_TEST

START_TEST(path_commit__huge_pto__straggler_window_is_two_seconds)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	succeed(&g, g.current);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 1, UINT64_MAX, g.now_ns), 0);
	g.now_ns += JVPN_PATH_STRAGGLER_MAX_NS;
	ck_assert_ptr_nonnull(arrive(&g, 1));
	ck_assert(admits(&g, JVPN_PATH_HOLD));
}
END_TEST

START_TEST(path_settle__return_into_history__is_validated_without_a_callback)
{
	struct gate g;

	gate_init(&g);
	change_to_2(&g);
	g.now_ns += 1000 * MS; /* the probe of port 1 is long over */
	hear(&g, 2, true);
	ck_assert(move_back(&g, 1));
	expect(&g, JVPN_PATH_CANDIDATE, 2);
	expect(&g, JVPN_PATH_VALIDATED, 2);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 2, 0, g.now_ns), 0);
}
END_TEST

START_TEST(path_settle__candidate_dropped_during_its_validation__is_not_validated_by_coming_again)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	jvpn_path_drop(&g.path, 1, 0, g.now_ns);
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	/* ngtcp2 is there still and has not finished: no callback in this read either. */
	ck_assert(move_back(&g, 2));
	expect(&g, JVPN_PATH_CANDIDATE, 2);
	expect_nothing(&g);
	ck_assert_int_eq(jvpn_path_commit(&g.path, 2, 0, g.now_ns), JVPN_EAGAIN);
	succeed(&g, g.current);
	expect(&g, JVPN_PATH_VALIDATED, 2);
}
END_TEST

START_TEST(path_deadline__validation_that_does_not_end__is_looked_at_again_and_again)
{
	struct gate g;

	gate_init(&g);
	ck_assert(jvpn_path_deadline(&g.path) == JVPN_TIME_NEVER);
	move(&g, 2);
	ck_assert(jvpn_path_deadline(&g.path) == g.now_ns + 3 * PTO);
	g.now_ns += 3 * PTO;
	jvpn_path_on_timer(&g.path, g.now_ns);
	ck_assert(jvpn_path_deadline(&g.path) == g.now_ns + JVPN_PATH_RECHECK_NS);
	jvpn_path_on_result(&g.path, g.current, JVPN_PATH_FAILURE, g.now_ns);
	ck_assert(jvpn_path_deadline(&g.path) == JVPN_TIME_NEVER);
}
END_TEST

START_TEST(path_renew__ngtcp2_moved_or_not__keeps_or_takes_back_the_number)
{
	struct gate g;
	uint64_t old;

	gate_init(&g);
	old = g.path.bound->id;
	/* Not authentic, or an old number: nothing moved. */
	arrive(&g, 1);
	jvpn_path_renew(&g.path);
	ck_assert_uint_ne(g.path.bound->id, old);
	jvpn_path_settle(&g.path, true, g.current, g.now_ns);
	ck_assert_uint_eq(g.path.bound->id, old);
	/* It moved; then the validation failed, and ngtcp2 goes back to the old number. */
	arrive(&g, 1);
	jvpn_path_renew(&g.path);
	g.current = g.path.bound->id;
	begin(&g, g.current);
	jvpn_path_settle(&g.path, true, g.current, g.now_ns);
	ck_assert_uint_eq(g.path.bound->id, g.current);
	jvpn_path_on_result(&g.path, g.current, JVPN_PATH_FAILURE, g.now_ns);
	ck_assert_uint_eq(g.path.bound->id, old);
	expect_nothing(&g);
}
END_TEST

START_TEST(path_heard_aside__only_for_tuples_that_did_not_move_the_path)
{
	struct gate g;
	struct jvpn_path_tuple two = tuple(2), one = tuple(1);

	gate_init(&g);
	ck_assert(!jvpn_path_is_heard_aside(&g.path, &two));
	hear(&g, 2, true);
	hear(&g, 1, true);
	ck_assert(jvpn_path_is_heard_aside(&g.path, &two));
	ck_assert(!jvpn_path_is_heard_aside(&g.path, &one));
	move(&g, 2);
	ck_assert(!jvpn_path_is_heard_aside(&g.path, &two));
}
END_TEST

START_TEST(path_arrive__bound_tuple_during_its_own_probe__gets_a_new_number)
{
	struct gate g;
	uint64_t old;

	gate_init(&g);
	old = g.path.bound->id;
	move(&g, 2);
	succeed(&g, g.current); /* now ngtcp2 probes port 1 and would not move back to it */
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	expect(&g, JVPN_PATH_VALIDATED, 1);
	ck_assert(move(&g, 1));
	ck_assert_uint_ne(g.path.bound->id, old);
	expect(&g, JVPN_PATH_SUPERSEDED, 1);
	ck_assert_uint_eq(jvpn_path_bound_generation(&g.path), 0);
	ck_assert_ptr_null(jvpn_path_by_id(&g.path, old));
}
END_TEST

START_TEST(path_arrive__previous_tuple_during_its_probe__can_become_candidate_again)
{
	struct gate g;

	gate_init(&g);
	change_to_2(&g);
	g.now_ns += 10 * MS;
	ck_assert(move(&g, 1));
	expect(&g, JVPN_PATH_CANDIDATE, 2);
	expect_nothing(&g); /* a new number: to be validated again */
}
END_TEST

START_TEST(path_drop__with_cooldown__ignores_the_tuple_for_that_time)
{
	struct gate g;

	gate_init(&g);
	move(&g, 2);
	jvpn_path_drop(&g.path, 7, 500 * MS, g.now_ns);
	ck_assert_uint_eq(jvpn_path_candidate(&g.path), 1);
	jvpn_path_drop(&g.path, 1, 500 * MS, g.now_ns);
	ck_assert_uint_eq(jvpn_path_candidate(&g.path), JVPN_PATH_NO_GENERATION);
	ck_assert(!hear(&g, 2, true));
	g.now_ns += 500 * MS;
	/* ngtcp2 never left it, so no move and no callback: still it must become a candidate. */
	expect(&g, JVPN_PATH_CANDIDATE, 1);
	ck_assert(hear(&g, 2, true));
	expect(&g, JVPN_PATH_CANDIDATE, 2);
}
END_TEST

START_TEST(path_slots__many_tuples__never_forget_those_in_use)
{
	struct gate g;

	gate_init(&g);
	change_to_2(&g);
	move(&g, 3);
	expect(&g, JVPN_PATH_CANDIDATE, 2);
	for (uint16_t port = 100; port < 200; port++) {
		g.now_ns += MS;
		ck_assert(hear(&g, port, true));
	}
	ck_assert_ptr_eq(arrive(&g, 2), g.path.bound);
	ck_assert_ptr_eq(arrive(&g, 3), g.path.candidate);
	ck_assert_ptr_eq(arrive(&g, 1), g.path.previous);
	ck_assert_ptr_nonnull(jvpn_path_by_id(&g.path, g.current));
	ck_assert_ptr_nonnull(jvpn_path_by_generation(&g.path, 2));
}
END_TEST

START_TEST(path_ids__every_tuple__has_its_own_and_locals_share)
{
	struct gate g;
	const struct jvpn_path_slot *a, *b;

	gate_init(&g);
	hear(&g, 2, true);
	hear(&g, 3, true);
	a = arrive(&g, 2);
	b = arrive(&g, 3);
	ck_assert_uint_ne(a->id, b->id);
	ck_assert_uint_eq(a->local_id, b->local_id);
	ck_assert_uint_eq(a->local_id, g.path.bound->local_id);
}
END_TEST

START_TEST(path_client__other_server_address__is_dropped_and_packets_wait_for_the_permit)
{
	struct gate g;

	gate_init(&g);
	g.path.config.client = true;
	ck_assert(!hear(&g, 2, true));
	ck_assert_ptr_eq(arrive(&g, 1), g.path.bound);
	ck_assert_int_eq(jvpn_path_admit(&g.path, false, g.now_ns), JVPN_PATH_HOLD);
	ck_assert_int_eq(jvpn_path_admit(&g.path, true, g.now_ns), JVPN_PATH_DELIVER);
}
END_TEST

START_TEST(path_unfold__v6_with_scope__gives_back_what_was_folded)
{
	struct jvpn_tuple in, out;
	struct jvpn_path_tuple folded;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&in.remote;

	memset(&in, 0, sizeof(in));
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(4433);
	v6->sin6_scope_id = 3;
	inet_pton(AF_INET6, "fe80::1", &v6->sin6_addr);
	jvpn_path_fold(&in, &folded);
	jvpn_path_unfold(&folded, &out);
	ck_assert_mem_eq(&in, &out, sizeof(in));
}
END_TEST

UNIT_TESTS(path)
{
	tcase_add_test(tc, path_arrive__bound_tuple__passes_and_packets_are_delivered);
	tcase_add_test(tc, path_arrive__before_the_handshake_ends__off_tuple_is_dropped);
	tcase_add_test(tc, path_arrive__strict__off_tuple_is_dropped);
	tcase_add_test(tc, path_settle__not_authentic__changes_nothing);
	tcase_add_test(tc, path_settle__authentic_but_not_moved__is_no_candidate);
	tcase_add_test(tc, path_settle__moved__opens_a_candidate_and_holds_its_packets);
	tcase_add_test(tc, path_result__success__validates_once);
	tcase_add_test(tc, path_begin__second_time_for_the_candidate__validates);
	tcase_add_test(tc, path_begin__probe_of_the_left_path__validates_nothing);
	tcase_add_test(tc, path_result__failure__cools_down_exactly_that_tuple);
	tcase_add_test(tc, path_result__failure_of_the_bound_tuple__does_not_lock_it_out);
	tcase_add_test(tc, path_settle__bound_tuple_heard_again__supersedes);
	tcase_add_test(tc, path_settle__third_tuple__replaces_the_candidate);
	tcase_add_test(tc,
		       path_limit__too_many_unconfirmed__drops_only_while_the_bound_tuple_lives);
	tcase_add_test(tc, path_limit__over__lets_through_again);
	tcase_add_test(tc, path_limit__candidate_and_stragglers__are_exempt);
	tcase_add_test(tc, path_commit__validated__swaps_and_takes_stragglers_for_a_while);
	tcase_add_test(tc, path_commit__huge_pto__straggler_window_is_two_seconds);
	tcase_add_test(tc, path_settle__return_into_history__is_validated_without_a_callback);
	tcase_add_test(
		tc,
		path_settle__candidate_dropped_during_its_validation__is_not_validated_by_coming_again);
	tcase_add_test(tc,
		       path_deadline__validation_that_does_not_end__is_looked_at_again_and_again);
	tcase_add_test(tc, path_renew__ngtcp2_moved_or_not__keeps_or_takes_back_the_number);
	tcase_add_test(tc, path_heard_aside__only_for_tuples_that_did_not_move_the_path);
	tcase_add_test(tc, path_arrive__bound_tuple_during_its_own_probe__gets_a_new_number);
	tcase_add_test(tc,
		       path_arrive__previous_tuple_during_its_probe__can_become_candidate_again);
	tcase_add_test(tc, path_drop__with_cooldown__ignores_the_tuple_for_that_time);
	tcase_add_test(tc, path_slots__many_tuples__never_forget_those_in_use);
	tcase_add_test(tc, path_ids__every_tuple__has_its_own_and_locals_share);
	tcase_add_test(
		tc, path_client__other_server_address__is_dropped_and_packets_wait_for_the_permit);
	tcase_add_test(tc, path_unfold__v6_with_scope__gives_back_what_was_folded);
}
