/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a worker reads that is another one's: datagrams whose connection ID names that one, inner packets
 * from its own queue of the TUN. Copied into the owner's mailbox, or dropped and counted. Never waits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "quic/endpoint.h"
#include "runtime/clock.h"
#include "runtime/persist.h"
#include "server/listener.h"
#include "server/server.h"

enum mail { MAIL_NONE = 0, MAIL_DATAGRAM, MAIL_PACKET };

/* Datagrams that QUIC takes at once. */
#define RUN_MAX 32

struct datagram_head {
	struct jvpn_tuple tuple;
	size_t socket; /* of the listener */
	uint8_t ecn;
};

struct packet_head {
	struct jvpn_tun_offload offload;
	bool is_super;
	size_t largest;
};

_Static_assert(sizeof(struct datagram_head) <= JVPN_LETTER_HEAD, "fits");
_Static_assert(sizeof(struct packet_head) <= JVPN_LETTER_HEAD, "fits");

/* ---- giving ---- */

static void post(struct jvpn_worker *worker, struct jvpn_worker *owner, struct jvpn_letter *letter,
		 uint64_t *counter)
{
	if (!letter || jvpn_mailbox_post(owner->mailbox, letter)) {
		jvpn_letter_free(letter);
		worker->handed.dropped++;
		return;
	}
	++*counter;
}

bool jvpn_worker_on_misdirected(void *user, struct jvpn_endpoint *endpoint,
				const struct jvpn_datagram *datagram, unsigned owner)
{
	struct jvpn_worker *worker = user;
	struct jvpn_letter *letter = jvpn_letter_new(MAIL_DATAGRAM, datagram->data, datagram->len);

	if (letter) {
		struct datagram_head *head = (struct datagram_head *)letter->head;

		head->tuple = *datagram->tuple;
		head->socket = jvpn_listener_index(worker->listener, endpoint);
		head->ecn = datagram->ecn;
	}
	post(worker, &worker->server->worker[owner], letter, &worker->handed.datagrams);
	return true;
}

void jvpn_worker_hand_packet(struct jvpn_worker *worker, struct jvpn_worker *owner,
			     const struct jvpn_forward_packet *packet)
{
	struct jvpn_letter *letter = jvpn_letter_new(MAIL_PACKET, packet->data, packet->len);

	if (letter) {
		struct packet_head *head = (struct packet_head *)letter->head;

		memset(head, 0, sizeof(*head));
		head->is_super = packet->offload != NULL;
		if (head->is_super)
			head->offload = *packet->offload;
		head->largest = packet->largest;
	}
	post(worker, owner, letter, &worker->handed.packets);
}

/* ---- taking ---- */

/* Letters of one kind in a row, for one socket. */
struct run {
	struct jvpn_letter *letter[RUN_MAX];
	struct jvpn_datagram datagram[RUN_MAX];
	size_t count, socket;
};

static void flush_run(struct jvpn_worker *worker, struct run *run, uint64_t now_ns)
{
	if (run->count) {
		jvpn_quic_set_wall(worker->engine.quic, jvpn_clock_wall_ms() / JVPN_MS_PER_S);
		jvpn_quic_take(worker->engine.quic,
			       jvpn_listener_endpoint(worker->listener, run->socket), run->datagram,
			       run->count, now_ns);
	}
	for (size_t i = 0; i < run->count; i++)
		jvpn_letter_free(run->letter[i]);
	run->count = 0;
}

static void take_datagram(struct jvpn_worker *worker, struct run *run, struct jvpn_letter *letter,
			  uint64_t now_ns)
{
	const struct datagram_head *head = (const struct datagram_head *)letter->head;

	if (run->count == RUN_MAX || head->socket != run->socket)
		flush_run(worker, run, now_ns);
	run->socket = head->socket;
	run->letter[run->count] = letter;
	run->datagram[run->count++] = (struct jvpn_datagram){
		.data = letter->data, .len = letter->len, .tuple = &head->tuple, .ecn = head->ecn};
}

static void take_packet(struct jvpn_worker *worker, struct jvpn_letter *letter, uint64_t now_ns)
{
	struct packet_head *head = (struct packet_head *)letter->head;
	struct jvpn_forward_packet p = {.data = letter->data,
					.len = letter->len,
					.now_ns = now_ns,
					.offload = head->is_super ? &head->offload : NULL,
					.largest = head->largest};

	jvpn_server_route_packet(worker, &p);
	jvpn_letter_free(letter);
}

static void on_mail(void *user, uint64_t now_ns)
{
	struct jvpn_worker *worker = user;
	struct run run = {.count = 0};
	struct jvpn_letter *letter;

	jvpn_mailbox_open(worker->mailbox);
	if (worker->persist)
		jvpn_persist_dispatch(worker->persist, now_ns);
	while ((letter = jvpn_mailbox_take(worker->mailbox))) {
		if (letter->kind == MAIL_DATAGRAM)
			take_datagram(worker, &run, letter, now_ns);
		else
			take_packet(worker, letter, now_ns);
	}
	flush_run(worker, &run, now_ns);
}

/* ---- the mailbox ---- */

void jvpn_worker_wake(struct jvpn_worker *worker)
{
	jvpn_mailbox_ring(worker->mailbox);
}

static void wake(void *user)
{
	jvpn_worker_wake(user);
}

int jvpn_worker_open_mailbox(struct jvpn_worker *worker)
{
	int rv = jvpn_mailbox_new(JVPN_WORKER_LETTERS, JVPN_WORKER_LETTER_BYTES, &worker->mailbox);

	if (!rv)
		rv = jvpn_loop_watch_readable(worker->engine.loop, jvpn_mailbox_fd(worker->mailbox),
					      on_mail, worker, &worker->mail_watch);
	if (rv)
		return rv;
	if (worker->persist)
		jvpn_persist_set_wake(worker->persist, wake, worker);
	if (worker->id == 0)
		jvpn_events_set_wake(worker->engine.events, wake, worker);
	return 0;
}

void jvpn_worker_close_mailbox(struct jvpn_worker *worker)
{
	if (!worker->mailbox)
		return;
	jvpn_loop_unwatch(worker->engine.loop, worker->mail_watch);
	if (worker->persist)
		jvpn_persist_set_wake(worker->persist, NULL, NULL);
	if (worker->id == 0)
		jvpn_events_set_wake(worker->engine.events, NULL, NULL);
	jvpn_mailbox_free(worker->mailbox);
	worker->mailbox = NULL;
}
