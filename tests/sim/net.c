/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network and QUIC as far as sessions notice them: packets that are lost, doubled, delayed and
 * copied, connections with a reliable stream, acknowledgements, idle time-outs and stateless resets.
 */
#include <string.h>

#include "sim.h"

#define HANDSHAKE_TIMEOUT_NS (10 * JVPN_NS_PER_S)
#define RTO_MAX_NS           (3 * JVPN_NS_PER_S)
#define ACK_DELAY_NS         (25 * SIM_MS)

uint64_t sim_pto_ns(const struct sim *w, const struct sim_conn *c)
{
	return 6 * w->client[c->client].iface[c->iface].delay_ns + ACK_DELAY_NS;
}

struct sim_conn *sim_conn_at(struct sim *w, uint16_t index, uint32_t uid)
{
	struct sim_conn *c = w->conns[index];

	return c && c->used && c->uid == uid ? c : NULL;
}

static uint64_t idle_ns(const struct sim *w)
{
	return jvpn_ms_to_ns(3 * w->policy.idle_keepalive_ms + 5000);
}

/* ---- sending ---- */

static bool is_eliciting(uint8_t kind)
{
	return kind == SIM_STREAM || kind == SIM_DATA || kind == SIM_PING ||
	       kind == SIM_CHALLENGE || kind == SIM_RESPONSE;
}

static void push_packet(struct sim *w, const struct sim_packet *p, uint64_t delay_ns)
{
	struct sim_item item = {.type = SIM_ITEM_PACKET, .packet = *p};

	w->n.packets++;
	sim_push(w, &item, w->now_ns + delay_ns);
}

/* One way through the network; 'loss' of the present spell. */
static void cross(struct sim *w, const struct sim_packet *p, const struct sim_iface *f)
{
	uint32_t loss = p->to_server ? f->loss_up_ppm : f->loss_down_ppm;
	uint64_t delay = f->delay_ns + sim_below(w, f->delay_ns / 8 + 1);

	if (f->bad_until > w->now_ns && loss && sim_chance(w, loss))
		return;
	if (w->jitter_until > w->now_ns) {
		delay += sim_below(w, 4 * f->delay_ns);
		if (sim_chance(w, 100000))
			push_packet(w, p, delay + sim_below(w, 8 * f->delay_ns));
	}
	push_packet(w, p, delay);
}

/* On the path: a copy from the attacker's own address, mostly ahead of the original. */
static void copy_packet(struct sim *w, const struct sim_packet *p, const struct sim_iface *f)
{
	struct sim_packet copy = *p;

	if (f->relay_until <= w->now_ns && (f->copy_until <= w->now_ns || !sim_chance(w, 300000)))
		return;
	copy.tuple = f->attacker_tuple + (f->relay_until > w->now_ns ? 0 : sim_below(w, 3));
	push_packet(w, &copy, sim_chance(w, 800000) ? f->delay_ns / 2 : 3 * f->delay_ns);
}

void sim_emit_packet(struct sim *w, struct sim_conn *c, int end, struct sim_packet *p)
{
	struct sim_half *h = &c->end[end];
	struct sim_iface *f = &w->client[c->client].iface[c->iface];

	p->conn = c->index;
	p->uid = c->uid;
	p->to_server = end == SIM_CLIENT_END;
	p->pn = ++h->pn_next;
	p->sent_ns = w->now_ns;
	p->echo_ns = h->echo_ns;
	p->stream_ack = h->in_next;
	if (is_eliciting(p->kind)) {
		h->last_sent_ns = w->now_ns;
		if (!h->oldest_unacked_ns)
			h->oldest_unacked_ns = w->now_ns;
	}
	if (p->kind == SIM_DATA || p->kind == SIM_STREAM)
		jvpn_liveness_on_sent(&h->liveness, w->now_ns);
	if (end == SIM_CLIENT_END) {
		if (!f->up)
			return;
		p->tuple = f->nat;
		copy_packet(w, p, f);
	} else if (!p->tuple) {
		p->tuple = c->has_candidate ? c->candidate_tuple : c->bound_tuple;
	}
	cross(w, p, f);
}

