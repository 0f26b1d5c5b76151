/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * QUIC connections that carry one CONNECT-IP tunnel each (RFC 9000, 9221, 9114, 9297, 9484): the
 * boundary between quic/ and runtime/. No loop, no clock, no threads: the caller owns the sockets'
 * readiness and the time, and gives both in. No ngtcp2, nghttp3 or wolfSSL types are visible here.
 *
 * Who calls whom, in one turn of the loop:
 *   socket readable  -> jvpn_quic_receive()      reads a batch, feeds ngtcp2, runs ops (below)
 *   timer            -> jvpn_quic_on_timer()     expiry of connections
 *   end of the turn  -> jvpn_quic_flush()        writes what is due: control first, then on_writable
 *   next wake-up     =  jvpn_quic_next_expiry()
 * Every op but on_packet is called after ngtcp2 has returned, never from inside it, so an op may
 * call any function of this header on any connection. on_packet runs inside the read of a batch:
 * it must only take the packet away (write it to the TUN).
 */
#ifndef JVPN_QUIC_QUIC_H
#define JVPN_QUIC_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/delays.h"
#include "core/fsm_table.h"
#include "quic/message.h"

struct jvpn_quic;     /* one per worker: endpoints, connections, CID map. Owner: runtime */
struct jvpn_conn;     /* one QUIC connection. Owner: struct jvpn_quic; dies right after on_closed */
struct jvpn_endpoint; /* one UDP socket (endpoint.h) */
struct jvpn_datagram;
struct jvpn_tls; /* TLS context (tls.h) */

enum jvpn_congestion { JVPN_CC_BBR = 0, JVPN_CC_CUBIC, JVPN_CC_RENO };

/* Application error codes of CONNECTION_CLOSE (H3 codes stay as they are in RFC 9114). */
#define JVPN_APP_NO_ERROR   0x100ULL /* H3_NO_ERROR */
#define JVPN_APP_RESTARTING 0x6a76706e01ULL
#define JVPN_APP_REFUSED    0x6a76706e02ULL

/* Why a connection is gone. */
enum jvpn_close_kind {
	JVPN_CLOSE_NONE = 0,
	JVPN_CLOSE_LOCAL,           /* we closed it */
	JVPN_CLOSE_PEER,            /* the peer closed it: code and text as it sent them */
	JVPN_CLOSE_STATELESS_RESET, /* the peer has forgotten the connection (RFC 9000 section 10.3) */
	JVPN_CLOSE_IDLE,            /* idle timeout */
	JVPN_CLOSE_HANDSHAKE_TIMEOUT,
	JVPN_CLOSE_CERTIFICATE, /* client: the server's certificate was refused; text says why */
	JVPN_CLOSE_TLS,         /* any other TLS failure; text says what */
	JVPN_CLOSE_PROTOCOL,    /* QUIC or HTTP/3 rules broken */
	JVPN_CLOSE_COUNT
};

struct jvpn_close_info {
	enum jvpn_close_kind kind;
	uint64_t code;
	bool established; /* the handshake had been confirmed */
	char text[192];
};

/* The life of a candidate tuple on a living connection (session.md, "Path change"). */
enum jvpn_path_change {
	JVPN_PATH_CANDIDATE = 1, /* an authenticated packet came from another tuple */
	JVPN_PATH_VALIDATED,     /* its address is validated (RFC 9000 section 8.2) */
	JVPN_PATH_FAILED,        /* validation failed; exactly this tuple cools down */
	JVPN_PATH_SUPERSEDED     /* the bound tuple was heard again first */
};

struct jvpn_path_event {
	enum jvpn_path_change change;
	uint32_t
		generation; /* grows with each candidate of the connection; 0 is the handshake's tuple */
	uint64_t last_good_ns; /* when the bound tuple was last heard */
	struct sockaddr_storage remote;
};

