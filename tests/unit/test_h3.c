/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of quic/h3: a client and a server back to back, their streams as pipes in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp3/nghttp3.h>

#include "base/err.h"
#include "proto/capsule.h"
#include "quic/h3.h"
#include "quic/h3_internal.h"
#include "unit.h"

#define STREAMS 32
#define CAPSULE JVPN_CAPSULE_ADDRESS_ASSIGN

struct side {
	struct jvpn_h3 *h3;
	struct side *peer;
	size_t consumed[STREAMS]; /* credit given back, per stream */
	size_t received[STREAMS];
	bool fin[STREAMS]; /* sent */
	uint64_t reset[STREAMS], stop[STREAMS];
	int error; /* of on_stream_data */
	uint32_t generation;
	/* What poll said: */
	unsigned ready, requests, responses, capsules, ends;
	struct jvpn_h3_request request;
	struct jvpn_h3_response response;
	uint64_t capsule_type, end_code;
	uint8_t capsule[JVPN_H3_CAPSULE_MAX];
	size_t capsule_len;
	uint32_t capsule_generation;
	char order[64];
};

static struct side client, server;
static uint8_t answer[4096]; /* what the server sent on stream 0 */
static size_t answer_len;
static size_t cut; /* deliver so many octets at once */
static bool hold_acks;

static void on_consumed(void *user, int64_t id, size_t n)
{
	((struct side *)user)->consumed[id] += n;
}

static void on_stop(void *user, int64_t id, uint64_t code)
{
	((struct side *)user)->stop[id] = code;
}

static void on_reset(void *user, int64_t id, uint64_t code)
{
	((struct side *)user)->reset[id] = code;
}

static const struct jvpn_h3_io io = {on_consumed, on_stop, on_reset};

static void side_init(struct side *side, bool is_server, struct side *peer)
{
	memset(side, 0, sizeof(*side));
	side->peer = peer;
	ck_assert_int_eq(jvpn_h3_new(is_server, &io, side, &side->h3), 0);
}

static void bind_both(void)
{
	ck_assert_int_eq(jvpn_h3_bind(client.h3, 2, 6, 10), 0);
	ck_assert_int_eq(jvpn_h3_bind(server.h3, 3, 7, 11), 0);
	jvpn_h3_set_max_client_streams(server.h3, 4);
}

static void setup(void)
{
	cut = 65536;
	answer_len = 0;
	hold_acks = false;
	side_init(&client, false, &server);
	side_init(&server, true, &client);
}

static void teardown(void)
{
	jvpn_h3_free(client.h3);
	jvpn_h3_free(server.h3);
}

static void deliver(struct side *to, int64_t id, const uint8_t *data, size_t len, bool fin)
{
	size_t at = 0;

	if (to == &client && id == 0 && answer_len + len <= sizeof(answer)) {
		memcpy(answer + answer_len, data, len);
		answer_len += len;
	}
	do {
		size_t n = len - at < cut ? len - at : cut;
		bool last = at + n == len;

		if (to->error == 0)
			to->error = jvpn_h3_on_stream_data(to->h3, id, data + at, n, fin && last,
							   to->generation);
		to->received[id] += n;
		at += n;
	} while (at < len);
}