static void arm_rto(struct sim *w, struct sim_conn *c, int end)
{
	struct sim_half *h = &c->end[end];
	struct sim_item item = {
		.type = SIM_ITEM_RTO, .a = c->index, .uid = c->uid, .b = (uint8_t)end};
	uint64_t wait = sim_pto_ns(w, c) << (h->rto_tries < 6 ? h->rto_tries : 6);

	h->rto_at = w->now_ns + (wait < RTO_MAX_NS ? wait : RTO_MAX_NS);
	sim_push(w, &item, h->rto_at);
}

static void emit_stream(struct sim *w, struct sim_conn *c, int end, uint32_t seq)
{
	struct sim_packet p = {.kind = SIM_STREAM, .seq = seq};

	sim_emit_packet(w, c, end, &p);
}

static void emit_plain(struct sim *w, struct sim_conn *c, int end, enum sim_packet_kind kind)
{
	struct sim_packet p = {.kind = (uint8_t)kind};

	sim_emit_packet(w, c, end, &p);
}

void sim_half_doom(struct sim *w, struct sim_conn *c, int end, uint64_t after_ns)
{
	struct sim_item item = {
		.type = SIM_ITEM_IDLE, .a = c->index, .uid = c->uid, .b = (uint8_t)end};

	c->end[end].doomed_at = w->now_ns + after_ns;
	sim_push(w, &item, w->now_ns + after_ns);
}

void sim_conn_send(struct sim *w, struct sim_conn *c, int end, const struct sim_msg *msg)
{
	struct sim_half *h = &c->end[end];

	if (!h->alive || !h->established)
		return;
	if (h->out_next - h->out_base >= SIM_OUT) {
		sim_half_doom(w, c, end, 0);
		return;
	}
	h->out[h->out_next % SIM_OUT] = *msg;
	if (h->out_next == h->out_base) {
		h->rto_tries = 0;
		arm_rto(w, c, end);
	}
	emit_stream(w, c, end, h->out_next++);
	sim_half_poll(w, c, end);
}

void sim_conn_data(struct sim *w, struct sim_conn *c, int end)
{
	struct sim_half *h = &c->end[end];

	if (!h->alive || !h->established || !h->permit)
		return;
	/* Never to a tuple that is not committed. */
	if (end == SIM_SERVER_END && c->has_candidate)
		return;
	w->n.data++;
	emit_plain(w, c, end, SIM_DATA);
	sim_half_poll(w, c, end);
}

void sim_net_rto(struct sim *w, const struct sim_item *item)
{
	struct sim_conn *c = sim_conn_at(w, item->a, item->uid);
	struct sim_half *h;

	if (!c)
		return;
	h = &c->end[item->b];
	if (!h->alive || h->rto_at != item->at)
		return;
	h->rto_tries++;
	if (!h->established && item->b == SIM_CLIENT_END) {
		emit_plain(w, c, item->b, SIM_INITIAL);
		arm_rto(w, c, item->b);
		return;
	}
	if (h->out_base == h->out_next)
		return;
	for (uint32_t seq = h->out_base; seq != h->out_next && seq - h->out_base < 4; seq++)
		emit_stream(w, c, item->b, seq);
	arm_rto(w, c, item->b);
}

/* ---- life of a connection ---- */

static void begin_half(struct sim *w, struct sim_conn *c, int end)
{
	struct sim_half *h = &c->end[end];
	struct sim_item item = {
		.type = SIM_ITEM_IDLE, .a = c->index, .uid = c->uid, .b = (uint8_t)end};

	h->alive = true;
	h->last_rx_ns = w->now_ns;
	h->born_ns = w->now_ns;
	h->slot = JVPN_SLOT_NONE;
	h->wake_at = JVPN_TIME_NEVER;
	jvpn_liveness_init(&h->liveness, w->now_ns);
	h->liveness.passive = end == SIM_SERVER_END;
	jvpn_liveness_set_pto(&h->liveness, sim_pto_ns(w, c));
	sim_push(w, &item, w->now_ns + HANDSHAKE_TIMEOUT_NS);
}

static struct sim_conn *free_conn(struct sim *w)
{
	static struct sim_conn store[SIM_CONNS];

