/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What quic.c, accept.c and conn*.c share: the worker object and the connection. Not for anybody
 * outside quic/.
 */
#ifndef JVPN_QUIC_QUIC_INTERNAL_H
#define JVPN_QUIC_QUIC_INTERNAL_H

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "base/bucket.h"
#include "proto/cid.h"
#include "quic/batch.h"
#include "quic/cidmap.h"
#include "quic/dgram.h"
#include "quic/endpoint.h"
#include "quic/h3.h"
#include "quic/hold.h"
#include "quic/inflight.h"
#include "quic/mtu.h"
#include "quic/path.h"
#include "quic/quic.h"
#include "quic/rekey.h"
#include "quic/source.h"
#include "quic/timer.h"
#include "quic/tls_internal.h"
#include "quic/turns.h"

/* Random octets of our connection IDs (wire.md: at least 8). */
#define JVPN_QUIC_CID_RANDOM 8
/* Datagrams of one jvpn_quic_receive(): then the loop gets its turn. */
#define JVPN_QUIC_RECEIVE_BUDGET 256
/* Below it an Initial is not answered (RFC 9000 section 14.1). */
#define JVPN_QUIC_INITIAL_MIN 1200
#define JVPN_QUIC_ACTIVE_CIDS 8
/* A handshake that takes longer than so many initial RTTs goes on with packets of 1200 bytes: two
 * PTOs and a bit. */
#define JVPN_QUIC_FALL_BACK_RTTS 10
/* Unacknowledged for so many PTOs, and the window full: QUIC's own PTO is backed off by then. */
#define JVPN_QUIC_STALL_PTOS 3
/* A client starts its path anew at most so often without an acknowledgement in between, with growing
 * distance: each time takes one of the connection IDs that the server has given. */
#define JVPN_QUIC_ANEW_MAX         3
#define JVPN_QUIC_ANEW_INTERVAL_NS 1000000000ULL
#define JVPN_QUIC_PROBES           4
#define JVPN_QUIC_USED_CIDS        4
#define JVPN_QUIC_RETRY_LIFETIME_S 10
#define JVPN_QUIC_TOKEN_LIFETIME_S 3600
/* A refusal has so long to be delivered before the connection is closed anyway. */
#define JVPN_QUIC_LINGER_NS 2000000000ULL
/* Between two ICMP hints that are passed on. */
#define JVPN_QUIC_HINT_INTERVAL_NS 100000000ULL
/* New connections of one jvpn_quic_receive(): a handshake takes a millisecond, and those who have a
 * tunnel wait behind it. Initials without a valid token may use half of it. */
#define JVPN_QUIC_ACCEPTS 16

struct jvpn_probe {
	uint64_t id; /* DATAGRAM id; 0: free */
	uint64_t sent_ns;
};

/* Owner: struct jvpn_quic. Dies in jvpn_quic_reap() only, right after on_closed. */
struct jvpn_conn {
	struct jvpn_quic *quic;
	struct jvpn_conn *next, **prev_next; /* all connections */
	struct jvpn_conn *work_next;         /* those with something to do */
	struct jvpn_conn *dead_next;         /* those that wait for the reaper */
	struct jvpn_timer timer;
	struct jvpn_turn turn;
	void *user;

	ngtcp2_conn *ng;
	ngtcp2_crypto_conn_ref ref;
	struct jvpn_tls_session *tls;
	struct jvpn_h3 *h3;
	struct jvpn_path path;
	struct jvpn_hold hold;
	struct jvpn_dgram dgram;
	struct jvpn_mtu mtu;
	struct jvpn_inflight inflight;
	uint64_t delivered;    /* as of its last sample */
	uint64_t room;         /* what it lets inner packets have in this write */
	bool is_held;          /* it held one back since the last sample */
	uint64_t fall_back_ns; /* no handshake until then: smaller packets */
	size_t largest_sent;   /* during the handshake */
	ngtcp2_cid
		initial_dcid; /* server: the client's first DCID, mapped until the handshake ends */
	uint8_t nonce[16];

	/* The read in progress: a run of datagrams from one tuple. */
	struct jvpn_path_tuple run_tuple;
	const struct jvpn_path_slot *run_slot;
	uint64_t run_pkt_recv; /* ngtcp2's counter before it */
	uint8_t run_dcid[JVPN_CID_MAX];
	/* The connection IDs (of ours) that the peer has used lately. */
	uint8_t used_dcid[JVPN_QUIC_USED_CIDS][JVPN_CID_MAX];
	size_t used_count;