/* One writev of a side, delivered and acknowledged; false when it had nothing. */
static bool pump(struct side *from)
{
	static uint8_t flat[JVPN_H3_SEND_QUEUE_BYTES * 2];
	struct iovec iov[4];
	int64_t id;
	bool fin;
	size_t len = 0;
	ssize_t n = jvpn_h3_writev(from->h3, &id, &fin, iov, 4);

	ck_assert_int_ge(n, 0);
	if (id < 0)
		return false;
	for (ssize_t i = 0; i < n; i++) {
		memcpy(flat + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	ck_assert_int_eq(jvpn_h3_add_write_offset(from->h3, id, len), 0);
	from->fin[id] = from->fin[id] || fin;
	if (len > 0 || fin)
		deliver(from->peer, id, flat, len, fin);
	if (!hold_acks)
		ck_assert_int_eq(jvpn_h3_on_acked(from->h3, id, len), 0);
	return true;
}

static void remember(struct side *side, const struct jvpn_h3_event *event)
{
	static const char letter[] = "?RQACE";
	size_t at = strlen(side->order);

	if (at + 1 < sizeof(side->order))
		side->order[at] = letter[event->type];
	side->ready += event->type == JVPN_H3_EVENT_READY;
	side->requests += event->type == JVPN_H3_EVENT_REQUEST;
	side->responses += event->type == JVPN_H3_EVENT_RESPONSE;
	side->capsules += event->type == JVPN_H3_EVENT_CAPSULE;
	side->ends += event->type == JVPN_H3_EVENT_END;
	if (event->request != NULL)
		side->request = *event->request;
	if (event->response != NULL)
		side->response = *event->response;
	if (event->type == JVPN_H3_EVENT_END)
		side->end_code = event->code;
	if (event->type != JVPN_H3_EVENT_CAPSULE)
		return;
	side->capsule_type = event->capsule_type;
	side->capsule_len = event->len;
	side->capsule_generation = event->path_generation;
	memcpy(side->capsule, event->data, event->len);
}

static void poll_side(struct side *side)
{
	struct jvpn_h3_event event;

	while (jvpn_h3_poll(side->h3, &event))
		remember(side, &event);
}

static void run(void)
{
	bool any;

	do {
		any = pump(&client);
		any = pump(&server) || any;
		poll_side(&client);
		poll_side(&server);
	} while (any);
}

static struct jvpn_h3_request tunnel_request(void)
{
	struct jvpn_h3_request request = {.authority = "vpn.example", .capsule_protocol = true};

	return request;
}

static void ask(void)
{
	struct jvpn_h3_request request = tunnel_request();

	bind_both();
	run();
	ck_assert_uint_eq(client.ready, 1);
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), 0);
}

static void open_tunnel(void)
{
	struct jvpn_h3_response ok = {.status = 200};

	ask();
	run();
	ck_assert_uint_eq(server.requests, 1);
	ck_assert_int_eq(jvpn_h3_respond(server.h3, &ok), 0);
	run();
	ck_assert(jvpn_h3_is_open(client.h3) && jvpn_h3_is_open(server.h3));
}

/* All octets of all streams are credited once everything was polled. */
static void expect_all_credited(const struct side *side)
{
	for (size_t i = 0; i < STREAMS; i++)
		ck_assert_uint_eq(side->consumed[i], side->received[i]);
}

START_TEST(tunnel__request_and_answer__fields_arrive)
{
	struct jvpn_h3_request request = tunnel_request();
	struct jvpn_h3_response ok = {.status = 200, .jumping_session = "v=1"};

	cut = (size_t)_i;
	snprintf(request.authorization, sizeof(request.authorization), "Bearer abc");
	snprintf(request.jumping_session, sizeof(request.jumping_session), "v=1, op=create");
	bind_both();
	run();
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), 0);
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 4, &request), JVPN_EEXISTS);
	run();
	ck_assert_str_eq(server.request.method, "CONNECT");
	ck_assert_str_eq(server.request.protocol, "connect-ip");
	ck_assert_str_eq(server.request.scheme, "https");
	ck_assert_str_eq(server.request.authority, "vpn.example");
	ck_assert_str_eq(server.request.path, "/.well-known/masque/ip/*/*/");
	ck_assert_str_eq(server.request.authorization, "Bearer abc");
	ck_assert_str_eq(server.request.jumping_session, "v=1, op=create");
	ck_assert(server.request.capsule_protocol);
	ck_assert(!jvpn_h3_is_open(client.h3));
	ck_assert_int_eq(jvpn_h3_respond(server.h3, &ok), 0);
	ck_assert_int_eq(jvpn_h3_respond(server.h3, &ok), JVPN_EEXISTS);
	run();
	ck_assert_int_eq(client.response.status, 200);
	ck_assert_str_eq(client.response.jumping_session, "v=1");
	ck_assert_str_eq(client.response.body, "");
	ck_assert_int_eq(client.error, 0);
	ck_assert_int_eq(server.error, 0);
	expect_all_credited(&server);
	expect_all_credited(&client);
}
END_TEST

