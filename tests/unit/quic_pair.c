/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The world of test_quic_pair.c. For tests only.
 */
#include "quic_pair.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "crypto/certgen.h"

#define NAME "vpn.example"

enum jvpn_cipher pair_cipher;

/* --- ops --- */

static struct jvpn_h3_response refusal(void)
{
	struct jvpn_h3_response r = {.status = 403};

	snprintf(r.body, sizeof(r.body), "{}");
	return r;
}

static void on_request(void *user, struct jvpn_conn *conn, const struct jvpn_h3_request *request)
{
	struct pair_side *s = user;
	struct jvpn_h3_response ok = {.status = 200}, no = refusal();

	ck_assert_str_eq(request->protocol, "connect-ip");
	s->requests++;
	s->conn = conn;
	ck_assert_int_eq(jvpn_conn_respond(conn, s->refuse ? &no : &ok), 0);
	if (!s->no_permit && !s->refuse)
		jvpn_conn_permit_set(conn, 0);
}

static void on_ready(void *user, struct jvpn_conn *conn)
{
	struct pair_side *s = user;
	struct jvpn_h3_request request = {.capsule_protocol = true};

	s->ready = true;
	if (s->no_request)
		return;
	snprintf(request.method, sizeof(request.method), "CONNECT");
	snprintf(request.protocol, sizeof(request.protocol), "connect-ip");
	snprintf(request.authority, sizeof(request.authority), NAME);
	ck_assert_int_eq(jvpn_conn_request(conn, &request), 0);
}

static void on_response(void *user, struct jvpn_conn *conn, const struct jvpn_h3_response *response)
{
	struct pair_side *s = user;

	s->status = response->status;
	s->responded = true;
	s->responded_ns = s->pair->now_ns;
	if (response->status == 200 && !s->no_permit)
		jvpn_conn_permit_set(conn, 0);
}

static void on_capsule(void *user, struct jvpn_conn *conn, uint64_t type, const uint8_t *data,
		       size_t len, uint32_t generation)
{
	struct pair_side *s = user;
	struct pair_capsule *c = &s->capsule[s->capsules++ % PAIR_LOG];

	(void)conn;
	s->capsule_bytes += len;
	*c = (struct pair_capsule){.type = type, .len = len, .path_generation = generation};
	memcpy(c->first, data, len < sizeof(c->first) ? len : sizeof(c->first));
}

static void on_packet(void *user, struct jvpn_conn *conn, uint8_t *packet, size_t len)
{
	struct pair_side *s = user;
	uint32_t number;

	(void)conn;
	memcpy(&number, packet, sizeof(number));
	if (number != s->next_number)
		s->order_errors++;
	s->next_number = number + 1;
	s->packets++;
	s->packet_bytes += len;
	memcpy(s->last_packet, packet, len < sizeof(s->last_packet) ? len : sizeof(s->last_packet));
	memset(packet, 0xee, len); /* it is ours to change */
}

static void on_path(void *user, struct jvpn_conn *conn, const struct jvpn_path_event *event)
{
	struct pair_side *s = user;

	ck_assert_uint_lt(s->path_count, PAIR_LOG);
	s->path_at_ns[s->path_count] = s->pair->now_ns;
	s->path[s->path_count++] = *event;
	/* The commit fails when the same batch of reads superseded the candidate again. */
	if (event->change == JVPN_PATH_VALIDATED && s->auto_commit &&
	    jvpn_conn_path_commit(conn, event->generation, s->pair->now_ns) == 0)
		jvpn_conn_permit_set(conn, event->generation);
}

static void on_writable(void *user, struct jvpn_conn *conn)
{
	struct pair_side *s = user;
	(void)conn;
	while (s->keep_sending && pair_send(s, s->send_len) == 0)
		;
}

static void on_mtu(void *user, struct jvpn_conn *conn, size_t max_packet)
{
	struct pair_side *s = user;

	(void)conn;
	s->mtu_reports++;
	s->max_packet = max_packet;
}

