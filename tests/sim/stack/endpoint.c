/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Takes the place of quic/endpoint.c: sockets on the links of the world, the NATs in between, and
 * what a network does to datagrams. For tests only.
 */
#include "quic/endpoint.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stack.h"

#define FD_FIRST   100000
#define PORT_FIRST 20000
#define KEPT       64 /* datagrams that an attacker has kept */

struct datagram {
	struct datagram *next;
	uint64_t due_ns;
	int fd;                      /* to a client's socket; -1: to the server */
	struct sockaddr_in from, to; /* as the receiver sees them */
	bool replayed;
	size_t len;
	uint8_t data[];
};

struct jvpn_endpoint {
	struct jvpn_endpoint *next;
	struct stack_node *node;
	size_t link;
	int fd;
	struct sockaddr_in local;
	uint16_t outer_port; /* of the NAT's mapping; 0: none yet */
	struct datagram *head, **tail, *given;
	bool has_hint; /* an ICMP error, and about whom */
	struct sockaddr_in hint;
	struct jvpn_endpoint_stats stats;
	struct jvpn_tuple tuple; /* of what was given out last */
};

static struct {
	struct jvpn_endpoint *endpoints;
	struct datagram *head; /* under way, by due time */
	struct datagram *kept[KEPT];
	size_t kept_count;
	int next_fd;
	uint16_t next_port, next_outer;
	struct sockaddr_storage reading;
	bool is_reading;
} net;

static struct sockaddr_in inet(uint32_t address, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	in.sin_addr.s_addr = htonl(address);
	return in;
}

static bool same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

uint32_t stack_link_address(const struct stack_node *node, size_t link)
{
	return STACK_INNET(10, node->index, link, node->link[link].host);
}

/* ---- the network ---- */

static struct datagram *datagram_new(const uint8_t *data, size_t len)
{
	struct datagram *d = calloc(1, sizeof(*d) + len);

	memcpy(d->data, data, len);
	d->len = len;
	d->fd = -1;
	return d;
}

static void put_on_the_way(struct datagram *d)
{
	struct datagram **at = &net.head;

	while (*at && (*at)->due_ns <= d->due_ns)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
}

static bool is_lost(struct stack_link *link, bool to_server, size_t len)
{
	uint64_t *burst = &link->burst_until_ns[to_server];

	if (link->dead[to_server] || !link->up || len > link->mtu || stack.now_ns < *burst ||
	    stack_chance(link->loss_ppm[to_server]))
		return true;
	if (!stack_chance(link->burst_ppm))
		return false;
	*burst = stack.now_ns + stack_between(1, 200) * STACK_MS;
	return true;
}

/* One datagram over one link: lost, late, doubled, overtaken. */
static void carry(struct stack_link *link, struct datagram *d, bool to_server)
{
	struct datagram *twin = NULL;

	if (is_lost(link, to_server, d->len)) {
		stack.n.lost++;
		free(d);
		return;
	}
	d->due_ns = stack.now_ns + link->delay_ns + stack_between(0, link->jitter_ns);
	if (stack_chance(link->late_ppm))
		d->due_ns += stack_between(1, 6000) * STACK_MS;
	if (stack_chance(link->twice_ppm)) {
		twin = malloc(sizeof(*twin) + d->len);
		memcpy(twin, d, sizeof(*twin) + d->len);
		twin->due_ns += stack_between(0, 100) * STACK_MS;
	}
	put_on_the_way(d);
	if (twin)
		put_on_the_way(twin);
}

static struct sockaddr_in outer_of(struct jvpn_endpoint *e)
{
	if (!e->outer_port)
		e->outer_port = net.next_outer++;
	return inet(e->node->link[e->link].external, e->outer_port);
}

static void send_up(struct jvpn_endpoint *e, const struct sockaddr_in *to, const uint8_t *data,
		    size_t len)
{
	struct datagram *d = datagram_new(data, len);

	d->from = outer_of(e);
	d->to = *to;
	carry(&e->node->link[e->link], d, true);
}

static void send_down(const struct jvpn_endpoint *e, const struct sockaddr_in *to,
		      const uint8_t *data, size_t len)
{
	for (struct jvpn_endpoint *c = net.endpoints; c; c = c->next) {
		struct sockaddr_in outer;
		struct datagram *d;

		if (c->node->index == 0 || !c->outer_port)
			continue;
		outer = outer_of(c);
		if (!same(&outer, to))
			continue;
		d = datagram_new(data, len);
		d->fd = c->fd;
		d->from = e->local;
		d->to = c->local;
		carry(&c->node->link[c->link], d, false);
		return;
	}
	stack.n.lost++;
}

/* What is under way from this link waits in somebody's buffer first. */
static void hold_back(const struct stack_node *node, size_t link)
{
	uint64_t ns = stack_between(100, 5000) * STACK_MS;
	struct datagram *held = NULL, **at = &net.head;

	while (*at) {
		struct datagram *d = *at;

		if (d->fd >= 0 || d->from.sin_addr.s_addr != htonl(node->link[link].external)) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		d->next = held;
		held = d;
	}
	while (held) {
		struct datagram *d = held;

		held = d->next;
		d->due_ns += ns;
		put_on_the_way(d);
	}
}