START_TEST(request__before_the_settings__try_again)
{
	struct jvpn_h3_request request = tunnel_request();

	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), JVPN_EAGAIN);
	ck_assert_int_eq(jvpn_h3_bind(client.h3, 2, 6, 10), 0);
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), JVPN_EAGAIN);
	ck_assert_int_eq(jvpn_h3_bind(server.h3, 3, 7, 11), 0);
	run();
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 1, &request), JVPN_EINVAL);
	request.authority[3] = '\n';
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), JVPN_EINVAL);
	request.authority[3] = '.';
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), 0);
}
END_TEST

START_TEST(ready__settings_before_bind__told_after_bind)
{
	ck_assert_int_eq(jvpn_h3_bind(server.h3, 3, 7, 11), 0);
	run();
	ck_assert_uint_eq(client.ready, 0);
	ck_assert_int_eq(jvpn_h3_bind(client.h3, 2, 6, 10), 0);
	run();
	ck_assert_uint_eq(client.ready, 1);
}
END_TEST

START_TEST(refusal__with_problem__body_and_fields_arrive)
{
	struct jvpn_h3_response no = {.retry_after_s = 7};

	cut = (size_t)_i;
	ask();
	run();
	jvpn_h3_problem(&no, 429, "too_many", "say \"please\"");
	ck_assert_int_eq(jvpn_h3_respond(server.h3, &no), 0);
	hold_acks = true;
	run();
	ck_assert(!jvpn_h3_is_drained(server.h3));
	ck_assert_int_eq(jvpn_h3_on_acked(server.h3, 0, server.peer->received[0]), 0);
	ck_assert(jvpn_h3_is_drained(server.h3));
	ck_assert_int_eq(client.response.status, 429);
	ck_assert_uint_eq(client.response.retry_after_s, 7);
	ck_assert_str_eq(client.response.body,
			 "{\"type\":\"about:blank\",\"status\":429,\"title\":\"Too Many Requests\","
			 "\"reason\":\"too_many\",\"detail\":\"say 'please'\"}");
	ck_assert(server.fin[0]);
	ck_assert_str_eq(client.order, "RAE");
	ck_assert(!jvpn_h3_is_open(client.h3) && !jvpn_h3_is_open(server.h3));
	ck_assert_int_eq(jvpn_h3_send_capsule(server.h3, CAPSULE, "x", 1), JVPN_ECLOSED);
	expect_all_credited(&client);
}
END_TEST

START_TEST(capsules__both_ways_in_pieces__arrive_whole)
{
	uint8_t data[3000];

	cut = (size_t)_i;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	open_tunnel();
	server.generation = 5;
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, data, sizeof(data)), 0);
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, NULL, 0), 0);
	run();
	ck_assert_uint_eq(server.capsules, 2);
	ck_assert_uint_eq(server.capsule_len, 0);
	ck_assert_uint_eq(server.capsule_generation, 5);
	ck_assert_int_eq(jvpn_h3_send_capsule(server.h3, CAPSULE, data, sizeof(data)), 0);
	run();
	ck_assert_uint_eq(client.capsules, 1);
	ck_assert_uint_eq(client.capsule_type, CAPSULE);
	ck_assert_uint_eq(client.capsule_len, sizeof(data));
	ck_assert_mem_eq(client.capsule, data, sizeof(data));
	expect_all_credited(&server);
	expect_all_credited(&client);
}
END_TEST

