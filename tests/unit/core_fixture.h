/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A session with everything around it that a test of core/ needs: time, policy, a log of effects,
 * and a store that answers at once unless it is told not to. Invariants are checked after each step.
 */
#ifndef JVPN_TESTS_CORE_FIXTURE_H
#define JVPN_TESTS_CORE_FIXTURE_H

#include "core/invariant.h"
#include "core/reattach.h"
#include "core/session.h"

#define FIXTURE_LOG 1024
#define MS          1000000ULL

struct fixture {
	struct jvpn_session s;
	struct jvpn_slot slots[JVPN_SLOTS];
	struct jvpn_policy policy;
	struct jvpn_bucket global;
	struct jvpn_step_ctx ctx;
	struct jvpn_effects fx;
	struct jvpn_effect log[FIXTURE_LOG];
	size_t log_count;
	uint64_t now_ns;
	uint64_t counter;     /* last used for a request */
	bool manual_store;    /* the test answers STORE_* itself */
	uint64_t store_nonce; /* of the last store operation */
	int broken;           /* first broken invariant */
};

/* At t = 1000 s, default policy. */
void fixture_init(struct fixture *f, enum jvpn_role role);
/* Server: CREATE, first attach in slot 0 ("wlan0"), stored: ATTACHED, version 2. */
void fixture_server(struct fixture *f);
/* Client: CREATE, CREATED in slot 0 ("wlan0#1"): ATTACHED, local version 2, server version 2. */
void fixture_client(struct fixture *f);
void fixture_advance_ms(struct fixture *f, uint64_t ms);
/* Steps 'e' at the fixture's time (e->now_ns is set), logs the effects, answers the store. */
void fixture_step(struct fixture *f, struct jvpn_event *e);
void fixture_event(struct fixture *f, enum jvpn_event_type type, uint8_t slot, uint32_t generation);
void fixture_timer(struct fixture *f);
void fixture_fact(struct fixture *f, uint8_t slot, enum jvpn_fact_kind kind);
void fixture_path(struct fixture *f, enum jvpn_event_type type, uint8_t slot, uint32_t generation);
void fixture_store(struct fixture *f, enum jvpn_store_status status);
void fixture_terminate(struct fixture *f, enum jvpn_reason reason);
/* A request that passes every check, from the handshake's tuple. */
struct jvpn_event fixture_request(struct fixture *f, uint8_t slot);
/* Server: a further transport in 'slot' by an attach that passes. */
void fixture_attach(struct fixture *f, uint8_t slot, const char *label);
/* Client: a further transport, ready and accepted. */
void fixture_client_attach(struct fixture *f, uint8_t slot, const char *label);
void fixture_clear_log(struct fixture *f);
/* The n-th (from 0) logged effect of a kind, or NULL. */
const struct jvpn_effect *fixture_effect(const struct fixture *f, enum jvpn_effect_type type,
					 size_t n);
const struct jvpn_audit *fixture_audit(const struct fixture *f, enum jvpn_audit_type type,
				       size_t n);
const struct jvpn_effect *fixture_sent(const struct fixture *f, enum jvpn_msg_type type, size_t n);
size_t fixture_count(const struct fixture *f, enum jvpn_effect_type type);

#endif
