/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * UDP sockets over loopback: what goes in comes out, with and without the kernel's offloads.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "quic/endpoint.h"
#include "unit.h"

static struct jvpn_endpoint *open_with(const char *address, uint16_t port, bool offload, bool hints)
{
	struct jvpn_endpoint_config config = {
		.disable_gso = !offload, .disable_gro = !offload, .want_hints = hints};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&config.local;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&config.local;
	struct jvpn_endpoint *e = NULL;
	char error[128] = "";

	if (strchr(address, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		inet_pton(AF_INET6, address, &v6->sin6_addr);
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		inet_pton(AF_INET, address, &v4->sin_addr);
	}
	ck_assert_msg(jvpn_endpoint_open(&config, &e, error, sizeof(error)) == 0, "%s", error);
	return e;
}

static struct jvpn_endpoint *open_at(const char *address, uint16_t port, bool offload)
{
	return open_with(address, port, offload, false);
}

/* The tuple from a to b's port at 'address'. */
static struct jvpn_tuple tuple_to(const struct jvpn_endpoint *a, const struct jvpn_endpoint *b,
				  const char *address)
{
	struct jvpn_tuple t;

	memset(&t, 0, sizeof(t));
	jvpn_endpoint_local(a, &t.local);
	jvpn_endpoint_local(b, &t.remote);
	if (t.remote.ss_family == AF_INET6)
		inet_pton(AF_INET6, address, &((struct sockaddr_in6 *)&t.remote)->sin6_addr);
	else
		inet_pton(AF_INET, address, &((struct sockaddr_in *)&t.remote)->sin_addr);
	return t;
}

static size_t receive_all(struct jvpn_endpoint *e, struct jvpn_datagram *v, size_t want)
{
	size_t n = 0;

	while (n < want) {
		struct pollfd p = {.fd = jvpn_endpoint_fd(e), .events = POLLIN};
		int got = jvpn_endpoint_receive(e, v + n, want - n);

		ck_assert_int_ge(got, 0);
		n += (size_t)got;
		if (got == 0)
			ck_assert_int_eq(poll(&p, 1, 2000), 1);
	}
	return n;
}

static void batch_arrives(const char *address, bool send_offload, bool receive_offload)
{
	struct jvpn_endpoint *a = open_at(address, 0, send_offload);
	struct jvpn_endpoint *b = open_at(address, 0, receive_offload);
	struct jvpn_tuple t = tuple_to(a, b, address);
	struct jvpn_datagram v[11];
	uint8_t out[10 * 1200 + 33];
	size_t offset = 0;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 1, out, sizeof(out), 1200), 0);
	ck_assert_uint_eq(receive_all(b, v, 11), 11);
	for (size_t i = 0; i < 11; i++) {
		ck_assert_uint_eq(v[i].len, i < 10 ? 1200 : 33);
		ck_assert_uint_eq(v[i].ecn, 1);
		ck_assert_mem_eq(&v[i].tuple->remote, &t.local, sizeof(struct sockaddr_in));
		if (receive_offload && send_offload) /* one buffer: all still readable */
			ck_assert_mem_eq(v[i].data, out + offset, v[i].len);
		offset += v[i].len;
	}
	jvpn_endpoint_free(a);
	jvpn_endpoint_free(b);
}

START_TEST(endpoint_send__batch_v4_all_offload_mixes__arrives_in_order)
{
	batch_arrives("127.0.0.1", _i & 1, _i & 2);
}
END_TEST

START_TEST(endpoint_send__batch_v6__arrives_in_order)
{
	batch_arrives("::1", _i & 1, _i & 2);
}
END_TEST

START_TEST(endpoint_receive__wildcard_socket__knows_the_local_address_and_answers_from_it)
{
	struct jvpn_endpoint *server = open_at("0.0.0.0", 0, true);
	struct jvpn_endpoint *client = open_at("127.0.0.1", 0, true);
	struct jvpn_tuple t = tuple_to(client, server, "127.0.0.77");
	struct jvpn_datagram v;

	ck_assert_int_eq(jvpn_endpoint_send(client, &t, 0, (const uint8_t *)"x", 1, 1), 0);
	receive_all(server, &v, 1);
	ck_assert_uint_eq(((const struct sockaddr_in *)&v.tuple->local)->sin_addr.s_addr,
			  inet_addr("127.0.0.77"));
	ck_assert_int_eq(jvpn_endpoint_send(server, v.tuple, 0, (const uint8_t *)"y", 1, 1), 0);
	receive_all(client, &v, 1);
	ck_assert_uint_eq(((const struct sockaddr_in *)&v.tuple->remote)->sin_addr.s_addr,
			  inet_addr("127.0.0.77"));
	jvpn_endpoint_free(server);
	jvpn_endpoint_free(client);
}
END_TEST