/* Figures of one connection's current path. */
struct jvpn_conn_stats {
	uint64_t smoothed_rtt_ns;
	uint64_t latest_rtt_ns;
	uint64_t min_rtt_ns;
	uint64_t pto_ns;
	uint64_t pkt_sent, pkt_lost, pkt_recv, pkt_discarded;
	uint64_t bytes_sent, bytes_recv, bytes_in_flight;
	uint64_t cwnd; /* what may be in flight: congestion window, or less (inflight.h) */
	uint64_t last_received_ns;       /* last authenticated packet on the bound tuple */
	uint64_t last_eliciting_sent_ns; /* last ack-eliciting packet sent; 0 never */
	uint64_t oldest_unacked_ns;      /* send time of the oldest tracked, unacknowledged
	                                       ack-eliciting packet; 0 when there is none */
	uint64_t tracked_acked;          /* tracked packets that were acknowledged: grows with
	                                       each answer, never with a loss or a send */
	uint64_t dgram_sent, dgram_recv, dgram_bytes_sent, dgram_bytes_recv;
	uint64_t hold_queued, hold_dropped, offpath_dropped;
	uint64_t ecn_marked, ecn_dropped; /* inner packets, for marks on their outer ones */
	size_t max_packet;                /* largest inner IP packet a DATAGRAM takes now */
};

struct jvpn_quic_ops {
	/* Server: a CONNECT-IP request arrived. Answer with jvpn_conn_respond(), at once or later. */
	void (*on_request)(void *user, struct jvpn_conn *conn,
			   const struct jvpn_h3_request *request);
	/* Client: connected as far as TLS and HTTP/3 SETTINGS go; send the request now
	 * (jvpn_conn_request). Handshake confirmed or in the flight of the client's Finished. */
	void (*on_ready)(void *user, struct jvpn_conn *conn);
	/* Client: the final answer to the request. */
	void (*on_response)(void *user, struct jvpn_conn *conn,
			    const struct jvpn_h3_response *response);
	/* A whole capsule. path_generation: the tuple its last byte came from; UINT32_MAX when that is
	 * neither the bound tuple nor one that was ever a candidate. */
	void (*on_capsule)(void *user, struct jvpn_conn *conn, uint64_t type, const uint8_t *data,
			   size_t len, uint32_t path_generation);
	/* An inner IP packet that the gate admits: it came from the bound tuple while the permit is
	 * set (or from the hold queue after a commit). The memory may be changed in place. */
	void (*on_packet)(void *user, struct jvpn_conn *conn, uint8_t *packet, size_t len);
	void (*on_path)(void *user, struct jvpn_conn *conn, const struct jvpn_path_event *event);
	/* Room for inner packets: call jvpn_conn_send_packet() until it says JVPN_EAGAIN. */
	void (*on_writable)(void *user, struct jvpn_conn *conn);
	/* The largest inner packet changed (PMTUD, new path). */
	void (*on_mtu)(void *user, struct jvpn_conn *conn, size_t max_packet);
	/* A liveness probe (jvpn_conn_probe) was acknowledged. */
	void (*on_probe_acked)(void *user, struct jvpn_conn *conn, uint64_t rtt_ns);
	/* Server: a datagram for no connection of this worker, and its connection ID names another one:
	 * jvpn_quic_take() is for there. It may only be copied here. False (or NULL): nobody takes it, it is
	 * treated as our own, but never answered by a stateless reset. */
	bool (*on_misdirected)(void *user, struct jvpn_endpoint *endpoint,
			       const struct jvpn_datagram *datagram, unsigned worker);
	/* Client: the server at the other end of this socket's knock is there; may be NULL. */
	void (*on_knock_answered)(void *user, struct jvpn_endpoint *endpoint);
	/* Client: an ICMP error for what was sent to the other end (port_closed: the host is there and
	 * nobody listens). A reason to ask at once, no more: anybody can make one up. At most ten a
	 * second for each connection; may be NULL. */
	void (*on_hint)(void *user, struct jvpn_conn *conn, bool port_closed);
	/* Once per turn for every connection that received an authenticated packet, sent an
	 * ack-eliciting one or saw an acknowledgement: read jvpn_conn_get_stats() for the liveness
	 * clock. */
	void (*on_activity)(void *user, struct jvpn_conn *conn);
	/* The traffic keys were changed and the peer uses the new ones, 'generation' times so far on this
	 * connection; may be NULL. */
	void (*on_keys)(void *user, struct jvpn_conn *conn, uint32_t generation, bool by_peer);
	/* The connection is gone; its pointer is dead when this returns. On a server also for connections
	 * that never came to a request (their user pointer is NULL). */
	void (*on_closed)(void *user, struct jvpn_conn *conn, const struct jvpn_close_info *info);
};