	uint32_t permit_generation;
	uint32_t candidate_seen;     /* whose packets are in the hold queue */
	size_t max_packet;           /* as last reported */
	size_t burst_bytes;          /* written since the last ngtcp2_conn_update_pkt_tx_time() */
	size_t turn_bytes, turn_max; /* written in this turn, and how much that may be */
	size_t burst_max;            /* what it may be; at least ngtcp2's send quantum */
	uint64_t unpaced_ns; /* nothing waits: ngtcp2's next deadline but pacing's; 0: unknown */

	struct jvpn_probe probes[JVPN_QUIC_PROBES];
	struct jvpn_probe sample; /* one inner packet at a time is tracked */
	uint64_t last_dgram_id;
	uint64_t tracked_acked;
	uint64_t last_eliciting_ns;
	uint64_t probe_acked_rtt_ns;
	uint64_t linger_until_ns;     /* 0: not lingering */
	uint64_t stragglers_until_ns; /* inner packets of permit_generation are taken until then */
	uint64_t open_by_ns;          /* server: closed then without a tunnel; 0: no bound */
	uint64_t anew_after_ns;       /* not before that */
	unsigned anew_count;
	uint64_t hint_after_ns; /* no ICMP hint is passed on before that */
	uint64_t begun_ns;

	uint64_t dgram_sent, dgram_recv, dgram_bytes_sent, dgram_bytes_recv, admit_refused;
	uint64_t ecn_marked, ecn_dropped; /* inner packets, for marks on outer ones */
	uint8_t read_ecn;                 /* of the datagram that is read */

	struct jvpn_rekey rekey;
	struct jvpn_source *source; /* server: counted there as long as it has no tunnel */

	ngtcp2_ccerr ccerr; /* what CONNECTION_CLOSE will say */
	char close_text[192];
	struct jvpn_close_info
		info; /* kind != NONE: it is over, or will be after the last packet */

	bool in_work, is_writing;
	bool is_half_open; /* server: counted in quic->half_open */
	bool is_completed; /* TLS handshake */
	bool is_confirmed;
	bool is_mapped_initial;
	bool has_permit, wants_write, wants_probe, probe_acked;
	bool has_reset; /* a stateless reset arrived */
	bool is_dead;   /* not another packet; waits for the reaper */
	bool is_reading;
};

struct jvpn_quic {
	struct jvpn_quic_config config;
	struct jvpn_cid_layout layout;
	size_t cid_len;
	bool aead_is_direct;                        /* aead.h */
	uint64_t rekey_after_bytes, rekey_after_ns; /* 0: off */
	struct jvpn_cidmap *cids;
	struct jvpn_timer_heap timers;
	struct jvpn_batch batch;
	ngtcp2_path_storage run_path; /* of the connection that is being read */
	struct jvpn_hold_budget hold_budget;
	struct jvpn_conn *conns;
	struct jvpn_conn *work, *work_last; /* in the order in which they were marked */
	struct jvpn_turns turns;            /* of one flush */
	struct jvpn_conn *dead;
	size_t conn_count, half_open, dead_count;
	struct jvpn_sources *sources; /* server */
	unsigned accepts;             /* new connections of this receive */
	bool is_taking;               /* what another worker has read stays here */
	uint64_t now_ns, wall_s;
	struct jvpn_bucket resets, retries; /* limits of stateless resets and Retries */
	struct jvpn_quic_stats stats;
};

/* conn.c */
int jvpn_conn_new(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
		  const struct jvpn_tuple *tuple, struct jvpn_conn **out);
void jvpn_conn_free(struct jvpn_conn *conn);
/* Puts it on the list of those that jvpn_quic_flush() looks after. */
void jvpn_conn_mark(struct jvpn_conn *conn);
void jvpn_conn_arm(struct jvpn_conn *conn);
/* Over, without another packet. */
void jvpn_conn_bury(struct jvpn_conn *conn, enum jvpn_close_kind kind, uint64_t code,
		    const char *text);