START_TEST(endpoint_receive__one_datagram__was_alone)
{
	struct jvpn_endpoint *a = open_at("127.0.0.1", 0, _i);
	struct jvpn_endpoint *b = open_at("127.0.0.1", 0, _i);
	struct jvpn_tuple t = tuple_to(a, b, "127.0.0.1");
	struct jvpn_datagram v[2];

	ck_assert(!jvpn_endpoint_was_alone(b));
	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, (const uint8_t *)"one", 3, 3), 0);
	ck_assert_uint_eq(receive_all(b, v, 1), 1);
	ck_assert(jvpn_endpoint_was_alone(b));
	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, (const uint8_t *)"onetwo", 6, 3), 0);
	ck_assert_uint_eq(receive_all(b, v, 2), 2);
	ck_assert(!jvpn_endpoint_was_alone(b));
	jvpn_endpoint_free(a);
	jvpn_endpoint_free(b);
}
END_TEST

START_TEST(endpoint_receive__empty_datagram__counts_against_the_budget)
{
	struct jvpn_endpoint *a = open_at("127.0.0.1", 0, true);
	struct jvpn_endpoint *b = open_at("127.0.0.1", 0, true);
	struct sockaddr_storage to;
	struct jvpn_endpoint_stats stats;
	struct jvpn_datagram v[2];

	jvpn_endpoint_local(b, &to);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(sendto(jvpn_endpoint_fd(a), "", 0, 0, (struct sockaddr *)&to,
					sizeof(struct sockaddr_in)),
				 0);
	ck_assert_uint_eq(receive_all(b, v, 1), 1);
	ck_assert_uint_eq(v[0].len, 0);
	ck_assert_uint_eq(receive_all(b, v, 1), 1);
	jvpn_endpoint_get_stats(b, &stats);
	ck_assert_uint_eq(stats.empty_received, 2);
	ck_assert_int_eq(jvpn_endpoint_receive(b, v, 2), 0);
	jvpn_endpoint_free(a);
	jvpn_endpoint_free(b);
}
END_TEST

START_TEST(endpoint_send__closed_port__is_swallowed)
{
	struct jvpn_endpoint *a = open_at("127.0.0.1", 0, true);
	struct jvpn_endpoint *b = open_at("127.0.0.1", 0, true);
	struct jvpn_tuple t = tuple_to(a, b, "127.0.0.1");
	struct jvpn_datagram v;

	jvpn_endpoint_free(b);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, (const uint8_t *)"x", 1, 1), 0);
		ck_assert_int_eq(jvpn_endpoint_receive(a, &v, 1), 0);
	}
	jvpn_endpoint_free(a);
}
END_TEST

START_TEST(endpoint_send__out_of_bounds__is_refused)
{
	static uint8_t big[JVPN_ENDPOINT_BATCH_BYTES + 1];
	struct jvpn_endpoint *a = open_at("127.0.0.1", 0, true);
	struct jvpn_endpoint *b = open_at("::1", 0, true);
	struct jvpn_tuple t = tuple_to(a, a, "127.0.0.1"), t6 = tuple_to(b, b, "::1");

	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, big, sizeof(big), 1200), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, big, 65, 1), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, big, 65, 0), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_endpoint_send(a, &t6, 0, big, 1, 1), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_endpoint_send(a, &t, 0, big, 0, 1), 0);
	jvpn_endpoint_free(a);
	jvpn_endpoint_free(b);
}
END_TEST

START_TEST(endpoint_open__port_in_use__says_busy)
{
	struct jvpn_endpoint *a = open_at("127.0.0.1", 0, true), *b = NULL;
	struct jvpn_endpoint_config config = {0};
	char error[128] = "";

	jvpn_endpoint_local(a, &config.local);
	ck_assert_int_eq(jvpn_endpoint_open(&config, &b, error, sizeof(error)), JVPN_EBUSY);
	ck_assert_ptr_nonnull(strstr(error, "port"));
	config.local.ss_family = AF_UNIX;
	ck_assert_int_eq(jvpn_endpoint_open(&config, &b, error, sizeof(error)), JVPN_ENOTFOUND);
	jvpn_endpoint_free(a);
}
END_TEST