void stack_net_rebind(struct stack_node *node, size_t link, bool address)
{
	if (stack_chance(300000))
		hold_back(node, link);
	if (address)
		node->link[link].external ^= 1U << stack_between(0, 2);
	for (struct jvpn_endpoint *e = net.endpoints; e; e = e->next)
		if (e->node == node && e->link == link)
			e->outer_port = 0;
}

static struct jvpn_endpoint *find(const struct datagram *d)
{
	struct jvpn_endpoint *e = net.endpoints;

	for (; e; e = e->next)
		if (d->fd >= 0 ? e->fd == d->fd : e->node->index == 0 && same(&e->local, &d->to))
			break;
	return e;
}

/* What QUIC has had for certain is what an attacker may have: nothing of it is new. */
static void keep(const struct datagram *d)
{
	struct datagram **at = &net.kept[net.kept_count++ % KEPT];

	free(*at);
	*at = malloc(sizeof(*d) + d->len);
	memcpy(*at, d, sizeof(*d) + d->len);
}

/* Nobody listens there: the host says so, and some networks let that pass. */
static void refuse(const struct datagram *d)
{
	struct jvpn_endpoint *e = net.endpoints;

	for (; e; e = e->next) {
		struct sockaddr_in outer = inet(e->node->link[e->link].external, e->outer_port);

		if (e->node->index && same(&outer, &d->from) && stack_chance(300000)) {
			e->has_hint = true;
			e->hint = d->to;
		}
	}
}

void stack_net_forge_hint(const struct stack_node *node)
{
	for (struct jvpn_endpoint *e = net.endpoints; e; e = e->next) {
		if (e->node != node)
			continue;
		e->has_hint = true;
		e->hint = inet(STACK_SERVER_ADDRESS, 443);
	}
}

static void arrive(struct datagram *d)
{
	struct jvpn_endpoint *e = find(d);
	uint64_t at[2] = {d->due_ns, (uint64_t)d->from.sin_addr.s_addr << 16 | d->from.sin_port};

	stack_hash(at, sizeof(at));
	stack_hash(d->data, d->len);
	stack.n.datagrams++;
	if (!e || e->node->dead) {
		if (!e && d->fd < 0 && !d->replayed)
			refuse(d);
		free(d);
		return;
	}
	d->next = NULL;
	*e->tail = d;
	e->tail = &d->next;
}

void stack_net_deliver(void)
{
	while (net.head && net.head->due_ns <= stack.now_ns) {
		struct datagram *d = net.head;

		net.head = d->next;
		arrive(d);
	}
}

uint64_t stack_net_next(void)
{
	return net.head ? net.head->due_ns : JVPN_TIME_NEVER;
}

bool stack_net_replay(bool flip)
{
	const struct datagram *k = net.kept[stack_between(0, KEPT - 1)];
	struct datagram *d;

	if (!k)
		return false;
	d = malloc(sizeof(*d) + k->len);
	memcpy(d, k, sizeof(*d) + k->len);
	d->due_ns = stack.now_ns;
	d->replayed = true;
	if (flip)
		d->data[stack_between(0, d->len - 1)] ^= (uint8_t)(1U << stack_between(0, 7));
	else
		d->from = inet(STACK_INNET(198, 51, 100, stack_between(1, 254)),
			       (uint16_t)stack_between(1024, 65535));
	stack.n.replays++;
	arrive(d);
	return true;
}

const struct sockaddr_storage *stack_net_reading(void)
{
	return net.is_reading ? &net.reading : NULL;
}

static void free_list(struct datagram *d)
{
	while (d) {
		struct datagram *next = d->next;

		free(d);
		d = next;
	}
}

void stack_net_clear(void)
{
	free_list(net.head);
	for (size_t i = 0; i < KEPT; i++)
		free(net.kept[i]);
	memset(&net, 0, sizeof(net));
	net.next_fd = FD_FIRST;
	net.next_port = net.next_outer = PORT_FIRST;
}

/* ---- the interface of endpoint.h ---- */

bool stack_net_readable(int fd)
{
	for (struct jvpn_endpoint *e = net.endpoints; e; e = e->next)
		if (e->fd == fd)
			return e->head || e->has_hint;
	return false;
}

/* The interface that was asked for, or the first that is there. */
static size_t choose_link(const struct stack_node *node, const struct jvpn_endpoint_config *config)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&config->local;

	for (size_t i = 0; i < node->links; i++) {
		char name[32];

		snprintf(name, sizeof(name), "link%zu", i);
		if (config->device ? !strcmp(config->device, name)
				   : in->sin_addr.s_addr == htonl(stack_link_address(node, i)))
			return i;
	}
	for (size_t i = 0; i < node->links; i++)
		if (node->link[i].up)
			return i;
	return 0;
}