struct jvpn_quic_config {
	bool server;
	struct jvpn_tls *tls;            /* borrowed */
	const struct jvpn_quic_ops *ops; /* borrowed */
	void *user;
	enum jvpn_congestion congestion;
	uint64_t initial_rtt_ns;  /* <= 45 ms keeps a lost PATH_CHALLENGE inside 500 ms */
	uint64_t idle_timeout_ns; /* max_idle_timeout we announce */
	uint64_t handshake_timeout_ns;
	uint16_t max_udp_payload; /* PMTUD ends here, 1200..65527 */
	uint32_t
		stream_window_bytes; /* 0: as h3.h wants it; else a peer that takes little (tests) */
	size_t max_connections;      /* then new Initials are refused (CONNECTION_REFUSED) */
	uint8_t server_id[8];        /* connection ID layout of wire.md */
	uint8_t server_id_len;
	uint8_t worker_id;            /* below workers */
	unsigned workers;             /* that share the connection IDs (steer.h); 0: as 1 */
	uint8_t reset_secret[32];     /* stateless reset tokens; outlives the process */
	uint8_t token_secret[32];     /* address validation tokens; outlives the process */
	uint8_t hash_secret[16];      /* keys the CID map; fresh per process */
	size_t retry_above_half_open; /* Retry (RFC 9000 section 8.1.2) above so many handshakes */
	uint32_t handshakes_per_source_per_s; /* of an IPv4 address, an IPv6 /64; 0: no limit */
	/* The gate, server side (session.md, "Path change"): */
	size_t hold_max_packets, hold_max_bytes, hold_max_bytes_process;
};

/* Figures of a whole worker. */
struct jvpn_quic_stats {
	uint64_t accepted; /* connections begun by clients */
	uint64_t refused;  /* Initials answered with CONNECTION_REFUSED or dropped: no room */
	uint64_t retries_sent, version_negotiations_sent, resets_sent, resets_suppressed;
	uint64_t short_initials; /* Initials below 1200 bytes, dropped */
	uint64_t unknown_cids;   /* datagrams for no connection that were no Initial */
	uint64_t wrong_worker;   /* their connection ID names another worker or server: no reset */
	uint64_t misdirected;    /* given to on_misdirected */
	uint64_t taken;          /* datagrams of jvpn_quic_take() */
	uint64_t retries_suppressed;
	uint64_t invalid_tokens;
	uint64_t source_limited;           /* Initials beyond what their source may have, dropped */
	uint64_t postponed;                /* Initials dropped because enough began in that turn */
	uint64_t handshakes, resumed;      /* completed; of these, with a saved TLS session */
	uint64_t handshakes_failed;        /* connections that ended before that */
	uint64_t closed[JVPN_CLOSE_COUNT]; /* connections that ended, by enum jvpn_close_kind */
	struct jvpn_delays handshake_time;
	size_t connections, half_open;
};

/* Copies what it needs from config (secrets included; wiped by _free). JVPN_ENOMEM. */
int jvpn_quic_new(const struct jvpn_quic_config *config, struct jvpn_quic **out);
/* Drops every connection without another packet and without ops. */
void jvpn_quic_free(struct jvpn_quic *quic);

/* Reads what the endpoint has (bounded batch), feeds the connections, runs ops. wall_s: seconds of
 * the wall clock, for address validation tokens only. Returns the number of datagrams read;
 * JVPN_EIO when the socket itself is broken. */
int jvpn_quic_receive(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint, uint64_t now_ns,
		      uint64_t wall_s);
/* Server: the same with datagrams that another worker has read (on_misdirected there). 'endpoint' is
 * ours with the same address. They are changed in place, and stay here whatever they say. */
void jvpn_quic_take(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
		    const struct jvpn_datagram *v, size_t count, uint64_t now_ns);