	for (uint16_t i = 0; i < SIM_CONNS; i++)
		if (!w->conns[i] || !w->conns[i]->used) {
			w->conns[i] = &store[i];
			memset(w->conns[i], 0, sizeof(*w->conns[i]));
			w->conns[i]->index = i;
			return w->conns[i];
		}
	return NULL;
}

struct sim_conn *sim_conn_new(struct sim *w, uint8_t client, uint8_t iface)
{
	struct sim_conn *c = free_conn(w);

	if (!c)
		return NULL;
	c->used = true;
	c->uid = ++w->conn_uid;
	c->client = client;
	c->iface = iface;
	begin_half(w, c, SIM_CLIENT_END);
	emit_plain(w, c, SIM_CLIENT_END, SIM_INITIAL);
	arm_rto(w, c, SIM_CLIENT_END);
	return c;
}

static void detach(struct sim_conn *c, int end)
{
	struct sim_half *h = &c->end[end];

	if (h->live && h->slot < JVPN_SLOTS && h->live->slot[h->slot] == c)
		h->live->slot[h->slot] = NULL;
	h->live = NULL;
	h->slot = JVPN_SLOT_NONE;
	h->permit = false;
}

void sim_half_end(struct sim *w, struct sim_conn *c, int end, bool say, bool restarting)
{
	struct sim_packet p = {.kind = SIM_CLOSE, .restarting = restarting};

	if (!c->end[end].alive)
		return;
	if (say)
		sim_emit_packet(w, c, end, &p);
	c->end[end].alive = false;
	detach(c, end);
	if (!c->end[0].alive && !c->end[1].alive)
		c->used = false;
}

void sim_half_lost(struct sim *w, struct sim_conn *c, int end, bool restarting)
{
	struct sim_live *l = c->end[end].live;
	struct jvpn_event event = {.type = JVPN_EVENT_TRANSPORT_CLOSED, .slot = c->end[end].slot};

	event.u.closed.restarting = restarting;
	event.u.closed.last_good_ns = c->end[end].liveness.last_received_ns;
	sim_half_end(w, c, end, false, false);
	if (l)
		sim_step(w, l, &event, SIM_GENUINE);
}

void sim_net_idle(struct sim *w, const struct sim_item *item)
{
	struct sim_conn *c = sim_conn_at(w, item->a, item->uid);
	struct sim_item again = *item;
	struct sim_half *h;
	uint64_t at;

	if (!c || !c->end[item->b].alive)
		return;
	h = &c->end[item->b];
	at = h->established ? h->last_rx_ns + idle_ns(w) : h->born_ns + HANDSHAKE_TIMEOUT_NS;
	if (at <= w->now_ns || (h->doomed_at && h->doomed_at <= w->now_ns))
		sim_half_lost(w, c, item->b, false);
	else
		sim_push(w, &again, at);
}

/* ---- liveness ---- */

static enum jvpn_fact_kind fact_of(enum jvpn_liveness_verdict verdict)
{
	switch (verdict) {
	case JVPN_LIVENESS_DROPS:
		return JVPN_FACT_DROPS;
	case JVPN_LIVENESS_HEARTBEAT_TIMEOUT:
		return JVPN_FACT_HEARTBEAT_TIMEOUT;
	case JVPN_LIVENESS_DEAD:
		return JVPN_FACT_DEAD;
	case JVPN_LIVENESS_HEALTHY:
		return JVPN_FACT_HEALTHY;
	case JVPN_LIVENESS_NONE:
	case JVPN_LIVENESS_PROBE:
	case JVPN_LIVENESS_KEEPALIVE:
	case JVPN_LIVENESS_COUNT:
		break;
	}
	return JVPN_FACT_NONE;
}

static void follow_mode(struct sim *w, const struct sim_conn *c, struct sim_half *h)
{
	enum jvpn_liveness_mode mode = JVPN_LIVENESS_BOUND;

	if (h->live->core.bound != JVPN_SLOT_NONE && h->live->core.bound != h->slot)
		mode = w->client[c->client].traffic ? JVPN_LIVENESS_STANDBY : JVPN_LIVENESS_RESTING;
	if (h->liveness.mode != mode)
		jvpn_liveness_set_mode(&h->liveness, mode, w->now_ns);
}

