/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of client/candidate.
 */
#include "client/candidate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "unit.h"

static const uint64_t t0 = 1000 * JVPN_NS_PER_S;
static struct jvpn_candidates table;
static struct jvpn_candidate_link link[3];
static struct sockaddr_storage address[8];
static struct jvpn_candidate_view view;
static int fake;
#define CONNECTION ((struct jvpn_transport *)(void *)&fake)

static void set_link(size_t i, const char *name, const char *v4)
{
	memset(&link[i], 0, sizeof(link[i]));
	snprintf(link[i].name, sizeof(link[i].name), "%s", name);
	link[i].ifindex = (int)i + 1;
	link[i].has4 = inet_pton(AF_INET, v4, link[i].addr4) == 1;
}

static void set_address(size_t i, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address[i];

	memset(&address[i], 0, sizeof(address[i]));
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	inet_pton(AF_INET, "203.0.113.254", &in->sin_addr);
}

static void setup(void)
{
	memset(&table, 0, sizeof(table));
	set_link(0, "wlan0", "192.0.2.1");
	set_link(1, "lte0", "192.0.2.2");
	for (uint16_t i = 0; i < 8; i++)
		set_address(i, (uint16_t)(i + 1));
	view = (struct jvpn_candidate_view){
		.link = link, .links = 2, .address = address, .addresses = 1};
}

static struct jvpn_candidate *by(const char *device, size_t a)
{
	for (size_t i = 0; i < JVPN_CANDIDATES_MAX; i++)
		if (table.v[i].used && strcmp(table.v[i].device, device) == 0 &&
		    jvpn_candidate_same_address(&table.v[i].remote, &address[a]))
			return &table.v[i];
	return NULL;
}

static bool leads_nowhere(void *user, const struct jvpn_candidate_link *l,
			  const struct sockaddr_storage *a)
{
	(void)a;
	return strcmp(l->name, user) != 0;
}

START_TEST(candidate__update__every_link_with_every_address)
{
	view.addresses = 2;
	jvpn_candidates_update(&table, &view);
	ck_assert_uint_eq(jvpn_candidates_wanted(&table), 4);
	/* As many interfaces as there are come first. */
	ck_assert_uint_eq(by("wlan0", 0)->rank, 0);
	ck_assert_uint_eq(by("lte0", 0)->rank, 1);
	ck_assert_uint_eq(by("wlan0", 1)->rank, 2);
	ck_assert_int_eq(by("lte0", 1)->news, JVPN_CANDIDATE_APPEARED);
	jvpn_candidates_update(&table, &view);
	ck_assert_uint_eq(jvpn_candidates_wanted(&table), 4);
	ck_assert_int_eq(by("lte0", 1)->news, JVPN_CANDIDATE_SAME);
}
END_TEST

START_TEST(candidate__update__needs_source_address_and_route)
{
	link[0].has4 = false;
	jvpn_candidates_update(&table, &view);
	ck_assert_ptr_null(by("wlan0", 0));
	ck_assert_ptr_nonnull(by("lte0", 0));
	link[0].has4 = true;
	view.has_route = leads_nowhere;
	view.user = (void *)(uintptr_t) "lte0";
	jvpn_candidates_update(&table, &view);
	ck_assert_ptr_nonnull(by("wlan0", 0));
	ck_assert_ptr_null(by("lte0", 0));
	address[0].ss_family = AF_INET6; /* nobody has an address of that family */
	jvpn_candidates_update(&table, &view);
	ck_assert_uint_eq(jvpn_candidates_wanted(&table), 0);
}
END_TEST

START_TEST(candidate__gone_and_back__told_once)
{
	struct jvpn_candidate *c;

	jvpn_candidates_update(&table, &view);
	c = by("wlan0", 0);
	c->transport = CONNECTION;
	view.link = &link[1];
	view.links = 1;
	jvpn_candidates_update(&table, &view);
	ck_assert(!c->wanted);
	ck_assert_int_eq(c->news, JVPN_CANDIDATE_GONE);
	jvpn_candidates_update(&table, &view);
	ck_assert_int_eq(c->news, JVPN_CANDIDATE_SAME);
	ck_assert(c->used); /* its connection refers to it */
	view.link = link;
	view.links = 2;
	jvpn_attempt_begin(&c->attempt, t0);
	jvpn_attempt_failed(&c->attempt, t0 + 1, 0);
	jvpn_candidates_update(&table, &view);
	ck_assert_int_eq(c->news, JVPN_CANDIDATE_APPEARED);
	ck_assert_ptr_eq(by("wlan0", 0), c);
	/* and may try at once */
	ck_assert_int_eq(jvpn_attempt_due(&c->attempt, t0 + 1), JVPN_ATTEMPT_START);
	c->transport = NULL;
	view.links = 0;
	jvpn_candidates_update(&table, &view);
	ck_assert(!c->used);
}
END_TEST