/* The wall clock for tokens of addresses, where nothing but jvpn_quic_take() may come for long. */
void jvpn_quic_set_wall(struct jvpn_quic *quic, uint64_t wall_s);
/* Expired timers of connections; runs ops. */
void jvpn_quic_on_timer(struct jvpn_quic *quic, uint64_t now_ns);
/* Writes whatever is due on all connections that have something to say; runs ops. */
void jvpn_quic_flush(struct jvpn_quic *quic, uint64_t now_ns);
/* Earliest time at which jvpn_quic_on_timer() has work; JVPN_TIME_NEVER if none. */
uint64_t jvpn_quic_next_expiry(const struct jvpn_quic *quic);
/* Server: the first octets of every connection ID of this worker (wire.md, route_prefix): what a
 * client puts in front of the DCID of a further transport's Initial. The last one is the worker octet:
 * any that names this worker (steer.h) does. Writes at most 12, returns how many. */
uint8_t jvpn_quic_route_prefix(const struct jvpn_quic *quic, uint8_t out[12]);
/* When a connection changes its traffic keys (RFC 9001 section 6): after so many octets of inner packets
 * in both directions, or with the first packet after so long; 0: not for this reason. Half the limit of
 * the AEAD is not passed in any case. Takes force at once. */
void jvpn_quic_set_key_update(struct jvpn_quic *quic, uint64_t after_bytes, uint64_t after_ns);
/* AES-GCM without wolfSSL's EVP layer (aead.h); computes samples. */
bool jvpn_quic_has_direct_aead(void);
size_t jvpn_quic_conn_count(const struct jvpn_quic *quic);
void jvpn_quic_get_stats(const struct jvpn_quic *quic, struct jvpn_quic_stats *stats);
/* The caller is about to free this endpoint: connections on it end without another packet (on_closed
 * with JVPN_CLOSE_LOCAL in the next flush), and nothing refers to it any more. */
void jvpn_quic_forget_endpoint(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint);

/* Where a client connects to. Everything is borrowed for the call only, but the endpoint. */
struct jvpn_quic_target {
	struct jvpn_endpoint *endpoint;
	const struct sockaddr *remote;
	const char *server_name; /* goes into SNI and is checked against the certificate */
	const uint8_t
		*dcid_prefix;   /* route_prefix: first octets of the Initial's DCID; at least 8 */
	size_t dcid_prefix_len; /* random octets follow. 0: none */
};

/* Client: starts a connection; ops report the rest. JVPN_EINVAL, JVPN_EFULL, JVPN_ENOMEM, JVPN_ETLS. */
int jvpn_quic_connect(struct jvpn_quic *quic, const struct jvpn_quic_target *target,
		      uint64_t now_ns, struct jvpn_conn **out);

/* Client: asks whether a server is there at all, without starting a connection: any QUIC server
 * answers, and keeps no state for it. server_name does not matter. JVPN_ECRYPTO; what becomes of the
 * packet is not known. */
int jvpn_quic_knock(struct jvpn_quic *quic, const struct jvpn_quic_target *target);

/* A pointer of the runtime's own, NULL at first. */
void jvpn_conn_set_user(struct jvpn_conn *conn, void *user);
void *jvpn_conn_get_user(const struct jvpn_conn *conn);

/* Client: sends the CONNECT-IP request. The strings are copied. JVPN_EAGAIN before on_ready. */
int jvpn_conn_request(struct jvpn_conn *conn, const struct jvpn_h3_request *request);
/* Server: answers the request. Anything but 2xx ends the stream; the connection is closed a moment
 * later (the answer is delivered first). */
int jvpn_conn_respond(struct jvpn_conn *conn, const struct jvpn_h3_response *response);
/* Queues one capsule on the CONNECT stream; copied, reliable, ahead of inner packets. JVPN_EFULL
 * when 64 KiB are already waiting; JVPN_ECLOSED when the stream is gone. */
int jvpn_conn_send_capsule(struct jvpn_conn *conn, uint64_t type, const void *data, size_t len);
/* Puts one inner packet into a DATAGRAM of the current batch. 0: taken. JVPN_EAGAIN: congestion
 * control, pacing, or no permit for the present path: keep it, on_writable follows.
 * JVPN_ERANGE: larger than stats.max_packet. JVPN_ECLOSED. */
int jvpn_conn_send_packet(struct jvpn_conn *conn, const uint8_t *packet, size_t len);
/* The same for a packet that stands in two places; body_len may be 0. */
int jvpn_conn_send_parts(struct jvpn_conn *conn, const uint8_t *head, size_t head_len,
			 const uint8_t *body, size_t body_len);
