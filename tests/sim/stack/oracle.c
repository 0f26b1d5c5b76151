/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Judges permits, inner packets and recovery by what the world knows and the programs do not: who sent
 * which packet, and from which address the datagram came that carried it. For tests only.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quic/quic_internal.h"
#include "stack.h"

#define SESSIONS     256
#define HEADERS      28
#define PACKET_MAGIC 0x6a76U
/* wire.md, "Paths": stragglers of the old tuple, at the longest. */
#define STRAGGLER_NS (2000 * STACK_MS)
#define SEEN_BYTES   (1 << 16)
#define BEFORE       8

struct bound {
	const struct jvpn_conn *conn;
	struct sockaddr_in remote;
};

/* The tuples that one end of a session was bound to. */
struct history {
	int node;
	struct jvpn_id id;
	struct bound now, before[BEFORE];
	size_t changes;
	bool has_permit;
	uint64_t changed_ns; /* when 'now' began, or lost its permit */
};

static struct history histories[SESSIONS];
static size_t history_count;

void stack_oracle_reset(void)
{
	memset(histories, 0, sizeof(histories));
	history_count = 0;
}

static struct history *history_of(const struct stack_node *node, const struct jvpn_live *live)
{
	struct history *h;

	for (size_t i = 0; i < history_count; i++)
		if (histories[i].node == node->index &&
		    jvpn_id_equal(&histories[i].id, &live->core.id))
			return &histories[i];
	h = &histories[history_count++ % SESSIONS];
	if (history_count > SESSIONS)
		history_count = SESSIONS;
	*h = (struct history){.node = node->index, .id = live->core.id};
	return h;
}

static bool same_tuple(const struct bound *b, const struct jvpn_conn *conn,
		       const struct sockaddr_in *remote)
{
	return b->conn == conn && b->remote.sin_port == remote->sin_port &&
	       b->remote.sin_addr.s_addr == remote->sin_addr.s_addr;
}

/* Follows the binding; without a permit the last one stays, but is left. */
static struct history *follow(const struct stack_node *node, const struct jvpn_live *live)
{
	struct history *h = history_of(node, live);
	const struct jvpn_transport *t = jvpn_live_binding(live);
	struct sockaddr_storage remote;

	if (!t || !live->core.permit ||
	    jvpn_conn_path_remote(t->conn, jvpn_conn_bound_generation(t->conn), &remote)) {
		if (h->has_permit)
			h->changed_ns = stack.now_ns;
		h->has_permit = false;
		return h;
	}
	h->has_permit = true;
	if (same_tuple(&h->now, t->conn, (const struct sockaddr_in *)&remote))
		return h;
	h->before[h->changes++ % BEFORE] = h->now;
	h->changed_ns = stack.now_ns;
	h->now = (struct bound){.conn = t->conn};
	memcpy(&h->now.remote, &remote, sizeof(h->now.remote));
	return h;
}

bool stack_oracle_is_bound(const struct sockaddr_in *remote)
{
	for (size_t i = 0; i < history_count; i++)
		if (histories[i].node == 0 && histories[i].now.conn &&
		    same_tuple(&histories[i].now, histories[i].now.conn, remote))
			return true;
	return false;
}

/* ---- permits ---- */

static void check_permits(const struct stack_node *node, const struct jvpn_live *live)
{
	const struct jvpn_transport *permitted = NULL;

	for (size_t i = 0; i < JVPN_SLOTS; i++) {
		const struct jvpn_transport *t = live->slot[i];

		if (!t || !jvpn_conn_is_permitted(t->conn))
			continue;
		if (permitted)
			stack_fail("I1: two transports of one session may forward");
		permitted = t;
	}
	if (permitted && (!live->core.permit || permitted != jvpn_live_binding(live)))
		stack_fail("I1: a transport forwards that is not the binding");
	if (permitted && live->core.state == JVPN_STATE_TERMINATED)
		stack_fail("I1: an ended session forwards");
	follow(node, live);
}

static struct jvpn_driver *driver_of(const struct stack_node *node)
{
	return node->index ? stack_client_driver(node) : stack_server_driver();
}

void stack_oracle_turn(const struct stack_node *node)
{
	const struct jvpn_driver *d = driver_of(node);

	if (!d)
		return;
	for (const struct jvpn_live *l = d->lives; l; l = l->next)
		check_permits(node, l);
	for (const struct jvpn_transport *t = d->transports; t; t = t->next)
		if (!t->live && jvpn_conn_is_permitted(t->conn))
			stack_fail("I1: a connection without a session may forward");
}

/* ---- packets ---- */

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The transport whose datagram is being read right now; NULL: the packet was held. */
static const struct jvpn_transport *reading(const struct jvpn_driver *d)
{
	for (const struct jvpn_transport *t = d->transports; t; t = t->next)
		if (t->conn->is_reading)
			return t;
	return NULL;
}

static const struct jvpn_live *owner_of(const struct jvpn_driver *d, const uint8_t *address)
{
	for (const struct jvpn_live *l = d->lives; l; l = l->next)
		for (size_t i = 0; i < l->addresses->count; i++)
			if (l->addresses->address[i].version == 4 &&
			    !memcmp(l->addresses->address[i].address, address, 4))
				return l;
	return NULL;
}

/* Proven and bound once, in this session: also the last tuple of a connection that the session has
 * come back to. */
