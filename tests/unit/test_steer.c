/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rule that gives a datagram to a worker: once in C, once as the kernel's filter over real sockets.
 */
#include "quic/steer.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "base/err.h"
#include "proto/cid.h"
#include "quic/endpoint.h"
#include "unit.h"

#define WORKERS_MAX 7
#define OCTETS      256

static struct jvpn_endpoint *group[WORKERS_MAX];
static struct jvpn_endpoint *sender;
static struct sockaddr_storage there;

static struct jvpn_endpoint *open_one(const struct sockaddr_storage *local, bool join, int want)
{
	struct jvpn_endpoint_config config = {.local = *local, .join = join};
	struct jvpn_endpoint *e = NULL;
	char error[128] = "";

	ck_assert_int_eq(jvpn_endpoint_open(&config, &e, error, sizeof(error)), want);
	return e;
}

static void open_group(unsigned workers)
{
	struct sockaddr_storage any = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&any;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sender = open_one(&any, false, 0);
	group[0] = open_one(&any, false, 0);
	jvpn_endpoint_local(group[0], &there);
	ck_assert_int_eq(jvpn_endpoint_share(group[0]), 0);
	for (unsigned i = 1; i < workers; i++)
		group[i] = open_one(&there, true, 0);
}

static void teardown(void)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		jvpn_endpoint_free(group[i]);
	jvpn_endpoint_free(sender);
	memset(group, 0, sizeof(group));
	sender = NULL;
}

/* A packet whose connection ID has this worker octet. */
static void make_packet(uint8_t *packet, size_t len, bool is_long, size_t server_id_len,
			uint8_t octet)
{
	memset(packet, 0xee, len);
	packet[0] = is_long ? 0xc3 : 0x43;
	packet[(is_long ? 6 : 1) + 1 + server_id_len] = octet;
}

static void send_one(const uint8_t *packet, size_t len)
{
	struct jvpn_tuple tuple = {.remote = there};

	ck_assert_int_eq(jvpn_endpoint_send(sender, &tuple, 0, packet, len, len), 0);
}

/* Loopback delivers before sendmsg returns. */
static unsigned count_waiting(struct jvpn_endpoint *e)
{
	struct jvpn_datagram v[64];
	unsigned n = 0;
	int got;

	while ((got = jvpn_endpoint_receive(e, v, 64)) > 0)
		n += (unsigned)got;
	return n;
}

static void kernel_agrees(unsigned workers, bool is_long, size_t server_id_len)
{
	uint8_t packet[64];

	open_group(workers);
	ck_assert_int_eq(jvpn_endpoint_steer(group[0], server_id_len, workers), 0);
	for (unsigned octet = 0; octet < OCTETS; octet++) {
		unsigned owner;

		make_packet(packet, sizeof(packet), is_long, server_id_len, (uint8_t)octet);
		owner = jvpn_steer_owner(packet, sizeof(packet), server_id_len, workers);
		ck_assert_uint_eq(owner, octet % workers);
		send_one(packet, sizeof(packet));
		for (unsigned i = 0; i < workers; i++)
			ck_assert_uint_eq(count_waiting(group[i]), i == owner);
	}
}

START_TEST(steer_program__every_octet_short_header__the_kernel_agrees)
{
	kernel_agrees(4, false, 0);
}
END_TEST

START_TEST(steer_program__every_octet_long_header__the_kernel_agrees)
{
	kernel_agrees(4, true, 0);
}
END_TEST

START_TEST(steer_program__server_id_and_odd_number__the_kernel_agrees)
{
	kernel_agrees(7, true, 8);
	teardown();
	kernel_agrees(7, false, 8);
}
END_TEST

START_TEST(steer_owner__too_short__worker_0_as_the_kernel_says)
{
	const uint8_t runt[3] = {0x43, 7, 7};

	open_group(4);
	ck_assert_int_eq(jvpn_endpoint_steer(group[0], 8, 4), 0);
	ck_assert_uint_eq(jvpn_steer_owner(runt, 0, 0, 4), 0);
	ck_assert_uint_eq(jvpn_steer_owner(runt, 3, 0, 4), 3);
	for (size_t len = 1; len <= sizeof(runt); len++) {
		ck_assert_uint_eq(jvpn_steer_owner(runt, len, 8, 4), 0);
		send_one(runt, len);
		ck_assert_uint_eq(count_waiting(group[0]), 1);
	}
}
END_TEST

START_TEST(steer_owner__our_own_ids_and_prefixes__their_worker)
{
	const struct jvpn_cid_layout layout = {
		.random_len = 8, .server_id_len = 3, .server_id = {1, 2, 3}};
	uint8_t random[20] = {0}, packet[64] = {0x40}, prefix[JVPN_ROUTE_PREFIX_MAX];
	struct jvpn_cid cid;
	int len;

	ck_assert_int_eq(jvpn_cid_make(&layout, 2, random, &cid), 0);
	memcpy(packet + 1, cid.b, cid.len);
	ck_assert_uint_eq(jvpn_steer_owner(packet, sizeof(packet), 3, 4), 2);
	len = jvpn_cid_route_prefix(&layout, 201, prefix);
	ck_assert_int_eq(len, 5);
	ck_assert_uint_eq(prefix[len - 1], 201);
	ck_assert_int_eq(jvpn_cid_make_initial(prefix, (size_t)len, random, &cid), 0);
	packet[0] = 0xc0;
	packet[5] = cid.len;
	memcpy(packet + 6, cid.b, cid.len);
	ck_assert_uint_eq(jvpn_steer_owner(packet, sizeof(packet), 3, 4), 1);
}
END_TEST

START_TEST(steer_octet__every_number_of_workers__names_its_worker)
{
	for (unsigned workers = 1; workers <= 256; workers++)
		for (unsigned random = 0; random < OCTETS; random++) {
			unsigned worker = random * 31 % workers;
			uint8_t octet = jvpn_steer_octet((uint8_t)random, worker, workers);

			ck_assert_uint_eq(octet % workers, worker);
		}
	ck_assert_uint_eq(jvpn_steer_octet(77, 0, 1), 77);
}
END_TEST

START_TEST(endpoint_share__a_stranger_without_the_group__finds_the_port_in_use)
{
	open_group(2);
	ck_assert_ptr_null(open_one(&there, false, JVPN_EBUSY));
	teardown();
	open_group(1);
	ck_assert_ptr_null(open_one(&there, false, JVPN_EBUSY));
}
END_TEST

UNIT_TESTS(steer)
{
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, steer_program__every_octet_short_header__the_kernel_agrees);
	tcase_add_test(tc, steer_program__every_octet_long_header__the_kernel_agrees);
	tcase_add_test(tc, steer_program__server_id_and_odd_number__the_kernel_agrees);
	tcase_add_test(tc, steer_owner__too_short__worker_0_as_the_kernel_says);
	tcase_add_test(tc, steer_owner__our_own_ids_and_prefixes__their_worker);
	tcase_add_test(tc, steer_octet__every_number_of_workers__names_its_worker);
	tcase_add_test(tc, endpoint_share__a_stranger_without_the_group__finds_the_port_in_use);
}
