/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joins packets of a flow. Must not join what would come apart differently: header octets other than
 * lengths, checksums, sequence number and identification are equal, or the packet stands alone.
 */
#include "tun/coalesce.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proto/ippkt.h"

#define TCP_HEADER_BYTES 20u
#define TCP_SEQ          4u
#define TCP_DATA_OFFSET  12u
#define TCP_FLAGS        13u
#define TCP_CHECKSUM     16u
#define TCP_PSH          0x08u
#define TCP_ACK          0x10u
#define TCP_ECE          0x40u
#define UDP_HEADER_BYTES 8u
#define UDP_LEN          4u
#define UDP_CHECKSUM     6u
/* IP without options and TCP with as many as it can have. */
#define HEADER_BYTES_MAX (JVPN_IPV6_HEADER_BYTES + 60u)

/* What a packet is to the coalescer. */
struct piece {
	const uint8_t *packet;
	size_t len, header_bytes, l4_offset;
	uint32_t seq;       /* TCP */
	uint16_t id;        /* IPv4 */
	bool tcp, v6, ends; /* PSH: nothing follows it in a super-packet */
};

struct flow {
	bool used;
	bool ended; /* nothing may follow */
	struct piece first;
	uint8_t header[HEADER_BYTES_MAX]; /* of the first, without what may differ */
	size_t len, segment_bytes, count;
	uint32_t next_seq;
	uint64_t begun;
	uint8_t *data; /* JVPN_COALESCE_BYTES, allocated with the first use */
};

struct jvpn_coalescer {
	jvpn_coalesce_fn fn;
	void *user;
	bool udp;
	uint64_t begun;
	struct jvpn_coalesce_counters counters;
	struct flow flow[JVPN_COALESCE_FLOWS];
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

int jvpn_coalescer_new(bool udp, jvpn_coalesce_fn fn, void *user, struct jvpn_coalescer **out)
{
	struct jvpn_coalescer *c = calloc(1, sizeof(*c));

	if (!c)
		return JVPN_ENOMEM;
	c->fn = fn;
	c->user = user;
	c->udp = udp;
	*out = c;
	return 0;
}

void jvpn_coalescer_free(struct jvpn_coalescer *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < JVPN_COALESCE_FLOWS; i++)
		free(c->flow[i].data);
	free(c);
}

void jvpn_coalesce_get_counters(const struct jvpn_coalescer *c,
				struct jvpn_coalesce_counters *counters)
{
	*counters = c->counters;
}

/* ---- which packets can be joined at all ---- */

static uint32_t pseudo_sum(const struct piece *p, size_t l4_len)
{
	size_t at = p->v6 ? 8 : 12, bytes = p->v6 ? 32 : 8;
	uint32_t sum = p->tcp ? JVPN_IP_PROTO_TCP : JVPN_IP_PROTO_UDP;

	return jvpn_ip_checksum_partial(p->packet + at, bytes, sum + (uint32_t)l4_len);
}

static bool checksum_is_right(const struct piece *p)
{
	size_t l4_len = p->len - p->l4_offset;

	if (!p->tcp && get16(p->packet + p->l4_offset + UDP_CHECKSUM) == 0)
		return false;
	return jvpn_ip_checksum(p->packet + p->l4_offset, l4_len, pseudo_sum(p, l4_len)) == 0;
}

/* No options, no extension headers, no fragments, nothing but TCP or UDP behind. */
static bool look_at_ip(struct piece *p)
{
	const uint8_t *ip = p->packet;

	p->v6 = ip[0] >> 4 == 6;
	if (p->v6) {
		p->l4_offset = JVPN_IPV6_HEADER_BYTES;
		if (p->len <= JVPN_IPV6_HEADER_BYTES ||
		    get16(ip + 4) + (size_t)JVPN_IPV6_HEADER_BYTES != p->len)
			return false;
		p->tcp = ip[6] == JVPN_IP_PROTO_TCP;
		return p->tcp || ip[6] == JVPN_IP_PROTO_UDP;
	}
	p->l4_offset = JVPN_IPV4_HEADER_BYTES;
	/* MF or an offset: a fragment. */
	if (ip[0] != 0x45 || get16(ip + 2) != p->len || (get16(ip + 6) & 0xbfffU) != 0)
		return false;
	p->id = get16(ip + 4);
	p->tcp = ip[9] == JVPN_IP_PROTO_TCP;
	return p->tcp || ip[9] == JVPN_IP_PROTO_UDP;
}

