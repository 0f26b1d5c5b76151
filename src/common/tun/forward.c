/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The forwarding rules: every function is a ladder of checks, cheapest first, each with its reason.
 */
#include "tun/forward.h"

#include <string.h>

#include "base/err.h"
#include "base/time.h"

#define UDP_HEADER_BYTES    8u
#define UDP_DST_PORT_OFFSET 2u

const char *jvpn_forward_reason_text(enum jvpn_forward_reason reason)
{
	static const char *const texts[JVPN_FORWARD_REASON_COUNT] = {
#define X(name, text) [JVPN_FORWARD_REASON_##name] = (text),
		JVPN_FORWARD_REASON_MAP(X)
#undef X
	};

	if ((unsigned)reason >= JVPN_FORWARD_REASON_COUNT)
		return "unknown";
	return texts[reason];
}

void jvpn_forward_limit_init(struct jvpn_forward_limit *limit, uint32_t per_s, uint32_t burst)
{
	memset(limit, 0, sizeof(*limit));
	limit->per_s = per_s;
	limit->burst = burst;
}

bool jvpn_forward_limit_take(struct jvpn_forward_limit *limit, uint64_t now_ns)
{
	uint64_t token_ns, full_ns;

	if (limit->per_s == 0 || limit->burst == 0)
		return false;
	token_ns = JVPN_NS_PER_S / limit->per_s;
	full_ns = token_ns * limit->burst;
	if (!limit->started) {
		limit->started = true;
		limit->tokens_ns = full_ns;
		limit->last_ns = now_ns;
	}
	limit->tokens_ns = jvpn_time_add(limit->tokens_ns, jvpn_time_since(now_ns, limit->last_ns));
	if (limit->tokens_ns > full_ns)
		limit->tokens_ns = full_ns;
	limit->last_ns = now_ns;
	if (limit->tokens_ns < token_ns)
		return false;
	limit->tokens_ns -= token_ns;
	return true;
}

void jvpn_forward_init(struct jvpn_forward *forward)
{
	memset(forward, 0, sizeof(*forward));
	forward->mss_clamp = true;
	jvpn_forward_limit_init(&forward->limit, JVPN_FORWARD_ICMP_PER_S, JVPN_FORWARD_ICMP_BURST);
}

static enum jvpn_forward_verdict drop(struct jvpn_forward *forward,
				      struct jvpn_forward_packet *packet,
				      enum jvpn_forward_reason reason)
{
	packet->reason = reason;
	forward->counters.dropped[reason]++;
	return JVPN_FORWARD_DROP;
}

/* Where an error comes from: our inner address, when there is one. Not so for an IPv4 error that
 * goes back into the kernel behind the TUN: with a source that is the kernel's own it would be
 * dropped as a martian (accept_local is off), so the packet's destination has to do. */
static const uint8_t *error_source(const struct jvpn_forward *forward,
				   const struct jvpn_forward_packet *packet,
				   enum jvpn_forward_reason reason)
{
	const struct jvpn_ippkt *view = &packet->view;
	const struct jvpn_prefix *own = view->version == 4 ? &forward->own4 : &forward->own6;
	bool to_peer = reason == JVPN_FORWARD_REASON_PEER; /* refused on the way up */

	if (own->family != 0 && (view->version == 6 || to_peer))
		return own->address;
	return jvpn_ippkt_dst(view, packet->data);
}

/* Drops, and answers when that is allowed and the limit has a token left. A packet that may not be
 * answered takes no token. */
static enum jvpn_forward_verdict answer(struct jvpn_forward *forward,
					struct jvpn_forward_packet *packet,
					enum jvpn_forward_reason reason, enum jvpn_icmp_error error)
{
	struct jvpn_forward_limit *limit = packet->limit != NULL ? packet->limit : &forward->limit;
	struct jvpn_icmp_request request = {
		.error = error,
		.mtu = (uint32_t)packet->mtu,
		.source = error_source(forward, packet, reason),
	};
	int len;

	(void)drop(forward, packet, reason);
	if (!jvpn_ippkt_is_answerable(&packet->view, packet->data, error))
		return JVPN_FORWARD_DROP;
	if (!jvpn_forward_limit_take(limit, packet->now_ns)) {
		forward->counters.icmp_limited++;
		return JVPN_FORWARD_DROP;
	}
	len = jvpn_ippkt_icmp_build(&request, &packet->view, packet->data, forward->reply,
				    sizeof(forward->reply));
	if (len <= 0)
		return JVPN_FORWARD_DROP;
	forward->reply_len = (size_t)len;
	forward->counters.icmp_sent++;
	return JVPN_FORWARD_REPLY;
}