int jvpn_endpoint_open(const struct jvpn_endpoint_config *config, struct jvpn_endpoint **out,
		       char *error, size_t error_size)
{
	struct jvpn_endpoint *e = calloc(1, sizeof(*e));

	snprintf(error, error_size, "no IPv6 in this world");
	if (!e || config->local.ss_family != AF_INET) {
		free(e);
		return JVPN_ENOTFOUND;
	}
	e->node = stack.current;
	e->fd = net.next_fd++;
	e->tail = &e->head;
	memcpy(&e->local, &config->local, sizeof(e->local));
	if (e->node->index) {
		e->link = choose_link(e->node, config);
		e->local = inet(stack_link_address(e->node, e->link), net.next_port++);
	}
	e->next = net.endpoints;
	net.endpoints = e;
	*out = e;
	return 0;
}

void jvpn_endpoint_free(struct jvpn_endpoint *endpoint)
{
	struct jvpn_endpoint **at = &net.endpoints;

	if (!endpoint)
		return;
	while (*at != endpoint)
		at = &(*at)->next;
	*at = endpoint->next;
	free_list(endpoint->head);
	free_list(endpoint->given);
	free(endpoint);
}

int jvpn_endpoint_fd(const struct jvpn_endpoint *endpoint)
{
	return endpoint->fd;
}

void jvpn_endpoint_local(const struct jvpn_endpoint *endpoint, struct sockaddr_storage *local)
{
	memset(local, 0, sizeof(*local));
	memcpy(local, &endpoint->local, sizeof(endpoint->local));
}

/* One at a time: so the oracle knows whose datagram is being read. */
int jvpn_endpoint_receive(struct jvpn_endpoint *endpoint, struct jvpn_datagram *v, size_t max)
{
	struct datagram *d = endpoint->head;

	free_list(endpoint->given);
	endpoint->given = NULL;
	net.is_reading = false;
	if (!d || max == 0)
		return 0;
	endpoint->head = d->next;
	if (!d->next)
		endpoint->tail = &endpoint->head;
	d->next = NULL;
	endpoint->given = d;
	endpoint->stats.datagrams_received++;
	memcpy(&endpoint->tuple.local, &endpoint->local, sizeof(endpoint->local));
	memcpy(&endpoint->tuple.remote, &d->from, sizeof(d->from));
	*v = (struct jvpn_datagram){.data = d->data, .len = d->len, .tuple = &endpoint->tuple};
	net.reading = endpoint->tuple.remote;
	net.is_reading = true;
	if (d->fd < 0 && !d->replayed && stack_oracle_is_bound(&d->from) && stack_chance(100000))
		keep(d);
	return 1;
}

bool jvpn_endpoint_take_hint(struct jvpn_endpoint *endpoint, struct jvpn_endpoint_hint *hint)
{
	bool had = endpoint->has_hint;

	endpoint->has_hint = false;
	memset(hint, 0, sizeof(*hint));
	hint->port_closed = had;
	memcpy(&hint->remote, &endpoint->hint, sizeof(endpoint->hint));
	return had;
}

bool jvpn_endpoint_was_alone(const struct jvpn_endpoint *endpoint)
{
	(void)endpoint;
	return false;
}

bool jvpn_endpoint_has_more(const struct jvpn_endpoint *endpoint)
{
	return endpoint->head;
}

int jvpn_endpoint_send(struct jvpn_endpoint *endpoint, const struct jvpn_tuple *tuple, uint8_t ecn,
		       const uint8_t *data, size_t len, size_t segment)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)&tuple->remote;

	(void)ecn;
	if (len > JVPN_ENDPOINT_BATCH_BYTES || !segment)
		return JVPN_ERANGE;
	if (endpoint->node->dead)
		return 0;
	for (size_t at = 0; at < len; at += segment) {
		size_t n = len - at < segment ? len - at : segment;

		endpoint->stats.datagrams_sent++;
		if (endpoint->node->index)
			send_up(endpoint, to, data + at, n);
		else
			send_down(endpoint, to, data + at, n);
	}
	return 0;
}

int jvpn_endpoint_retry(struct jvpn_endpoint *endpoint)
{
	(void)endpoint;
	return 0;
}

void jvpn_endpoint_get_stats(const struct jvpn_endpoint *endpoint,
			     struct jvpn_endpoint_stats *stats)
{
	*stats = endpoint->stats;
}

void jvpn_endpoint_describe(const struct jvpn_endpoint *endpoint, char *out, size_t size)
{
	(void)endpoint;
	snprintf(out, size, "simulated");
}

/* One worker: nothing is shared. */
int jvpn_endpoint_share(struct jvpn_endpoint *endpoint)
{
	(void)endpoint;
	return JVPN_EUNSUPPORTED;
}

int jvpn_endpoint_steer(struct jvpn_endpoint *endpoint, size_t server_id_len, unsigned workers)
{
	(void)endpoint;
	(void)server_id_len;
	(void)workers;
	return JVPN_EUNSUPPORTED;
}