static bool look_at_tcp(struct piece *p)
{
	const uint8_t *tcp = p->packet + p->l4_offset;

	if (p->len < p->l4_offset + TCP_HEADER_BYTES)
		return false;
	p->header_bytes = p->l4_offset + (tcp[TCP_DATA_OFFSET] >> 4) * 4U;
	p->seq = (uint32_t)get16(tcp + TCP_SEQ) << 16 | get16(tcp + TCP_SEQ + 2);
	p->ends = (tcp[TCP_FLAGS] & TCP_PSH) != 0;
	return p->header_bytes >= p->l4_offset + TCP_HEADER_BYTES && p->header_bytes < p->len &&
	       (tcp[TCP_FLAGS] & ~(TCP_PSH | TCP_ECE)) == TCP_ACK;
}

static bool look_at_udp(struct piece *p)
{
	const uint8_t *udp = p->packet + p->l4_offset;

	p->header_bytes = p->l4_offset + UDP_HEADER_BYTES;
	return p->header_bytes < p->len && get16(udp + UDP_LEN) == p->len - p->l4_offset;
}

static bool is_joinable(const struct jvpn_coalescer *c, struct piece *p)
{
	return (p->tcp ? look_at_tcp(p) : c->udp && look_at_udp(p)) && checksum_is_right(p);
}

/* ---- flows ---- */

/* The header as it must be the same in every packet of a flow. */
static void mask_header(const struct piece *p, uint8_t *header)
{
	uint8_t *l4 = header + p->l4_offset;

	memcpy(header, p->packet, p->header_bytes);
	if (p->v6) {
		put16(header + 4, 0);
	} else {
		put16(header + 2, 0);
		put16(header + 4, 0);
		put16(header + 10, 0);
	}
	if (p->tcp) {
		memset(l4 + TCP_SEQ, 0, 4);
		l4[TCP_FLAGS] &= (uint8_t)~TCP_PSH;
		put16(l4 + TCP_CHECKSUM, 0);
	} else {
		put16(l4 + UDP_LEN, 0);
		put16(l4 + UDP_CHECKSUM, 0);
	}
}

static void write_super(struct flow *f, struct jvpn_tun_offload *offload)
{
	struct piece whole = f->first;
	uint8_t *l4 = f->data + f->first.l4_offset;
	uint16_t pseudo;

	whole.packet = f->data;
	whole.len = f->len;
	if (whole.v6) {
		put16(f->data + 4, (uint16_t)(f->len - JVPN_IPV6_HEADER_BYTES));
	} else {
		put16(f->data + 2, (uint16_t)f->len);
		put16(f->data + 10, 0);
		put16(f->data + 10, jvpn_ip_checksum(f->data, JVPN_IPV4_HEADER_BYTES, 0));
	}
	if (!whole.tcp)
		put16(l4 + UDP_LEN, (uint16_t)(f->len - whole.l4_offset));
	/* The kernel wants the pseudo header's sum, not complemented. */
	pseudo = (uint16_t)~jvpn_ip_checksum(NULL, 0, pseudo_sum(&whole, f->len - whole.l4_offset));
	put16(l4 + (whole.tcp ? TCP_CHECKSUM : UDP_CHECKSUM), pseudo);
	offload->gso = !whole.tcp ? JVPN_GSO_UDP : whole.v6 ? JVPN_GSO_TCP6 : JVPN_GSO_TCP4;
	offload->needs_checksum = true;
	offload->segment_bytes = (uint16_t)f->segment_bytes;
	offload->checksum_start = (uint16_t)whole.l4_offset;
	offload->checksum_offset = whole.tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
}

static void give_on(struct jvpn_coalescer *c, struct flow *f)
{
	struct jvpn_tun_offload offload = {.gso = JVPN_GSO_NONE};

	if (!f->used)
		return;
	if (f->count > 1)
		write_super(f, &offload);
	f->used = false;
	c->counters.written++;
	c->fn(c->user, &offload, f->data, f->len);
}

void jvpn_coalesce_flush(struct jvpn_coalescer *c)
{
	for (;;) {
		struct flow *oldest = NULL;

		for (size_t i = 0; i < JVPN_COALESCE_FLOWS; i++)
			if (c->flow[i].used && (!oldest || c->flow[i].begun < oldest->begun))
				oldest = &c->flow[i];
		if (!oldest)
			return;
		give_on(c, oldest);
	}
}