static bool was_bound(const struct history *h, const struct jvpn_conn *conn,
		      const struct sockaddr_in *from)
{
	for (size_t i = 0; i < BEFORE; i++)
		if (same_tuple(&h->before[i], conn, from))
			return true;
	return false;
}

static void check_source(const struct stack_node *node, const struct jvpn_live *live)
{
	const struct jvpn_transport *t = reading(driver_of(node));
	const struct sockaddr_in *from = (const struct sockaddr_in *)stack_net_reading();
	const struct history *h = follow(node, live);
	bool is_now;

	if (!t || !from) {
		if (!h->has_permit)
			stack_fail("a held packet was delivered without a permit");
		return;
	}
	if (t->live != live) {
		stack_fail("a packet came through a transport of another session or of none");
		return;
	}
	is_now = same_tuple(&h->now, t->conn, from);
	if (is_now && h->has_permit)
		return;
	if (!is_now && !was_bound(h, t->conn, from))
		stack_fail("a packet was delivered from a tuple that was never bound");
	else if (stack.now_ns - h->changed_ns > STRAGGLER_NS)
		stack_fail("a straggler %" PRIu64 " ms after its tuple was left",
			   (stack.now_ns - h->changed_ns) / STACK_MS);
}

static void count(struct stack_node *client, bool up, uint32_t number)
{
	struct stack_flow *flow = up ? &client->up : &client->down;

	if (number >= flow->sent)
		stack_fail("packet %u was never sent", number);
	if (!flow->seen)
		flow->seen = calloc(1, SEEN_BYTES);
	if (number < 8 * SEEN_BYTES) {
		if (flow->seen[number / 8] >> (number % 8) & 1)
			stack_fail("packet %u of %s %s was delivered twice", number, client->name,
				   up ? "to the server" : "from the server");
		flow->seen[number / 8] |= (uint8_t)(1U << (number % 8));
	}
	flow->received++;
	flow->received_calm += stack.calm;
	stack.n.inner++;
}

void stack_oracle_packet(struct stack_node *node, const uint8_t *packet, size_t len)
{
	uint32_t head = len >= HEADERS + 8 ? get32(packet + HEADERS) : 0;
	size_t client = head >> 8 & 0xff;
	bool up = head & 1;
	const struct jvpn_live *live;

	if (head >> 16 != PACKET_MAGIC)
		return; /* an ICMP error */
	if (up != (node->index == 0) || client == 0 || client >= stack.nodes ||
	    (!up && client != (size_t)node->index)) {
		stack_fail("a packet of client %zu came out at %s", client, node->name);
		return;
	}
	live = up ? owner_of(stack_server_driver(), packet + 12) : stack_client_live(node);
	if (!live)
		stack_fail("a packet for a session that is not there");
	else
		check_source(node, live);
	count(&stack.node[client], up, get32(packet + HEADERS + 4));
}

/* A server that was restarted without its sessions gives their addresses to others. */
bool stack_oracle_owns(const struct stack_node *client)
{
	const struct jvpn_live *c = stack_client_live(client), *s;
	uint8_t address[4];

	for (int i = 0; i < 4; i++)
		address[i] = (uint8_t)(client->inner >> (24 - 8 * i));
	s = c && stack_server_driver() ? owner_of(stack_server_driver(), address) : NULL;
	return s && jvpn_id_equal(&s->core.id, &c->core.id);
}

/* ---- recovery ---- */

static const struct jvpn_live *other_end(const struct jvpn_live *client)
{
	const struct jvpn_driver *d = stack_server_driver();

	for (const struct jvpn_live *l = d ? d->lives : NULL; l; l = l->next)
		if (jvpn_id_equal(&l->core.id, &client->core.id))
			return l;
	return NULL;
}

static const char *what_lacks(const struct stack_node *node)
{
	const struct jvpn_live *c = stack_client_live(node), *s = c ? other_end(c) : NULL;

	if (!node->running)
		return "is not running";
	if (!c)
		return "has no session";
	if (c->core.state != JVPN_STATE_ATTACHED)
		return "is not ATTACHED";
	if (!s)
		return "has a session that the server does not know";
	if (s->core.state != JVPN_STATE_ATTACHED)
		return "is not ATTACHED at the server";
	if (c->core.server_version != s->core.state_version)
		return "has another version than the server";
	if (!jvpn_live_binding(c) || !jvpn_live_binding(s))
		return "has no binding";
	if (node->up.received_calm < 3)
		return "sends, and nothing arrives at the server";
	if (node->down.received_calm < 3)
		return "receives nothing";
	return NULL;
}

bool stack_oracle_whole(void)
{
	for (size_t i = 1; i < stack.nodes; i++)
		if (what_lacks(&stack.node[i]))
			return false;
	return true;
}

void stack_oracle_explain(void)
{
	for (size_t i = 1; i < stack.nodes; i++) {
		const char *lack = what_lacks(&stack.node[i]);
		const struct jvpn_live *c = stack_client_live(&stack.node[i]);

		if (lack)
			stack_fail("not whole %" PRIu64 " s after the network healed: %s %s (%s)",
				   (stack.now_ns - stack.calm_since_ns) / STACK_S,
				   stack.node[i].name, lack,
				   c ? jvpn_state_name(c->core.state) : "no session");
	}
}
