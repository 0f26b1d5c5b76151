/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a packet costs in user space, for callgrind and perf; tests/bench/instructions counts it.
 *
 * usage: bench_packet super|quic PACKETS
 *   super  super-packets taken apart into the session's queue, taken out, joined again
 *   quic   from one end of a connection to the other (tests/unit/quic_pair), acknowledgements and the
 *          world in between included
 * Only what runs inside measured() is meant to be counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "base/time.h"
#include "proto/ippkt.h"
#include "tests/unit/packet.h"
#include "tests/unit/quic_pair.h"
#include "tun/coalesce.h"
#include "tun/queue.h"
#include "tun/segment.h"

#define SEGMENT_BYTES 1348
#define SEGMENTS      40
#define TCP_BYTES     20

static struct pair pair;
static uint8_t super[JVPN_IPV4_HEADER_BYTES + TCP_BYTES + SEGMENTS * SEGMENT_BYTES];
static struct jvpn_queue queue;
static struct jvpn_pool pool;
static struct jvpn_coalescer *coalescer;
static uint64_t writes;

static void count_write(void *user, const struct jvpn_tun_offload *offload, const uint8_t *packet,
			size_t len)
{
	(void)user;
	(void)offload;
	(void)packet;
	(void)len;
	writes++;
}

static void make_super(void)
{
	struct jvpn_queue_config config = {
		.max_packets = 4096,
		.max_bytes = 1U << 22,
		.max_sojourn_ns = JVPN_TIME_NEVER,
		.codel = {.target_ns = 5 * JVPN_NS_PER_MS, .interval_ns = 100 * JVPN_NS_PER_MS},
		.pool = &pool};
	uint8_t head[PACKET_MAX];
	size_t len = packet_ipv4(head, JVPN_IP_PROTO_TCP, TCP_BYTES);

	memcpy(super, head, len);
	super[2] = (uint8_t)(sizeof(super) >> 8);
	super[3] = (uint8_t)sizeof(super);
	packet_ipv4_checksum(super);
	memset(super + JVPN_IPV4_HEADER_BYTES, 0, TCP_BYTES);
	super[JVPN_IPV4_HEADER_BYTES + 12] = TCP_BYTES / 4 << 4;
	super[JVPN_IPV4_HEADER_BYTES + 13] = 0x10;
	jvpn_queue_init(&queue, &config);
	if (jvpn_coalescer_new(true, count_write, NULL, &coalescer))
		exit(1);
}

static void one_super(uint64_t now_ns)
{
	struct jvpn_tun_offload offload = {.gso = JVPN_GSO_TCP4, .segment_bytes = SEGMENT_BYTES};
	uint32_t hash = jvpn_queue_hash(&queue, super, sizeof(super));
	struct jvpn_super *s = jvpn_super_new(&pool);
	const struct jvpn_queue_piece *p;
	uint8_t packet[PACKET_MAX];

	if (!s)
		exit(1);
	/* What the kernel would have written is still there from the last time. */
	if (now_ns == 0)
		memcpy(s->data, super, sizeof(super));
	if (jvpn_segment_init(&s->segmenter, &offload, s->data, sizeof(super)) ||
	    jvpn_queue_put_super(&queue, hash, s, now_ns))
		exit(1);
	while ((p = jvpn_queue_peek(&queue, now_ns))) {
		memcpy(packet, p->head, p->head_len); /* QUIC's */
		memcpy(packet + p->head_len, p->body, p->body_len);
		jvpn_coalesce_add(coalescer, packet, p->head_len + p->body_len);
		jvpn_queue_pop(&queue);
	}
	jvpn_coalesce_flush(coalescer);
}

static __attribute__((noinline)) void measured(bool quic, uint64_t packets)
{
	uint64_t first = pair.client.packets;

	if (!quic) {
		for (uint64_t i = 0; i < packets / SEGMENTS; i++)
			one_super(i * JVPN_NS_PER_MS);
		return;
	}
	pair.server.keep_sending = true;
	pair.server.send_len = SEGMENT_BYTES;
	jvpn_conn_want_write(pair.server.conn);
	for (int ms = 0; ms < 60000 && pair.client.packets - first < packets; ms++)
		pair_run(&pair, PAIR_MS);
	pair.server.keep_sending = false;
}

static bool wants_quic;
static uint64_t wanted;

/* The pair asserts with libcheck, which has to be running for that. */
START_TEST(measure)
{
	if (wants_quic) {
		pair_init(&pair, NULL);
		pair_open(&pair);
	} else {
		make_super();
	}
	measured(wants_quic, wanted);
	if (wants_quic) {
		printf("packets %llu\n", (unsigned long long)pair.client.packets);
		pair_clear(&pair);
	} else {
		printf("packets %llu, writes %llu\n", (unsigned long long)wanted,
		       (unsigned long long)writes);
		jvpn_coalescer_free(coalescer);
		jvpn_queue_clear(&queue);
		jvpn_pool_clear(&pool);
	}
}
END_TEST

int main(int argc, char **argv)
{
	SRunner *runner;
	Suite *suite;
	TCase *tc;
	int failed;

	wants_quic = argc == 3 && strcmp(argv[1], "quic") == 0;
	wanted = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	if (wanted == 0 || (!wants_quic && strcmp(argv[1], "super") != 0)) {
		fprintf(stderr, "usage: bench_packet super|quic PACKETS\n");
		return 2;
	}
	suite = suite_create("bench");
	tc = tcase_create("packet");
	tcase_add_test(tc, measure);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_MINIMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