static void on_probe_acked(void *user, struct jvpn_conn *conn, uint64_t rtt_ns)
{
	struct pair_side *s = user;

	(void)conn;
	s->probes_acked++;
	s->probe_rtt_ns = rtt_ns;
}

static void on_knock_answered(void *user, struct jvpn_endpoint *endpoint)
{
	struct pair_side *s = user;

	ck_assert_ptr_eq(endpoint, s->endpoint);
	s->knocks_answered++;
}

static void on_closed(void *user, struct jvpn_conn *conn, const struct jvpn_close_info *info)
{
	struct pair_side *s = user;

	s->closed = true;
	s->info = *info;
	if (s->conn == conn)
		s->conn = NULL;
}

static void on_hint(void *user, struct jvpn_conn *conn, bool port_closed)
{
	struct pair_side *s = user;

	(void)conn;
	ck_assert(port_closed);
	s->hints++;
}

static void on_keys(void *user, struct jvpn_conn *conn, uint32_t generation, bool by_peer)
{
	struct pair_side *s = user;

	(void)conn;
	s->keys_told++;
	s->keys_generation = generation;
	s->keys_by_peer = by_peer;
}

static const struct jvpn_quic_ops ops = {
	.on_keys = on_keys,
	.on_hint = on_hint,
	.on_request = on_request,
	.on_ready = on_ready,
	.on_response = on_response,
	.on_capsule = on_capsule,
	.on_packet = on_packet,
	.on_path = on_path,
	.on_writable = on_writable,
	.on_mtu = on_mtu,
	.on_probe_acked = on_probe_acked,
	.on_knock_answered = on_knock_answered,
	.on_closed = on_closed,
};

/* --- set-up --- */

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fchmod(fileno(f), mode), 0);
	fclose(f);
}

