/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ladder of checks for REATTACH and attach requests (session.md, "REATTACH"): first failure
 * decides, nothing is mutated. Steps 1 and 2 (well-formed, known session) are the listener's, see
 * limiter.h (jvpn_refusals_charge) and table.h (jvpn_table_find).
 */
#ifndef JVPN_CORE_REATTACH_H
#define JVPN_CORE_REATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/session.h"

enum jvpn_ladder_step {
	JVPN_LADDER_PASSED = 0,
	JVPN_LADDER_STATE = 3,
	JVPN_LADDER_LIFETIME = 4,
	JVPN_LADDER_TTL = 5,
	JVPN_LADDER_VERSION = 6,
	JVPN_LADDER_IDENTITY = 7,
	JVPN_LADDER_PROOF = 8,
	JVPN_LADDER_FRESHNESS = 9,
	JVPN_LADDER_POLICY = 10,
	JVPN_LADDER_AUTHORITY = 11,
	JVPN_LADDER_PATH = 12
};

enum jvpn_ladder_answer {
	JVPN_ANSWER_NONE = 0,
	JVPN_ANSWER_COMMIT,   /* everything holds */
	JVPN_ANSWER_DENY,     /* with wire_reason */
	JVPN_ANSWER_REQUIRED, /* right MAC, but no challenge for this tuple: ask for it */
	JVPN_ANSWER_PARK      /* the path is undecided or a commit is in flight: wait */
};

struct jvpn_verdict {
	enum jvpn_ladder_answer answer;
	enum jvpn_ladder_step step;   /* that failed; PASSED */
	enum jvpn_reason reason;      /* the true one, for the log */
	enum jvpn_reason wire_reason; /* reattach_refused instead of 2-8 without a valid proof */
	uint64_t retry_after_ms;
	bool verified;       /* the proof holds: may be charged, may be told version and age */
	bool charge_counter; /* passed 9: the counter is used up, whatever follows */
	bool charge_session; /* reached the per-session bucket with a token there */
	bool charge_global;  /* ... and the global one */
	bool is_switch;
};

/* A request at one moment. */
struct jvpn_ladder_input {
	const struct jvpn_session *session;
	const struct jvpn_step_ctx *ctx;
	const struct jvpn_request *request;
	uint8_t slot;        /* of the connection; for an attach a free one */
	uint32_t generation; /* tuple the request came from */
	uint64_t now_ns;
};

/* Checks 3-12 of a request that just arrived. */
void jvpn_reattach_check(const struct jvpn_ladder_input *in, struct jvpn_verdict *verdict);
/* Checks 3-9 of an attach (op=attach): COMMIT means "may be a candidate". */
void jvpn_reattach_check_attach(const struct jvpn_ladder_input *in, struct jvpn_verdict *verdict);
/* Checks 3-6 and 10-12 again for the request parked in 'slot' (rates were charged at its arrival). */
void jvpn_reattach_recheck(const struct jvpn_session *s, const struct jvpn_step_ctx *ctx,
			   uint8_t slot, uint64_t now_ns, struct jvpn_verdict *verdict);
/* Checks 3-5 and 10-12 of the server's own finding for a plain peer: bind in->generation of
 * in->slot (in->request is not looked at). */
void jvpn_reattach_check_plain(const struct jvpn_ladder_input *in, struct jvpn_verdict *verdict);

#endif