/* There is something in the caller's queue: on_writable will be called in the next flush. */
void jvpn_conn_want_write(struct jvpn_conn *conn);
/* Sends one small ack-eliciting packet now, ahead of everything, and tracks its acknowledgement. In a
 * full window its packets are probes themselves: the first acknowledgement answers. When nothing was
 * acknowledged for 3 PTO on top of that, a client starts its path anew (an empty window, a new
 * connection ID); a server does it when it next hears the client. JVPN_EAGAIN: no tunnel yet. */
int jvpn_conn_probe(struct jvpn_conn *conn);

/* The forwarding permit: inner packets pass in both directions only while it is set and the
 * connection's path is the bound tuple of this generation. */
void jvpn_conn_permit_set(struct jvpn_conn *conn, uint32_t generation);
void jvpn_conn_permit_clear(struct jvpn_conn *conn);
/* Another connection is, or will be, the binding: until then inner packets from the tuple that was bound
 * here are still taken in the receive direction. 0: not at all. */
void jvpn_conn_stragglers(struct jvpn_conn *conn, uint64_t until_ns);
/* Binds the candidate: held packets are delivered in order (once the permit is set for this
 * generation: set it before or after), the old tuple's stragglers are taken for PTO(old) + RTT(new),
 * at most 2 s. JVPN_ENOTFOUND when that candidate is gone, JVPN_EAGAIN when its address is not
 * validated (nothing changed in either case). */
int jvpn_conn_path_commit(struct jvpn_conn *conn, uint32_t generation, uint64_t now_ns);
/* Forgets the candidate and its held packets; with cooldown_ns > 0 its tuple is ignored so long. */
void jvpn_conn_path_drop(struct jvpn_conn *conn, uint32_t generation, uint64_t cooldown_ns,
			 uint64_t now_ns);
/* Too many unconfirmed candidates (the core counts them): for duration_ns off-tuple datagrams are
 * dropped before QUIC sees them, but only while a new authenticated packet came from the bound tuple
 * within 1 PTO. */
void jvpn_conn_offpath_limit(struct jvpn_conn *conn, uint64_t duration_ns, uint64_t now_ns);
/* A peer without the extension under policy transport.plain_peers strict: off-tuple datagrams never
 * reach QUIC. */
void jvpn_conn_set_strict(struct jvpn_conn *conn, bool strict);
/* Generation of the bound tuple. */
uint32_t jvpn_conn_bound_generation(const struct jvpn_conn *conn);
/* Client: goes on from another socket at once, with a new connection ID where the server has given a
 * spare one, and an empty window. For the server this is a path change like any other (session.md
 * "Path change"). The new endpoint must have the family of the server's address; the old one may be
 * freed after jvpn_quic_forget_endpoint(). JVPN_EINVAL. */
int jvpn_conn_move(struct jvpn_conn *conn, struct jvpn_endpoint *endpoint, uint64_t now_ns);
/* The remote address of a generation; JVPN_ENOTFOUND. */
int jvpn_conn_path_remote(const struct jvpn_conn *conn, uint32_t generation,
			  struct sockaddr_storage *remote);
/* 16 bytes, random, fixed for the connection's life: goes into challenges. */
const uint8_t *jvpn_conn_nonce(const struct jvpn_conn *conn);

/* TLS exporter (RFC 8446 section 7.5). JVPN_EAGAIN before the handshake is complete. */
int jvpn_conn_export(struct jvpn_conn *conn, const char *label, const uint8_t *context,
		     size_t context_len, uint8_t *out, size_t out_len);
/* Negotiated names for logs ("TLS_AES_128_GCM_SHA256", "X25519MLKEM768"). */
const char *jvpn_conn_cipher(const struct jvpn_conn *conn);
const char *jvpn_conn_group(const struct jvpn_conn *conn);
/* The handshake took a saved TLS session instead of a certificate. */
bool jvpn_conn_is_resumed(const struct jvpn_conn *conn);
void jvpn_conn_get_stats(const struct jvpn_conn *conn, struct jvpn_conn_stats *stats);
/* Sends CONNECTION_CLOSE with the application code; on_closed (JVPN_CLOSE_LOCAL) follows in the next
 * flush. What waits on the stream is written first as far as the window allows. */
void jvpn_conn_close(struct jvpn_conn *conn, uint64_t app_code, const char *reason);

#endif