static void make_tls(struct pair *p)
{
	static struct jvpn_certgen ca, leaf;
	const char *names[] = {NAME};
	/* Certificates are checked against the real clock: the virtual one starts there. */
	uint64_t now = (uint64_t)time(NULL);
	struct jvpn_certgen_request ca_request = {.common_name = "test CA",
						  .ca = true,
						  .not_before_s = now - 86400,
						  .not_after_s = now + 864000};
	struct jvpn_certgen_request leaf_request = {.common_name = "server",
						    .names = names,
						    .name_count = 1,
						    .not_before_s = now - 86400,
						    .not_after_s = now + 864000,
						    .issuer = &ca};
	char cert[96], key[96], error[256] = "";
	struct jvpn_tls_config server = {
		.server = true, .certificate_file = cert, .key_file = key, .wall_s = now};
	struct jvpn_tls_config client = {
		.ca_pem = ca.certificate, .cipher = pair_cipher, .wall_s = now};

	p->wall_s = now - p->now_ns / JVPN_NS_PER_S;
	ck_assert_int_eq(jvpn_certgen_issue(&ca_request, &ca), 0);
	ck_assert_int_eq(jvpn_certgen_issue(&leaf_request, &leaf), 0);
	snprintf(p->dir, sizeof(p->dir), "/tmp/jvpn-test-quic-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->dir));
	snprintf(cert, sizeof(cert), "%s/cert", p->dir);
	snprintf(key, sizeof(key), "%s/key", p->dir);
	write_file(cert, leaf.certificate, 0644);
	write_file(key, leaf.key, 0600);
	ck_assert_msg(jvpn_tls_new(&server, &p->server.tls, error, sizeof(error)) == 0, "%s",
		      error);
	ck_assert_msg(jvpn_tls_new(&client, &p->client.tls, error, sizeof(error)) == 0, "%s",
		      error);
	unlink(cert);
	unlink(key);
	rmdir(p->dir);
}

static struct jvpn_endpoint *open_endpoint(bool client)
{
	struct jvpn_endpoint_config config = {.buffer_bytes = 4 << 20, .want_hints = client};
	struct sockaddr_in *in = (struct sockaddr_in *)&config.local;
	struct jvpn_endpoint *e = NULL;
	char error[128] = "";

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_msg(jvpn_endpoint_open(&config, &e, error, sizeof(error)) == 0, "%s", error);
	return e;
}

static int open_socket(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), bytes = 4 << 20;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

static void default_config(struct jvpn_quic_config *c, struct pair_side *s, bool server)
{
	*c = (struct jvpn_quic_config){
		.server = server,
		.tls = s->tls,
		.ops = &ops,
		.user = s,
		.initial_rtt_ns = 45 * PAIR_MS,
		.idle_timeout_ns = 30000 * PAIR_MS,
		.handshake_timeout_ns = 5000 * PAIR_MS,
		.max_udp_payload = 1452,
		.max_connections = 100,
		.worker_id = server ? 3 : 0,
		.workers = 4,
		.retry_above_half_open = 50,
		.hold_max_packets = 256,
		.hold_max_bytes = 256 * 1024,
		.hold_max_bytes_process = 32 << 20,
	};
	memset(c->reset_secret, server ? 1 : 2, sizeof(c->reset_secret));
	memset(c->token_secret, server ? 3 : 4, sizeof(c->token_secret));
	memset(c->hash_secret, server ? 5 : 6, sizeof(c->hash_secret));
}

void pair_init(struct pair *p, void (*change)(struct pair *p))
{
	memset(p, 0, sizeof(*p));
	p->now_ns = 1000000 * PAIR_MS;
	p->delay_ns = 10 * PAIR_MS;
	p->rate_bytes_per_s = 12500000;
	p->queue_ns = 30 * PAIR_MS;
	p->client.pair = p->server.pair = p;
	p->server.is_server = true;
	p->client.send_len = p->server.send_len = 1200;
	make_tls(p);
	p->server.endpoint = open_endpoint(false);
	p->client.endpoint = open_endpoint(true);
	p->front = open_socket("127.0.0.1");
	p->second_front = open_socket("127.0.0.1");
	p->second_endpoint = open_endpoint(true);
	p->second_delay_ns = p->delay_ns;
	for (int i = 0; i < PAIR_BACKS; i++)
		p->back[i] = open_socket(i < 4 ? "127.0.0.1" : "127.0.0.2");
	default_config(&p->server_config, &p->server, true);
	default_config(&p->client_config, &p->client, false);
	if (change)
		change(p);
	ck_assert_int_eq(jvpn_quic_new(&p->server_config, &p->server.quic), 0);
	ck_assert_int_eq(jvpn_quic_new(&p->client_config, &p->client.quic), 0);
}

static void clear_side(struct pair_side *s)
{
	jvpn_quic_free(s->quic);
	jvpn_endpoint_free(s->endpoint);
	jvpn_tls_free(s->tls);
}

void pair_clear(struct pair *p)
{
	clear_side(&p->client);
	clear_side(&p->server);
	jvpn_endpoint_free(p->second_endpoint);
	close(p->front);
	close(p->second_front);
	for (int i = 0; i < PAIR_BACKS; i++)
		close(p->back[i]);
	while (p->head) {
		struct pair_item *next = p->head->next;

		free(p->head);
		p->head = next;
	}
}

void pair_restart_server(struct pair *p)
{
	jvpn_quic_free(p->server.quic);
	p->server.conn = NULL;
	ck_assert_int_eq(jvpn_quic_new(&p->server_config, &p->server.quic), 0);
}

/* --- the NAT --- */

static socklen_t address_of(int fd, struct sockaddr_in *out)
{
	socklen_t len = sizeof(*out);

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)out, &len), 0);
	return len;
}

static void send_to(int from, int to_fd, const uint8_t *data, size_t len)
{
	struct sockaddr_in to;
	socklen_t to_len = address_of(to_fd, &to);

	(void)!sendto(from, data, len, 0, (struct sockaddr *)&to, to_len);
}

static bool is_dropped(const struct pair *p, bool to_server, bool second)
{
	if (second)
		return to_server ? p->second_drop_to_server : p->second_drop_to_client;
	return to_server ? p->drop_to_server : p->drop_to_client;
}