/* ngtcp2 returned 'liberr': decides what it means and what the peer is told. */
void jvpn_conn_fail(struct jvpn_conn *conn, int liberr);
/* HTTP/3 rules were broken: for use inside callbacks; read_pkt then fails. */
int jvpn_conn_fail_h3(struct jvpn_conn *conn);
int jvpn_conn_fail_app(struct jvpn_conn *conn, uint64_t code, const char *text);
/* Server: it has a tunnel now, or is gone: its source may begin another one. */
void jvpn_conn_leave_source(struct jvpn_conn *conn);
/* Everything that ops must hear, outside of ngtcp2. */
void jvpn_conn_dispatch(struct jvpn_conn *conn);
bool jvpn_conn_is_permitted(const struct jvpn_conn *conn);
/* In the receive direction a binding that was left counts for a while longer. */
bool jvpn_conn_takes_inner(const struct jvpn_conn *conn);
void jvpn_conn_expire_held(struct jvpn_conn *conn);
void jvpn_conn_release_held(struct jvpn_conn *conn);

/* conn_callbacks.c */
void jvpn_conn_fill_callbacks(const struct jvpn_conn *conn, ngtcp2_callbacks *callbacks);
void jvpn_conn_fill_settings(const struct jvpn_quic *quic, ngtcp2_settings *settings);
void jvpn_conn_fill_params(const struct jvpn_quic *quic, ngtcp2_transport_params *params);
/* ngtcp2's address of a path slot and back. */
void jvpn_conn_make_path(const struct jvpn_path_slot *slot, ngtcp2_path_storage *out);
uint64_t jvpn_conn_path_id(const ngtcp2_path *path);
uint64_t jvpn_conn_current_id(const struct jvpn_conn *conn);
struct jvpn_path_moment jvpn_conn_moment(const struct jvpn_conn *conn);
/* Fresh connection ID, mapped to this connection. */
int jvpn_conn_issue_cid(struct jvpn_conn *conn, ngtcp2_cid *cid);
int jvpn_quic_random_cid(struct jvpn_quic *quic, ngtcp2_cid *cid);

/* conn_read.c */
void jvpn_conn_read(struct jvpn_conn *conn, struct jvpn_endpoint *endpoint,
		    const struct jvpn_datagram *datagram);
/* Same connection, tuple and connection ID as the datagram before. */
bool jvpn_conn_continues(const struct jvpn_conn *conn, const struct jvpn_datagram *datagram);
/* The batch is over, or another connection's or tuple's datagrams follow. */
void jvpn_conn_read_end(struct jvpn_conn *conn);
bool jvpn_conn_is_stalled(const struct jvpn_conn *conn);
/* The path is another one: what was learned about it counts no more. */
void jvpn_conn_forget_path(struct jvpn_conn *conn);
int jvpn_conn_on_datagram(struct jvpn_conn *conn, const uint8_t *data, size_t len);

/* conn_write.c */
/* What QUIC and the streams have to say. True: inner packets wait for a turn (jvpn_conn_write_inner). */
bool jvpn_conn_write(struct jvpn_conn *conn);
/* Its turn: about so many octets of inner packets, as far as pacing and window allow. True: only the
 * end of the turn stopped it. */
bool jvpn_conn_write_inner(struct jvpn_conn *conn, size_t bytes);
/* The last of a burst, after either. */
void jvpn_conn_write_end(struct jvpn_conn *conn);
void jvpn_conn_on_dgram_acked(struct jvpn_conn *conn, uint64_t id);
void jvpn_conn_on_dgram_lost(struct jvpn_conn *conn, uint64_t id);
void jvpn_conn_forget_probes(struct jvpn_conn *conn);
/* Largest inner packet right now. */
size_t jvpn_conn_max_packet(const struct jvpn_conn *conn);

/* accept.c: server, a datagram for no connection. */
void jvpn_quic_on_stranger(struct jvpn_quic *quic, struct jvpn_endpoint *endpoint,
			   const struct jvpn_datagram *datagram);

/* knock.c */
bool jvpn_quic_is_knock_answer(const struct jvpn_quic *quic, const struct jvpn_datagram *datagram);

/* quic.c */
/* The worker that a datagram for none of our connections belongs to. */
unsigned jvpn_quic_owner(const struct jvpn_quic *quic, const struct jvpn_datagram *datagram);
void jvpn_quic_reap(struct jvpn_quic *quic);

#endif