static bool is_readable(const struct jvpn_endpoint *e, int timeout_ms)
{
	struct pollfd p = {.fd = jvpn_endpoint_fd(e), .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

static void closed_port_is_hinted(const char *address)
{
	struct jvpn_endpoint *a = open_with(address, 0, true, true);
	struct jvpn_endpoint *b = open_at(address, 0, true), *c = open_at(address, 0, true);
	struct jvpn_tuple to_b = tuple_to(a, b, address), to_c = tuple_to(a, c, address);
	struct jvpn_endpoint_hint hint;
	struct jvpn_datagram v[4];
	uint8_t data[5 * 1000] = {1};

	jvpn_endpoint_free(c);
	ck_assert(!jvpn_endpoint_take_hint(a, &hint));
	ck_assert_int_eq(jvpn_endpoint_send(a, &to_c, 0, data, 100, 100), 0);
	ck_assert(is_readable(a, 2000));
	ck_assert_int_eq(jvpn_endpoint_receive(a, v, 4), 0);
	ck_assert(jvpn_endpoint_take_hint(a, &hint));
	ck_assert(hint.port_closed);
	ck_assert_mem_eq(&hint.remote, &to_c.remote, sizeof(struct sockaddr_in));
	ck_assert(!jvpn_endpoint_take_hint(a, &hint));
	/* Nothing is left that would wake the loop again and again. */
	ck_assert(!is_readable(a, 0));
	/* An error that waits costs no datagram of another destination, alone or in a batch. */
	ck_assert_int_eq(jvpn_endpoint_send(a, &to_c, 0, data, 100, 100), 0);
	ck_assert_int_eq(jvpn_endpoint_send(a, &to_b, 0, data, 100, 100), 0);
	ck_assert_uint_eq(receive_all(b, v, 1), 1);
	ck_assert_int_eq(jvpn_endpoint_send(a, &to_c, 0, data, 100, 100), 0);
	ck_assert_int_eq(jvpn_endpoint_send(a, &to_b, 0, data, 4000, 1000), 0);
	ck_assert_uint_eq(receive_all(b, v, 4), 4);
	/* Many, and one hint. */
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(jvpn_endpoint_send(a, &to_c, 0, data, 100, 100), 0);
	for (int i = 0; i < 20 && is_readable(a, 0); i++)
		ck_assert_int_eq(jvpn_endpoint_receive(a, v, 4), 0);
	ck_assert(!is_readable(a, 0));
	ck_assert(jvpn_endpoint_take_hint(a, &hint));
	ck_assert(!jvpn_endpoint_take_hint(a, &hint));
	jvpn_endpoint_free(a);
	jvpn_endpoint_free(b);
}

START_TEST(endpoint_hint__closed_port_v4__is_told_and_costs_no_datagram)
{
	closed_port_is_hinted("127.0.0.1");
}
END_TEST

START_TEST(endpoint_hint__closed_port_v6__is_told_and_costs_no_datagram)
{
	closed_port_is_hinted("::1");
}
END_TEST

UNIT_TESTS(endpoint)
{
	tcase_add_test(tc, endpoint_hint__closed_port_v4__is_told_and_costs_no_datagram);
	tcase_add_test(tc, endpoint_hint__closed_port_v6__is_told_and_costs_no_datagram);
	tcase_add_loop_test(tc, endpoint_send__batch_v4_all_offload_mixes__arrives_in_order, 0, 4);
	tcase_add_loop_test(tc, endpoint_send__batch_v6__arrives_in_order, 0, 4);
	tcase_add_test(
		tc, endpoint_receive__wildcard_socket__knows_the_local_address_and_answers_from_it);
	tcase_add_loop_test(tc, endpoint_receive__one_datagram__was_alone, 0, 2);
	tcase_add_test(tc, endpoint_receive__empty_datagram__counts_against_the_budget);
	tcase_add_test(tc, endpoint_send__closed_port__is_swallowed);
	tcase_add_test(tc, endpoint_send__out_of_bounds__is_refused);
	tcase_add_test(tc, endpoint_open__port_in_use__says_busy);
}