/* Addresses, ports and protocol. */
static bool is_same_flow(const struct flow *f, const struct piece *p)
{
	size_t from = p->v6 ? 8 : 12, bytes = p->v6 ? 32 : 8;

	return f->used && f->first.v6 == p->v6 && f->first.tcp == p->tcp &&
	       memcmp(f->data + from, p->packet + from, bytes) == 0 &&
	       memcmp(f->data + f->first.l4_offset, p->packet + p->l4_offset, 4) == 0;
}

static struct flow *find(struct jvpn_coalescer *c, const struct piece *p)
{
	for (size_t i = 0; i < JVPN_COALESCE_FLOWS; i++)
		if (is_same_flow(&c->flow[i], p))
			return &c->flow[i];
	return NULL;
}

/* The kernel counts it up when it takes the packet apart. */
static bool id_follows(const struct flow *f, const struct piece *p)
{
	return p->v6 || p->id == (uint16_t)(f->first.id + f->count);
}

static bool follows(const struct flow *f, const struct piece *p)
{
	uint8_t header[HEADER_BYTES_MAX];
	size_t payload = p->len - p->header_bytes;

	if (f->ended || p->header_bytes != f->first.header_bytes || payload > f->segment_bytes ||
	    f->len + payload > JVPN_COALESCE_BYTES || !id_follows(f, p) ||
	    (p->tcp ? p->seq != f->next_seq : f->count >= JVPN_COALESCE_DATAGRAMS))
		return false;
	mask_header(p, header);
	return memcmp(header, f->header, p->header_bytes) == 0;
}

static void append(struct flow *f, const struct piece *p)
{
	size_t payload = p->len - p->header_bytes;

	memcpy(f->data + f->len, p->packet + p->header_bytes, payload);
	f->len += payload;
	f->count++;
	f->next_seq += (uint32_t)payload;
	if (p->tcp)
		f->data[p->l4_offset + TCP_FLAGS] |= p->packet[p->l4_offset + TCP_FLAGS] & TCP_PSH;
	f->ended = p->ends || payload < f->segment_bytes;
}

/* A flow that is not used; the oldest is given on for it. NULL: no memory. */
static struct flow *free_flow(struct jvpn_coalescer *c)
{
	struct flow *best = &c->flow[0];

	for (size_t i = 0; i < JVPN_COALESCE_FLOWS; i++) {
		struct flow *f = &c->flow[i];

		if (best->used && (!f->used || f->begun < best->begun))
			best = f;
	}
	give_on(c, best);
	if (!best->data)
		best->data = malloc(JVPN_COALESCE_BYTES);
	return best->data ? best : NULL;
}

static bool begin(struct jvpn_coalescer *c, const struct piece *p)
{
	struct flow *f = free_flow(c);

	if (!f)
		return false;
	f->used = true;
	f->ended = p->ends;
	f->first = *p;
	f->segment_bytes = p->len - p->header_bytes;
	f->len = p->len;
	f->count = 1;
	f->next_seq = p->seq + (uint32_t)f->segment_bytes;
	f->begun = ++c->begun;
	memcpy(f->data, p->packet, p->len);
	mask_header(p, f->header);
	return true;
}

static void pass_alone(struct jvpn_coalescer *c, const uint8_t *packet, size_t len)
{
	static const struct jvpn_tun_offload plain;

	c->counters.written++;
	c->fn(c->user, &plain, packet, len);
}

/* What cannot be joined must not overtake what is under way: its own flow's (a FIN, a wrong
 * checksum), or anything when its flow cannot be told (a fragment). */
static void pass_in_order(struct jvpn_coalescer *c, const struct piece *p, bool has_flow)
{
	struct flow *f = has_flow ? find(c, p) : NULL;

	if (!has_flow)
		jvpn_coalesce_flush(c);
	else if (f)
		give_on(c, f);
	pass_alone(c, p->packet, p->len);
}

void jvpn_coalesce_add(struct jvpn_coalescer *c, const uint8_t *packet, size_t len)
{
	struct piece p = {.packet = packet, .len = len};
	bool has_flow = len <= JVPN_COALESCE_BYTES && look_at_ip(&p) && len >= p.l4_offset + 4;
	struct flow *f;

	c->counters.packets++;
	if (!has_flow || !is_joinable(c, &p)) {
		pass_in_order(c, &p, has_flow);
		return;
	}
	f = find(c, &p);
	if (f && follows(f, &p)) {
		append(f, &p);
		c->counters.joined++;
		return;
	}
	if (f)
		give_on(c, f);
	if (!begin(c, &p))
		pass_alone(c, packet, len);
}