/* The lead's order: the client's attach and REATTACH_REQUEST in one flight. */
START_TEST(capsules__before_the_answer__delivered_after_the_request)
{
	struct jvpn_h3_response ok = {.status = 200};

	ask();
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, "abc", 3), 0);
	run();
	ck_assert_str_eq(server.order, "QC");
	ck_assert_int_eq(jvpn_h3_send_capsule(server.h3, CAPSULE, "before", 6), 0);
	run();
	ck_assert_uint_eq(client.capsules, 0);
	ck_assert_int_eq(jvpn_h3_respond(server.h3, &ok), 0);
	run();
	ck_assert_str_eq(client.order, "RAC");
	ck_assert_mem_eq(client.capsule, "before", 6);
}
END_TEST

START_TEST(capsules__queued_before_a_refusal__dropped)
{
	struct jvpn_h3_response no = {0};

	ask();
	run();
	ck_assert_int_eq(jvpn_h3_send_capsule(server.h3, CAPSULE, "before", 6), 0);
	jvpn_h3_problem(&no, 401, "token_unknown", NULL);
	ck_assert_int_eq(jvpn_h3_respond(server.h3, &no), 0);
	run();
	ck_assert_str_eq(client.order, "RAE");
	ck_assert_int_eq(client.response.status, 401);
	ck_assert_ptr_nonnull(strstr(client.response.body, "token_unknown"));
	ck_assert_int_eq(client.response.body[0], '{');
}
END_TEST

START_TEST(send_capsule__full_queue__refused_until_acknowledged)
{
	static uint8_t data[JVPN_H3_CAPSULE_MAX + 1];
	int sent = 0;

	open_tunnel();
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, data, sizeof(data)), JVPN_ERANGE);
	while (jvpn_h3_send_capsule(client.h3, CAPSULE, data, JVPN_H3_CAPSULE_MAX) == 0)
		sent++;
	ck_assert_int_eq(sent, 7);
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, data, JVPN_H3_CAPSULE_MAX),
			 JVPN_EFULL);
	ck_assert_uint_gt(jvpn_h3_pending(client.h3), 0);
	hold_acks = true;
	run();
	ck_assert_uint_eq(server.capsules, 7);
	ck_assert_uint_eq(jvpn_h3_pending(client.h3), 0);
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, data, JVPN_H3_CAPSULE_MAX),
			 JVPN_EFULL);
	ck_assert(!jvpn_h3_is_drained(client.h3));
	ck_assert_int_eq(jvpn_h3_on_acked(client.h3, 0, 7 * JVPN_H3_CAPSULE_MAX), 0);
	hold_acks = false;
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, data, JVPN_H3_CAPSULE_MAX), 0);
	run();
	ck_assert_uint_eq(server.capsules, 8);
}
END_TEST

/* Raw capsule octets as the client's DATA: the send function would not make them. */
static void send_raw(const void *data, size_t len)
{
	uint8_t frame[4 + 8192] = {0x00, 0x40, 0};

	frame[1] = (uint8_t)(0x40 | len >> 8);
	frame[2] = (uint8_t)len;
	memcpy(frame + 3, data, len);
	deliver(&server, 0, frame, 3 + len, false);
	poll_side(&server);
}

START_TEST(capsules__unknown_type_longer_than_the_window__skipped_and_credited)
{
	/* Type 0x17, length 1 000 000 */
	uint8_t head[5] = {0x17, 0x80, 0x0f, 0x42, 0x40}, zero[8000] = {0};
	static const uint8_t last[3] = {CAPSULE, 1, 'z'};

	open_tunnel();
	send_raw(head, sizeof(head));
	for (int i = 0; i < 125; i++) {
		send_raw(zero, sizeof(zero));
		expect_all_credited(&server);
	}
	ck_assert_uint_eq(server.capsules, 0);
	expect_all_credited(&server);
	send_raw(last, sizeof(last));
	ck_assert_uint_eq(server.capsules, 1);
	ck_assert_uint_eq(server.capsule[0], 'z');
	ck_assert_int_eq(server.error, 0);
}
END_TEST

