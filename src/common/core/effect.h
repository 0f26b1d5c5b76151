/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a session wants done: the outputs of jvpn_session_step(), to be executed in order by the
 * driver after step has returned. Nothing in here is a callback.
 */
#ifndef JVPN_CORE_EFFECT_H
#define JVPN_CORE_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/audit.h"
#include "core/msg.h"

/* A step can end a session with all its slots and a full journal; nothing needs more. */
#define JVPN_EFFECTS_MAX 96

enum jvpn_effect_type {
	JVPN_EFFECT_NONE = 0,
	/* Write u.audit. The driver adds what it alone knows: PEER (of 'slot') on transport events, USER
	 * and ADDRESSES on SessionCreated, tx/rx figures where HAS_TOTALS is set. */
	JVPN_EFFECT_EMIT,
	/* u.store: compare-and-swap from_version -> to_version (from 0: insert a new record) with this
	 * nonce inside; answer with STORE_RESULT. The record is jvpn_session_export() with the state
	 * and version of u.store. At most one store operation of a session is in flight, and each
	 * one is answered: TIMEOUT is an answer, silence is not. */
	JVPN_EFFECT_STORE_CAS,
	/* u.store: transitions that took permission away; they already act. Same record rule. Must be
	 * idempotent (the same nonce again is OK): it is repeated until it succeeds. */
	JVPN_EFFECT_STORE_APPEND,
	/* u.store.nonce: the outcome is unknown, read the record: FOUND or NOT_FOUND (or TIMEOUT). */
	JVPN_EFFECT_STORE_REREAD,
	/* Inner packets may pass on 'slot' while its bound tuple is 'generation'. A clear always
	 * precedes the set of another slot. */
	JVPN_EFFECT_PERMIT_SET,
	JVPN_EFFECT_PERMIT_CLEAR,
	/* 'generation' of 'slot' is the bound tuple now, its held packets may go (jvpn_conn_path_commit). */
	JVPN_EFFECT_PATH_COMMIT,
	/* Forget the candidate tuple; ignore exactly that tuple for u.cooldown_ns (0: not at all). */
	JVPN_EFFECT_PATH_DROP,
	/* Too many unconfirmed candidates: drop off-tuple datagrams of the session before QUIC sees
	 * them for u.cooldown_ns, but only while the bound tuple was heard within 1 PTO. */
	JVPN_EFFECT_OFFPATH_LIMIT,
	/* Send u.msg on 'slot' as a capsule. The driver fills MACs, conn_counter, route_prefix, and for
	 * REATTACH_REQUIRED the challenge for the tuple 'generation'. */
	JVPN_EFFECT_SEND,
	/* Client: send CONNECT with op=attach and these fields (u.msg.u.reattach_request; MAC added). */
	JVPN_EFFECT_SEND_ATTACH,
	/* Server: answer the CONNECT on 'slot' with 2xx; the slot is in use from now on. u.msg is the
	 * SESSION_STATE to send with it; u.msg.type NONE when there is none. */
	JVPN_EFFECT_ATTACH_ACCEPT,
	/* Server: refuse the CONNECT on 'slot' (u.msg.u.reattach_deny; for reattach_refused nothing but
	 * the reason); the slot is free. */
	JVPN_EFFECT_ATTACH_REFUSE,
	/* Close the connection of 'slot' and forget the slot: it may be used again. u.reason;
	 * node_draining: close with JVPN_APP_RESTARTING. Messages sent before it go out first. */
	JVPN_EFFECT_CLOSE_TRANSPORT,
	/* The session is over (u.reason) and durable as such: free it. No effect follows this one. */
	JVPN_EFFECT_TERMINATED,
	/* This node lost the session to another one: drop the copy without a word to the client. The
	 * transports were closed by CLOSE_TRANSPORT effects before. */
	JVPN_EFFECT_DROPPED,
	JVPN_EFFECT_COUNT
};

struct jvpn_effect {
	enum jvpn_effect_type type;
	uint8_t slot; /* JVPN_SLOT_NONE where none is meant */
	uint32_t generation;
	union {
		struct jvpn_audit audit;
		struct jvpn_msg msg;
		struct {
			uint64_t from_version;
			uint64_t to_version;
			uint64_t
				nonce; /* unique in the session; the driver adds node and incarnation */
			enum jvpn_state state; /* at to_version */
		} store;
		enum jvpn_reason reason;
		uint64_t cooldown_ns;
	} u;
};

/* Owned by the caller; step resets it. About 55 KiB: keep one per worker, not on the stack. */
struct jvpn_effects {
	size_t count;
	bool overflow; /* a defect: the session is to be ended with internal_invariant */
	struct jvpn_effect v[JVPN_EFFECTS_MAX];
};

/* For traces: "emit", "store_cas" ...; "none" out of range. */
const char *jvpn_effect_type_name(enum jvpn_effect_type type);

#endif