static void enqueue(struct pair *p, bool to_server, int back, const uint8_t *data, size_t len)
{
	struct pair_item *item, **at;
	bool second = back == PAIR_SECOND && p->to_server[PAIR_SECOND];
	uint64_t *free_ns = &p->free_ns[to_server + 2 * second];

	if (is_dropped(p, to_server, second))
		return;
	if (p->drop_larger_than && len > p->drop_larger_than)
		return;
	if (*free_ns < p->now_ns)
		*free_ns = p->now_ns;
	if (*free_ns > p->now_ns + p->queue_ns)
		return;
	*free_ns += len * JVPN_NS_PER_S / p->rate_bytes_per_s;
	item = malloc(sizeof(*item));
	ck_assert_ptr_nonnull(item);
	item->due_ns = *free_ns + (second ? p->second_delay_ns : p->delay_ns);
	item->to_server = to_server;
	item->back = back;
	item->len = len;
	memcpy(item->data, data, len);
	for (at = &p->head; *at && (*at)->due_ns <= item->due_ns; at = &(*at)->next)
		;
	item->next = *at;
	*at = item;
}

static bool take_from_client(struct pair *p)
{
	uint8_t data[PAIR_DATAGRAM_MAX];
	ssize_t n = recv(p->front, data, sizeof(data), 0);

	if (n <= 0)
		return false;
	memcpy(p->last_uplink, data, (size_t)n);
	p->last_uplink_len = (size_t)n;
	p->to_server[p->nat]++;
	enqueue(p, true, p->nat, data, (size_t)n);
	return true;
}

static bool take_from_second(struct pair *p)
{
	uint8_t data[PAIR_DATAGRAM_MAX];
	ssize_t n = recv(p->second_front, data, sizeof(data), 0);

	if (n <= 0)
		return false;
	p->to_server[PAIR_SECOND]++;
	enqueue(p, true, PAIR_SECOND, data, (size_t)n);
	return true;
}

static bool take_from_server(struct pair *p, int back)
{
	uint8_t data[PAIR_DATAGRAM_MAX];
	ssize_t n = recv(p->back[back], data, sizeof(data), 0);

	if (n <= 0)
		return false;
	if (p->to_back[back]++ == 0)
		p->first_to_back_ns[back] = p->now_ns;
	p->to_back_bytes[back] += (uint64_t)n;
	if (back == p->nat || p->nat_keeps_old ||
	    (back == PAIR_SECOND && p->to_server[PAIR_SECOND]))
		enqueue(p, false, back, data, (size_t)n);
	return true;
}

static bool relay_due(struct pair *p)
{
	struct pair_item *item = p->head;

	if (!item || item->due_ns > p->now_ns)
		return false;
	p->head = item->next;
	if (item->to_server)
		send_to(p->back[item->back], jvpn_endpoint_fd(p->server.endpoint), item->data,
			item->len);
	else if (item->back == PAIR_SECOND && p->nat != PAIR_SECOND)
		send_to(p->second_front, jvpn_endpoint_fd(p->second_endpoint), item->data,
			item->len);
	else
		send_to(p->front, jvpn_endpoint_fd(p->client.endpoint), item->data, item->len);
	free(item);
	return true;
}

void pair_inject(struct pair *p, int back, const uint8_t *data, size_t len)
{
	send_to(p->back[back], jvpn_endpoint_fd(p->server.endpoint), data, len);
}

void pair_rebind(struct pair *p, int back)
{
	p->nat = back;
}

/* --- the loop --- */

static bool turn(struct pair *p, struct pair_side *s)
{
	int n;

	if (s->hooks.begin)
		s->hooks.begin(s->hooks.user, p->now_ns);
	n = jvpn_quic_receive(s->quic, s->endpoint, p->now_ns,
			      p->wall_s + p->now_ns / JVPN_NS_PER_S);
	ck_assert_int_ge(n, 0);
	if (!s->is_server)
		n += jvpn_quic_receive(s->quic, p->second_endpoint, p->now_ns,
				       p->wall_s + p->now_ns / JVPN_NS_PER_S);
	jvpn_quic_on_timer(s->quic, p->now_ns);
	if (s->hooks.turn)
		s->hooks.turn(s->hooks.user, p->now_ns);
	jvpn_quic_flush(s->quic, p->now_ns);
	return n > 0;
}