START_TEST(capsules__known_type_too_long__stream_ended_with_message_error)
{
	uint8_t head[5] = {CAPSULE, 0x80, 0x0f, 0x42, 0x40};

	open_tunnel();
	send_raw(head, sizeof(head));
	ck_assert_uint_eq(server.reset[0], JVPN_H3_MESSAGE_ERROR);
	ck_assert_uint_eq(server.stop[0], JVPN_H3_MESSAGE_ERROR);
	ck_assert_uint_eq(server.ends, 1);
	ck_assert_uint_eq(server.end_code, JVPN_H3_MESSAGE_ERROR);
	ck_assert(!jvpn_h3_is_open(server.h3));
	send_raw(head, sizeof(head)); /* what comes after it is ignored */
	ck_assert_uint_eq(server.ends, 1);
	expect_all_credited(&server);
}
END_TEST

START_TEST(capsules__stream_ends_inside_one__message_error)
{
	uint8_t part[2] = {CAPSULE, 9};

	open_tunnel();
	send_raw(part, sizeof(part));
	deliver(&server, 0, NULL, 0, true);
	poll_side(&server);
	ck_assert_uint_eq(server.end_code, JVPN_H3_MESSAGE_ERROR);
}
END_TEST

START_TEST(capsules__flood_of_empty_ones_without_poll__connection_closed)
{
	uint8_t empty[8000];

	for (size_t i = 0; i < sizeof(empty); i += 2) {
		empty[i] = CAPSULE;
		empty[i + 1] = 0;
	}
	open_tunnel();
	for (int i = 0; i < 2; i++) {
		uint8_t frame[3 + sizeof(empty)] = {0x00, 0x40 | (8000 >> 8), 8000 & 0xff};

		memcpy(frame + 3, empty, sizeof(empty));
		deliver(&server, 0, frame, sizeof(frame), false);
	}
	ck_assert_int_eq(server.error, JVPN_EH3);
	ck_assert_uint_eq(jvpn_h3_error_code(server.h3), JVPN_H3_EXCESSIVE_LOAD);
}
END_TEST

START_TEST(finish__both_sides__clean_end)
{
	open_tunnel();
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, "x", 1), 0);
	ck_assert_int_eq(jvpn_h3_finish(client.h3), 0);
	ck_assert_int_eq(jvpn_h3_send_capsule(client.h3, CAPSULE, "x", 1), JVPN_ECLOSED);
	run();
	ck_assert(client.fin[0]);
	ck_assert_str_eq(server.order, "QCE");
	ck_assert_uint_eq(server.end_code, JVPN_H3_NO_ERROR);
}
END_TEST

START_TEST(stream__reset_stopped_or_closed_by_the_peer__told_once)
{
	open_tunnel();
	ck_assert_int_eq(jvpn_h3_on_stream_reset(client.h3, 0, 0x77), 0);
	ck_assert_int_eq(jvpn_h3_on_stop_sending(client.h3, 0, 0x78), 0);
	ck_assert_int_eq(jvpn_h3_on_stream_close(client.h3, 0, 0x79), 0);
	ck_assert_int_eq(jvpn_h3_on_stream_close(client.h3, 0, 0x79), 0);
	poll_side(&client);
	ck_assert_uint_eq(client.ends, 1);
	ck_assert_uint_eq(client.end_code, 0x77);
	ck_assert_int_eq(jvpn_h3_on_stop_sending(server.h3, 0, 0x78), 0);
	poll_side(&server);
	ck_assert_uint_eq(server.end_code, 0x78);
	ck_assert_int_eq(jvpn_h3_send_capsule(server.h3, CAPSULE, "x", 1), JVPN_ECLOSED);
}
END_TEST

START_TEST(stream__critical_one_closed__connection_error)
{
	open_tunnel();
	ck_assert_int_eq(jvpn_h3_on_stream_close(server.h3, 2, 0), JVPN_EH3);
	ck_assert_uint_eq(jvpn_h3_error_code(server.h3), JVPN_H3_CLOSED_CRITICAL_STREAM);
	ck_assert_int_eq(jvpn_h3_on_stream_data(server.h3, 0, (const uint8_t *)"x", 1, false, 0),
			 JVPN_EH3);
}
END_TEST