START_TEST(candidate__address_or_device_changed__said)
{
	struct jvpn_candidate *c;

	jvpn_candidates_update(&table, &view);
	c = by("wlan0", 0);
	set_link(0, "wlan0", "192.0.2.77");
	jvpn_candidates_update(&table, &view);
	ck_assert_int_eq(c->news, JVPN_CANDIDATE_CHANGED);
	ck_assert_int_eq(by("lte0", 0)->news, JVPN_CANDIDATE_SAME);
	link[0].ifindex = 9; /* unplugged and plugged in */
	jvpn_candidates_update(&table, &view);
	ck_assert_int_eq(c->news, JVPN_CANDIDATE_CHANGED);
	ck_assert_int_eq(c->ifindex, 9);
}
END_TEST

START_TEST(candidate__turn__bounded_and_fair)
{
	struct jvpn_candidate *c;
	size_t begun = 0;

	view.addresses = 4; /* eight candidates, three places */
	jvpn_candidates_update(&table, &view);
	while ((c = jvpn_candidates_turn(&table, 3, t0))) {
		ck_assert_uint_eq(c->rank, begun++);
		jvpn_attempt_begin(&c->attempt, t0);
		c->trying = CONNECTION;
	}
	ck_assert_uint_eq(begun, 3);
	/* One fails: whoever has waited longest is next, not the same again. */
	c = by("wlan0", 0);
	c->trying = NULL;
	jvpn_attempt_failed(&c->attempt, t0 + 1, 0);
	c = jvpn_candidates_turn(&table, 3, t0 + JVPN_NS_PER_S);
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->rank, 3);
}
END_TEST

START_TEST(candidate__turn__a_dead_transport_is_replaced)
{
	struct jvpn_candidate *c;

	view.links = 1;
	jvpn_candidates_update(&table, &view);
	c = by("wlan0", 0);
	c->transport = CONNECTION;
	ck_assert_ptr_null(jvpn_candidates_turn(&table, 4, t0));
	ck_assert_uint_eq(jvpn_candidates_next(&table, 4), JVPN_TIME_NEVER);
	c->dead_ns = t0;
	ck_assert_ptr_eq(jvpn_candidates_turn(&table, 4, t0), c);
	/* It has a place of its own: the dead one does not take it. */
	ck_assert_ptr_eq(jvpn_candidates_turn(&table, 1, t0), c);
}
END_TEST

START_TEST(candidate__stagger__one_after_the_other)
{
	struct jvpn_candidate *c;

	jvpn_candidates_update(&table, &view);
	jvpn_candidates_stagger(&table, t0);
	c = jvpn_candidates_turn(&table, 4, t0);
	ck_assert_ptr_eq(c, by("wlan0", 0));
	jvpn_attempt_begin(&c->attempt, t0);
	c->trying = CONNECTION;
	ck_assert_ptr_null(jvpn_candidates_turn(&table, 4, t0 + jvpn_ms_to_ns(99)));
	ck_assert_uint_eq(jvpn_candidates_next(&table, 4), t0 + jvpn_ms_to_ns(100));
	ck_assert_ptr_eq(jvpn_candidates_turn(&table, 4, t0 + jvpn_ms_to_ns(100)), by("lte0", 0));
}
END_TEST

START_TEST(candidate__address_deprecated__leaving)
{
	jvpn_candidates_update(&table, &view);
	link[0].leaving4 = true;
	jvpn_candidates_update(&table, &view);
	ck_assert(by("wlan0", 0)->leaving);
	ck_assert(!by("lte0", 0)->leaving);
	/* It still works: nothing is torn down. */
	ck_assert_int_eq(by("wlan0", 0)->news, JVPN_CANDIDATE_SAME);
	ck_assert(by("wlan0", 0)->wanted);
}
END_TEST

START_TEST(candidate__label__of_its_alphabet)
{
	char label[JVPN_LABEL_MAX + 1];

	jvpn_candidate_label("Wlan0", label);
	ck_assert_str_eq(label, "wlan0");
	jvpn_candidate_label("eth0.5@x:1", label);
	ck_assert_str_eq(label, "eth0.5-x-1");
	jvpn_candidate_label("", label);
	ck_assert_str_eq(label, "path");
}
END_TEST

START_TEST(candidate__more_than_there_is_room_for__bounded)
{
	struct jvpn_candidate_link many[16];

	for (size_t i = 0; i < 16; i++) {
		set_link(0, "x", "192.0.2.1");
		snprintf(link[0].name, sizeof(link[0].name), "eth%zu", i);
		many[i] = link[0];
	}
	view = (struct jvpn_candidate_view){
		.link = many, .links = 16, .address = address, .addresses = 8};
	jvpn_candidates_update(&table, &view);
	ck_assert_uint_eq(jvpn_candidates_wanted(&table), JVPN_CANDIDATES_MAX);
}
END_TEST

UNIT_TESTS(candidate)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, candidate__update__every_link_with_every_address);
	tcase_add_test(tc, candidate__update__needs_source_address_and_route);
	tcase_add_test(tc, candidate__gone_and_back__told_once);
	tcase_add_test(tc, candidate__address_or_device_changed__said);
	tcase_add_test(tc, candidate__turn__bounded_and_fair);
	tcase_add_test(tc, candidate__turn__a_dead_transport_is_replaced);
	tcase_add_test(tc, candidate__stagger__one_after_the_other);
	tcase_add_test(tc, candidate__address_deprecated__leaving);
	tcase_add_test(tc, candidate__label__of_its_alphabet);
	tcase_add_test(tc, candidate__more_than_there_is_room_for__bounded);
}