static void arm_half(struct sim *w, struct sim_conn *c, int end, uint64_t at)
{
	struct sim_half *h = &c->end[end];
	struct sim_item item = {
		.type = SIM_ITEM_HALF, .a = c->index, .uid = c->uid, .b = (uint8_t)end};

	if (at == JVPN_TIME_NEVER || at >= h->wake_at)
		return;
	h->wake_at = at > w->now_ns ? at : w->now_ns;
	sim_push(w, &item, h->wake_at);
}

void sim_half_poll(struct sim *w, struct sim_conn *c, int end)
{
	struct sim_half *h = &c->end[end];
	enum jvpn_liveness_verdict verdict;

	if (w->executing) {
		arm_half(w, c, end, w->now_ns);
		return;
	}
	for (int i = 0; i < 32; i++) {
		if (!c->used || !h->alive || !h->live || !h->established)
			return;
		follow_mode(w, c, h);
		verdict = jvpn_liveness_poll(&h->liveness, &w->policy, w->now_ns);
		if (verdict == JVPN_LIVENESS_NONE) {
			arm_half(w, c, end, jvpn_liveness_next_deadline(&h->liveness, &w->policy));
			return;
		}
		if (verdict == JVPN_LIVENESS_PROBE || verdict == JVPN_LIVENESS_KEEPALIVE)
			emit_plain(w, c, end, SIM_PING);
		else if (!sim_fact(w, c, end, fact_of(verdict)))
			return;
	}
	sim_fail(w, "liveness of connection %u does not come to an end", c->uid);
}

void sim_half_wake(struct sim *w, const struct sim_item *item)
{
	struct sim_conn *c = sim_conn_at(w, item->a, item->uid);

	if (!c || !c->end[item->b].alive || c->end[item->b].wake_at != item->at)
		return;
	c->end[item->b].wake_at = JVPN_TIME_NEVER;
	sim_half_poll(w, c, item->b);
}

/* ---- receiving ---- */

/* Is the packet new (RFC 9000 section 12.3)? *newest: higher than all before. */
static bool take_number(struct sim_half *h, uint32_t pn, bool *newest)
{
	uint32_t behind;

	*newest = pn > h->pn_high;
	if (*newest) {
		behind = pn - h->pn_high;
		h->pn_seen = behind < 64 ? h->pn_seen << behind : 0;
		h->pn_seen |= 1;
		h->pn_high = pn;
		return true;
	}
	behind = h->pn_high - pn;
	if (behind >= 64 || (h->pn_seen >> behind & 1))
		return false;
	h->pn_seen |= 1ULL << behind;
	return true;
}

static void take_acks(struct sim *w, struct sim_half *h, const struct sim_packet *p)
{
	uint64_t was = h->oldest_unacked_ns;

	if (p->stream_ack - h->out_base <= h->out_next - h->out_base &&
	    p->stream_ack != h->out_base) {
		h->out_base = p->stream_ack;
		h->rto_tries = 0;
	}
	if (!was || p->echo_ns < was)
		return;
	h->oldest_unacked_ns = p->echo_ns >= h->last_sent_ns ? 0 : p->echo_ns + 1;
	jvpn_liveness_on_acked(&h->liveness, h->oldest_unacked_ns, w->now_ns);
}

static void take_stream(struct sim *w, struct sim_conn *c, int end, const struct sim_packet *p)
{
	struct sim_half *h = &c->end[end];
	const struct sim_half *peer = &c->end[!end];
	uint32_t uid = c->uid, ahead = p->seq - h->in_next;

	if (ahead >= SIM_OUT)
		return;
	h->in_mask |= 1ULL << ahead;
	while (h->in_mask & 1) {
		struct sim_msg msg = peer->out[h->in_next % SIM_OUT];

		h->in_mask >>= 1;
		h->in_next++;
		if (end == SIM_SERVER_END)
			sim_server_message(w, c, &msg, p->tuple);
		else
			sim_client_message(w, c, &msg);
		if (c->uid != uid || !c->used || !h->alive)
			return;
	}
}