START_TEST(request__not_for_our_tunnel__answered_with_the_right_status)
{
	static const struct {
		const char *method, *protocol, *path;
		int status;
	} cases[] = {
		{"GET", "", "/", 404},
		{"GET", "", JVPN_H3_PATH, 405},
		{"POST", "", JVPN_H3_PATH, 405},
		{"CONNECT", "connect-udp", JVPN_H3_PATH, 501},
		{"CONNECT", "websocket", "/chat", 404},
		{"CONNECT", "connect-ip", "/.well-known/masque/ip/*/*", 404},
		{"CONNECT", "connect-ip", "/.well-known/masque/ip/*/*/x", 404},
		{"CONNECT", "connect-ip", "/.well-known/masque/ip//*/", 404},
		{"CONNECT", "connect-ip", "/.well-known/masque/ip/192.0.2.1/*/", 501},
		{"CONNECT", "connect-ip", "/.well-known/masque/ip/*/17/", 501},
		{"CONNECT", "connect-ip", "/.well-known/masque/ip/%2A/%2a/", 0},
		{"CONNECT", "connect-ip", JVPN_H3_PATH, 0},
	};
	const char *allow = cases[_i].method;
	struct jvpn_h3_request request = tunnel_request();

	snprintf(request.method, sizeof(request.method), "%s", allow);
	snprintf(request.protocol, sizeof(request.protocol), "%s", cases[_i].protocol);
	snprintf(request.path, sizeof(request.path), "%s", cases[_i].path);
	bind_both();
	run();
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), 0);
	run();
	ck_assert_uint_eq(server.requests, cases[_i].status == 0);
	ck_assert_int_eq(client.response.status, cases[_i].status);
	ck_assert_int_eq(server.error, 0);
	if (cases[_i].status != 0)
		ck_assert_ptr_nonnull(strstr(client.response.body, "\"reason\":"));
}
END_TEST

/* A client of nghttp3's own, to send what our client would not. */
static nghttp3_ssize no_data(nghttp3_conn *conn, int64_t id, nghttp3_vec *vec, size_t count,
			     uint32_t *flags, void *user, void *stream_user)
{
	(void)conn;
	(void)id;
	(void)vec;
	(void)count;
	(void)flags;
	(void)user;
	(void)stream_user;
	return NGHTTP3_ERR_WOULDBLOCK;
}

static void raw_client(bool datagram, bool control_last, const nghttp3_nv *extra,
		       size_t extra_count, unsigned requests)
{
	static const nghttp3_callbacks none;
	static const nghttp3_data_reader reader = {.read_data = no_data};
	nghttp3_nv nv[64];
	size_t count = 0;
	nghttp3_settings settings;
	nghttp3_conn *conn;
	uint8_t held[256];
	size_t held_len = 0;

#define NV(n, v)                                                                                   \
	nv[count++] =                                                                              \
		(nghttp3_nv){(const uint8_t *)(n), (const uint8_t *)(v), strlen(n), strlen(v), 0}
	NV(":method", "CONNECT");
	NV(":protocol", "connect-ip");
	NV(":scheme", "https");
	NV(":authority", "vpn.example");
	NV(":path", JVPN_H3_PATH);
#undef NV
	for (size_t i = 0; i < extra_count; i++)
		nv[count++] = extra[i];
	nghttp3_settings_default(&settings);
	settings.h3_datagram = datagram;
	ck_assert_int_eq(nghttp3_conn_client_new(&conn, &none, &settings, NULL, NULL), 0);
	ck_assert_int_eq(nghttp3_conn_bind_control_stream(conn, 2), 0);
	ck_assert_int_eq(nghttp3_conn_bind_qpack_streams(conn, 6, 10), 0);
	for (unsigned i = 0; i < requests; i++)
		ck_assert_int_eq(nghttp3_conn_submit_request(conn, 4 * i, nv, count, &reader, NULL),
				 0);
	for (;;) {
		int64_t id = -1;
		int fin = 0;
		nghttp3_vec vec[8];
		nghttp3_ssize n = nghttp3_conn_writev_stream(conn, &id, &fin, vec, 8);
		size_t len = 0;

		ck_assert_int_ge(n, 0);
		if (id < 0)
			break;
		for (nghttp3_ssize i = 0; i < n; i++) {
			len += vec[i].len;
			if (id == 2 && control_last) {
				memcpy(held + held_len, vec[i].base, vec[i].len);
				held_len += vec[i].len;
			} else {
				deliver(&server, id, vec[i].base, vec[i].len, false);
			}
		}
		nghttp3_conn_add_write_offset(conn, id, len);
		poll_side(&server);
	}
	if (control_last) {
		ck_assert_uint_eq(server.requests, 0);
		deliver(&server, 2, held, held_len, false);
		poll_side(&server);
	}
	nghttp3_conn_del(conn);
}