static void settle(struct pair *p)
{
	bool busy = true;

	while (busy) {
		busy = false;
		while (relay_due(p))
			busy = true;
		busy |= turn(p, &p->server);
		busy |= turn(p, &p->client);
		while (take_from_client(p) || take_from_second(p))
			busy = true;
		for (int i = 0; i < PAIR_BACKS; i++)
			while (take_from_server(p, i))
				busy = true;
	}
}

static uint64_t next_of(const struct pair_side *s)
{
	uint64_t next = jvpn_quic_next_expiry(s->quic);

	return s->hooks.next ? jvpn_time_min(next, s->hooks.next(s->hooks.user)) : next;
}

static bool step(struct pair *p, uint64_t end_ns)
{
	uint64_t next = jvpn_time_min(next_of(&p->client), next_of(&p->server));

	if (p->head)
		next = jvpn_time_min(next, p->head->due_ns);
	if (next <= p->now_ns)
		next = p->now_ns + 1000; /* a timer of the past: go on a little */
	if (next > end_ns) {
		p->now_ns = end_ns;
		settle(p);
		return false;
	}
	p->now_ns = next;
	settle(p);
	return true;
}

void pair_run(struct pair *p, uint64_t duration_ns)
{
	uint64_t end_ns = p->now_ns + duration_ns;

	settle(p);
	while (step(p, end_ns))
		;
}

bool pair_run_until(struct pair *p, const bool *flag, uint64_t limit_ns)
{
	uint64_t end_ns = p->now_ns + limit_ns;

	settle(p);
	while (!*flag && step(p, end_ns))
		;
	return *flag;
}

void pair_connect(struct pair *p)
{
	pair_connect_as(p, NAME);
}

void pair_connect_as(struct pair *p, const char *server_name)
{
	struct sockaddr_in front;
	struct jvpn_quic_target target = {.endpoint = p->client.endpoint,
					  .remote = (struct sockaddr *)&front,
					  .server_name = server_name};

	address_of(p->front, &front);
	ck_assert_int_eq(jvpn_quic_connect(p->client.quic, &target, p->now_ns, &p->client.conn), 0);
}

void pair_connect_second(struct pair *p)
{
	struct sockaddr_in front;
	struct jvpn_quic_target target = {.endpoint = p->second_endpoint,
					  .remote = (struct sockaddr *)&front,
					  .server_name = NAME};

	address_of(p->second_front, &front);
	ck_assert_int_eq(jvpn_quic_connect(p->client.quic, &target, p->now_ns, &p->client.conn), 0);
}

void pair_knock(struct pair *p)
{
	struct sockaddr_in front;
	struct jvpn_quic_target target = {.endpoint = p->client.endpoint,
					  .remote = (struct sockaddr *)&front};

	address_of(p->front, &front);
	ck_assert_int_eq(jvpn_quic_knock(p->client.quic, &target), 0);
}

void pair_open(struct pair *p)
{
	pair_connect(p);
	ck_assert(pair_run_until(p, &p->client.responded, 3000 * PAIR_MS));
	ck_assert_int_eq(p->client.status, 200);
	pair_run(p, 500 * PAIR_MS);
}

int pair_send(struct pair_side *s, size_t len)
{
	uint8_t packet[PAIR_DATAGRAM_MAX];
	int err;

	ck_assert_uint_le(len, sizeof(packet));
	memset(packet, 0x45, len);
	memcpy(packet, &s->send_number, sizeof(s->send_number));
	err = jvpn_conn_send_packet(s->conn, packet, len);
	if (err == 0)
		s->send_number++;
	return err;
}