static enum jvpn_forward_verdict pass(struct jvpn_forward *forward,
				      struct jvpn_forward_packet *packet)
{
	if (forward->mss_clamp && packet->mtu != 0 &&
	    jvpn_ippkt_mss_clamp(&packet->view, packet->data, (uint32_t)packet->mtu))
		forward->counters.mss_clamped++;
	packet->reason = JVPN_FORWARD_REASON_NONE;
	forward->counters.passed_packets++;
	forward->counters.passed_bytes += packet->len;
	return JVPN_FORWARD_PASS;
}

enum jvpn_forward_verdict jvpn_forward_receive(struct jvpn_forward *forward,
					       struct jvpn_forward_packet *packet)
{
	packet->reason = JVPN_FORWARD_REASON_NONE;
	if (jvpn_ippkt_parse(packet->data, packet->len, &packet->view) != 0)
		return drop(forward, packet, JVPN_FORWARD_REASON_MALFORMED);
	if (!jvpn_ippkt_is_forwardable(&packet->view, packet->data))
		return drop(forward, packet, JVPN_FORWARD_REASON_NOT_FORWARDABLE);
	return JVPN_FORWARD_PASS;
}

static bool is_own(const struct jvpn_forward *forward, const struct jvpn_ippkt *view,
		   const uint8_t *address)
{
	const struct jvpn_prefix *own = view->version == 4 ? &forward->own4 : &forward->own6;

	return own->family != 0 && memcmp(own->address, address, view->address_len) == 0;
}

/* An encrypted packet of the tunnel inside the tunnel: each round would add a header. */
static bool is_loop(const struct jvpn_forward *forward, const struct jvpn_forward_packet *packet)
{
	const struct jvpn_ippkt *view = &packet->view;
	const uint8_t *dst = jvpn_ippkt_dst(view, packet->data);
	const uint8_t *udp = packet->data + view->payload_offset;
	uint16_t port;

	if (view->protocol != JVPN_IP_PROTO_UDP || !view->has_payload_head ||
	    (size_t)view->payload_offset + UDP_HEADER_BYTES > packet->len)
		return false;
	port = (uint16_t)(udp[UDP_DST_PORT_OFFSET] << 8 | udp[UDP_DST_PORT_OFFSET + 1]);
	for (size_t i = 0; i < forward->outer_count; i++) {
		const struct jvpn_forward_outer *outer = &forward->outer[i];

		if (outer->family == view->version && outer->port == port &&
		    memcmp(outer->address, dst, view->address_len) == 0)
			return true;
	}
	return false;
}

static bool is_other_client(const struct jvpn_forward *forward,
			    const struct jvpn_forward_packet *packet)
{
	const struct jvpn_ippkt *view = &packet->view;
	const struct jvpn_prefix *pool = view->version == 4 ? &forward->pool4 : &forward->pool6;
	const uint8_t *dst = jvpn_ippkt_dst(view, packet->data);

	return jvpn_prefix_contains(pool, view->version, dst) && !is_own(forward, view, dst);
}

enum jvpn_forward_verdict jvpn_forward_uplink(struct jvpn_forward *forward,
					      struct jvpn_forward_packet *packet)
{
	enum jvpn_forward_verdict verdict = jvpn_forward_receive(forward, packet);

	if (verdict != JVPN_FORWARD_PASS)
		return verdict;
	/* No answer to a wrong source: the error would go to whoever really has the address. */
	if (!jvpn_ippkt_src_is_assigned(&packet->view, packet->data, packet->assigned))
		return drop(forward, packet, JVPN_FORWARD_REASON_SOURCE);
	if (is_loop(forward, packet))
		return drop(forward, packet, JVPN_FORWARD_REASON_LOOP);
	if (!forward->client_to_client && is_other_client(forward, packet))
		return answer(forward, packet, JVPN_FORWARD_REASON_PEER,
			      JVPN_ICMP_ADMIN_PROHIBITED);
	return pass(forward, packet);
}

/* Larger than the datagram takes: too big back, or fragments where the sender allows them. Sizes
 * are checked before the hop limit, so that a refused packet is quoted as it came. */