/* The raw client does not listen: look at what the server said to it. */
static void expect_refusal(const char *reason)
{
	while (pump(&server))
		continue;
	ck_assert_uint_eq(server.requests, 0);
	ck_assert_int_eq(server.error, 0);
	ck_assert(server.fin[0]);
	ck_assert_ptr_nonnull(memmem(answer, answer_len, reason, strlen(reason)));
}

START_TEST(request__settings_arrive_later__held_until_then)
{
	bind_both();
	raw_client(true, true, NULL, 0, 1);
	ck_assert_uint_eq(server.requests, 1);
}
END_TEST

START_TEST(request__client_without_http_datagrams__refused)
{
	bind_both();
	raw_client(false, false, NULL, 0, 1);
	expect_refusal("no_http_datagrams");
	ck_assert(!jvpn_h3_is_open(server.h3));
}
END_TEST

START_TEST(request__second_one__rejected)
{
	bind_both();
	raw_client(true, false, NULL, 0, 2);
	ck_assert_uint_eq(server.requests, 1);
	ck_assert_uint_eq(server.reset[4], JVPN_H3_REQUEST_REJECTED);
	ck_assert_uint_eq(server.stop[4], JVPN_H3_REQUEST_REJECTED);
	ck_assert_uint_eq(server.reset[0], 0);
	ck_assert_int_eq(jvpn_h3_stream_id(server.h3), 0);
}
END_TEST

static nghttp3_nv field(const char *name, const char *value, size_t len)
{
	return (nghttp3_nv){(const uint8_t *)name, (const uint8_t *)value, strlen(name), len, 0};
}

START_TEST(request__token_twice__bad_request)
{
	nghttp3_nv twice[2] = {field("authorization", "Bearer a", 8),
			       field("authorization", "Bearer b", 8)};

	bind_both();
	raw_client(true, false, twice, 2, 1);
	expect_refusal("bad_field");
}
END_TEST

START_TEST(request__token_too_long_or_not_ascii__treated_as_missing)
{
	static char longer[600];
	nghttp3_nv extra[2] = {field("authorization", longer, sizeof(longer)),
			       field("jumping-session", "v=\xc3\xa4", 4)};

	memset(longer, 'a', sizeof(longer));
	bind_both();
	raw_client(true, false, extra, 2, 1);
	ck_assert_uint_eq(server.requests, 1);
	ck_assert_str_eq(server.request.authorization, "");
	ck_assert_str_eq(server.request.jumping_session, "");
}
END_TEST

START_TEST(request__too_many_fields__refused)
{
	static char value[500];
	nghttp3_nv extra[20];

	memset(value, 'a', sizeof(value));
	for (size_t i = 0; i < 20; i++)
		extra[i] = field("x-filler", value, sizeof(value));
	bind_both();
	raw_client(true, false, extra, 20, 1);
	expect_refusal("fields_too_large");
}
END_TEST