/* The peer of 'end' said something authentic; what follows from its kind. */
static void take_kind(struct sim *w, struct sim_conn *c, int end, const struct sim_packet *p)
{
	struct sim_packet answer = {.kind = SIM_RESPONSE, .cookie = p->cookie};

	switch (p->kind) {
	case SIM_STREAM:
		take_stream(w, c, end, p);
		break;
	case SIM_CHALLENGE:
		sim_emit_packet(w, c, end, &answer);
		break;
	case SIM_RESPONSE:
		if (end == SIM_SERVER_END)
			sim_gate_response(w, c, (uint32_t)p->cookie);
		break;
	case SIM_CLOSE:
		sim_half_lost(w, c, end, p->restarting);
		break;
	default:
		break;
	}
}

static void take(struct sim *w, struct sim_conn *c, int end, const struct sim_packet *p)
{
	struct sim_half *h = &c->end[end];
	uint32_t uid = c->uid;
	bool newest, bound = end == SIM_CLIENT_END || p->tuple == c->bound_tuple;

	if (!take_number(h, p->pn, &newest))
		return;
	h->last_rx_ns = w->now_ns;
	if (p->sent_ns > h->echo_ns)
		h->echo_ns = p->sent_ns;
	if (bound)
		jvpn_liveness_on_received(&h->liveness, p->kind == SIM_DATA, w->now_ns);
	take_acks(w, h, p);
	if (end == SIM_SERVER_END)
		sim_gate_settle(w, c, p->tuple, newest);
	if (c->uid == uid && c->used && h->alive)
		take_kind(w, c, end, p);
	if (c->uid != uid || !c->used || !h->alive)
		return;
	if (is_eliciting(p->kind) && p->kind != SIM_CHALLENGE)
		emit_plain(w, c, end, SIM_ACK);
	sim_half_poll(w, c, end);
}

static void take_initial(struct sim *w, struct sim_conn *c, const struct sim_packet *p)
{
	struct sim_packet hello = {.kind = SIM_HELLO, .tuple = p->tuple};

	if (w->draining)
		return;
	if (!c->end[SIM_SERVER_END].alive) {
		/* A second life of the same connection does not exist. */
		if (c->end[SIM_SERVER_END].born_ns)
			return;
		begin_half(w, c, SIM_SERVER_END);
		c->bound_tuple = p->tuple;
	}
	if (p->tuple == c->bound_tuple)
		sim_emit_packet(w, c, SIM_SERVER_END, &hello);
}

static void take_at_server(struct sim *w, struct sim_conn *c, const struct sim_packet *p)
{
	struct sim_half *h = &c->end[SIM_SERVER_END];
	struct sim_packet reset = {.kind = SIM_RESET, .tuple = p->tuple};

	if (!w->server_up)
		return;
	if (p->kind == SIM_INITIAL) {
		take_initial(w, c, p);
		return;
	}
	if (!h->alive) {
		sim_emit_packet(w, c, SIM_SERVER_END, &reset);
		return;
	}
	if (!h->established) {
		if (p->tuple != c->bound_tuple)
			return;
		h->established = true;
		c->bound_validated = true;
		c->bound_heard_ns = w->now_ns;
	}
	if (sim_gate_admits(w, c, p->tuple))
		take(w, c, SIM_SERVER_END, p);
}

static void take_at_client(struct sim *w, struct sim_conn *c, const struct sim_packet *p)
{
	const struct sim_iface *f = &w->client[c->client].iface[c->iface];
	struct sim_half *h = &c->end[SIM_CLIENT_END];

	if (!h->alive || !f->up)
		return;
	if (p->tuple != f->nat && !(p->tuple == f->attacker_tuple && f->relay_until > w->now_ns))
		return;
	if (p->kind == SIM_RESET) {
		if (h->established)
			sim_half_lost(w, c, SIM_CLIENT_END, false);
		return;
	}
	if (p->kind == SIM_HELLO && !h->established) {
		h->established = true;
		h->rto_at = 0;
		h->last_rx_ns = w->now_ns;
		jvpn_liveness_on_received(&h->liveness, false, w->now_ns);
		sim_client_ready(w, c);
		return;
	}
	if (h->established)
		take(w, c, SIM_CLIENT_END, p);
}

void sim_net_packet(struct sim *w, const struct sim_packet *p)
{
	struct sim_conn *c = sim_conn_at(w, p->conn, p->uid);

	if (!c)
		return;
	if (p->to_server)
		take_at_server(w, c, p);
	else
		take_at_client(w, c, p);
}