static enum jvpn_forward_verdict fit(struct jvpn_forward *forward,
				     struct jvpn_forward_packet *packet)
{
	const struct jvpn_ippkt *view = &packet->view;

	if (packet->mtu == 0)
		return JVPN_FORWARD_PASS;
	/* RFC 9484 section 7.2: an IPv6 link carries 1280 or is none. */
	if (view->version == 6 && packet->mtu < JVPN_IPV6_MTU_MIN)
		return answer(forward, packet, JVPN_FORWARD_REASON_MTU_TOO_SMALL,
			      JVPN_ICMP_NO_ROUTE);
	if ((packet->offload != NULL ? packet->largest : packet->len) <= packet->mtu)
		return JVPN_FORWARD_PASS;
	if (!view->dont_fragment && packet->mtu >= JVPN_IPV4_MTU_MIN)
		return JVPN_FORWARD_FRAGMENT;
	return answer(forward, packet, JVPN_FORWARD_REASON_TOO_BIG, JVPN_ICMP_TOO_BIG);
}

static enum jvpn_forward_verdict fragment(struct jvpn_forward *forward,
					  struct jvpn_forward_packet *packet)
{
	(void)pass(forward, packet);
	forward->counters.fragmented++;
	return JVPN_FORWARD_FRAGMENT;
}

enum jvpn_forward_verdict jvpn_forward_downlink(struct jvpn_forward *forward,
						struct jvpn_forward_packet *packet)
{
	enum jvpn_forward_verdict verdict;

	if (!jvpn_ippkt_dst_is_assigned(&packet->view, packet->data, packet->assigned))
		return drop(forward, packet, JVPN_FORWARD_REASON_DESTINATION);
	verdict = fit(forward, packet);
	if (verdict != JVPN_FORWARD_PASS && verdict != JVPN_FORWARD_FRAGMENT)
		return verdict;
	if (!is_own(forward, &packet->view, jvpn_ippkt_src(&packet->view, packet->data)) &&
	    jvpn_ippkt_hop_decrement(&packet->view, packet->data) != 0)
		return answer(forward, packet, JVPN_FORWARD_REASON_HOP_LIMIT,
			      JVPN_ICMP_TIME_EXCEEDED);
	return verdict == JVPN_FORWARD_FRAGMENT ? fragment(forward, packet) : pass(forward, packet);
}

enum jvpn_forward_verdict jvpn_forward_refuse(struct jvpn_forward *forward,
					      struct jvpn_forward_packet *packet)
{
	return answer(forward, packet, JVPN_FORWARD_REASON_NO_OWNER, JVPN_ICMP_HOST_UNREACHABLE);
}

enum jvpn_forward_verdict jvpn_forward_client_uplink(struct jvpn_forward *forward,
						     struct jvpn_forward_packet *packet)
{
	enum jvpn_forward_verdict verdict = jvpn_forward_receive(forward, packet);

	if (verdict != JVPN_FORWARD_PASS)
		return verdict;
	if (!jvpn_ippkt_src_is_assigned(&packet->view, packet->data, packet->assigned))
		return drop(forward, packet, JVPN_FORWARD_REASON_SOURCE);
	if (is_loop(forward, packet))
		return drop(forward, packet, JVPN_FORWARD_REASON_LOOP);
	if (packet->routes != NULL &&
	    !jvpn_connectip_routes_allow(packet->routes, packet->view.version,
					 jvpn_ippkt_dst(&packet->view, packet->data),
					 packet->view.protocol))
		return answer(forward, packet, JVPN_FORWARD_REASON_NOT_ROUTED, JVPN_ICMP_NO_ROUTE);
	verdict = fit(forward, packet);
	if (verdict == JVPN_FORWARD_FRAGMENT)
		return fragment(forward, packet);
	return verdict == JVPN_FORWARD_PASS ? pass(forward, packet) : verdict;
}

enum jvpn_forward_verdict jvpn_forward_client_downlink(struct jvpn_forward *forward,
						       struct jvpn_forward_packet *packet)
{
	enum jvpn_forward_verdict verdict = jvpn_forward_receive(forward, packet);

	if (verdict != JVPN_FORWARD_PASS)
		return verdict;
	if (!jvpn_ippkt_dst_is_assigned(&packet->view, packet->data, packet->assigned))
		return drop(forward, packet, JVPN_FORWARD_REASON_DESTINATION);
	return pass(forward, packet);
}