START_TEST(request__told__its_fields_are_gone_with_the_next_poll)
{
	struct jvpn_h3_request request = tunnel_request();
	struct jvpn_h3_event event;

	snprintf(request.authorization, sizeof(request.authorization), "Bearer secret");
	bind_both();
	run();
	ck_assert_int_eq(jvpn_h3_submit_request(client.h3, 0, &request), 0);
	while (pump(&client))
		continue;
	ck_assert(jvpn_h3_poll(server.h3, &event));
	ck_assert_str_eq(event.request->authorization, "Bearer secret");
	ck_assert_ptr_nonnull(server.h3->fields);
	ck_assert(!jvpn_h3_poll(server.h3, &event));
	ck_assert_ptr_null(server.h3->fields); /* wiped, and given back */
}
END_TEST

START_TEST(settings__server_without_extended_connect__client_says_so)
{
	/* Control stream: type 0, SETTINGS frame (type 4) with nothing in it. */
	static const uint8_t empty[] = {0x00, 0x04, 0x00};

	ck_assert_int_eq(jvpn_h3_bind(client.h3, 2, 6, 10), 0);
	deliver(&client, 3, empty, sizeof(empty), false);
	ck_assert_int_eq(client.error, JVPN_EH3);
	ck_assert_uint_eq(jvpn_h3_error_code(client.h3), JVPN_H3_SETTINGS_ERROR);
	ck_assert_ptr_nonnull(strstr(jvpn_h3_error_text(client.h3), "does not offer CONNECT-IP"));
}
END_TEST

START_TEST(stream_data__garbage__error_and_no_abort)
{
	/* Every short pattern on every kind of stream, each on a fresh server. */
	for (unsigned value = 0; value < 256; value++) {
		for (int64_t id = 0; id < 4; id++) {
			uint8_t data[64];

			teardown();
			setup();
			bind_both();
			memset(data, (int)value, sizeof(data));
			jvpn_h3_on_stream_data(server.h3, id, data, sizeof(data), (value & 1) != 0,
					       0);
			poll_side(&server);
			jvpn_h3_on_stream_data(client.h3, id, data, sizeof(data), (value & 1) != 0,
					       0);
			poll_side(&client);
		}
	}
}
END_TEST

UNIT_TESTS(h3)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, tunnel__request_and_answer__fields_arrive, 1, 4);
	tcase_add_test(tc, request__before_the_settings__try_again);
	tcase_add_test(tc, ready__settings_before_bind__told_after_bind);
	tcase_add_loop_test(tc, refusal__with_problem__body_and_fields_arrive, 1, 3);
	tcase_add_loop_test(tc, capsules__both_ways_in_pieces__arrive_whole, 1, 5);
	tcase_add_test(tc, capsules__before_the_answer__delivered_after_the_request);
	tcase_add_test(tc, capsules__queued_before_a_refusal__dropped);
	tcase_add_test(tc, send_capsule__full_queue__refused_until_acknowledged);
	tcase_add_test(tc, capsules__unknown_type_longer_than_the_window__skipped_and_credited);
	tcase_add_test(tc, capsules__known_type_too_long__stream_ended_with_message_error);
	tcase_add_test(tc, capsules__stream_ends_inside_one__message_error);
	tcase_add_test(tc, capsules__flood_of_empty_ones_without_poll__connection_closed);
	tcase_add_test(tc, finish__both_sides__clean_end);
	tcase_add_test(tc, stream__reset_stopped_or_closed_by_the_peer__told_once);
	tcase_add_test(tc, stream__critical_one_closed__connection_error);
	tcase_add_loop_test(tc, request__not_for_our_tunnel__answered_with_the_right_status, 0, 12);
	tcase_add_test(tc, request__settings_arrive_later__held_until_then);
	tcase_add_test(tc, request__client_without_http_datagrams__refused);
	tcase_add_test(tc, request__second_one__rejected);
	tcase_add_test(tc, request__token_twice__bad_request);
	tcase_add_test(tc, request__token_too_long_or_not_ascii__treated_as_missing);
	tcase_add_test(tc, request__too_many_fields__refused);
	tcase_add_test(tc, request__told__its_fields_are_gone_with_the_next_poll);
	tcase_add_test(tc, settings__server_without_extended_connect__client_says_so);
	tcase_add_test(tc, stream_data__garbage__error_and_no_abort);
}
