/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of core/ share: one step in progress, and the verbs its handlers are made of.
 * Nobody outside core/ may include it.
 */
#ifndef JVPN_CORE_INTERNAL_H
#define JVPN_CORE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/fsm.h"
#include "core/reattach.h"
#include "core/select.h"
#include "core/session.h"

#define JVPN_MINUTE_MS 60000U
#define JVPN_HOUR_MS   3600000U

/* One call of jvpn_session_step(). */
struct jvpn_step {
	struct jvpn_session *s;
	const struct jvpn_step_ctx *ctx;
	const struct jvpn_policy *policy;
	const struct jvpn_event *event;
	uint64_t now_ns;
	struct jvpn_effects *fx;
	char ranking[JVPN_SELECT_TEXT_MAX +
		     1]; /* client: why this candidate, for ReattachAttempt */
	bool adopting;   /* a commit the store took is being applied: its transitions are durable */
};

/* session.c */
/* Milliseconds until a verified request may fail at check 12 again, or a switch is in both budgets. */
uint64_t jvpn_core_failure_wait_ms(const struct jvpn_session *s, const struct jvpn_policy *policy,
				   uint64_t now_ns);
uint64_t jvpn_core_budget_wait_ms(const struct jvpn_session *s, const struct jvpn_policy *policy,
				  uint64_t now_ns);
void jvpn_core_count_failure(struct jvpn_session *s, uint64_t now_ns);
void jvpn_core_count_switch(struct jvpn_session *s, uint64_t now_ns);
/* A switch was made: cooldown and budgets, unless it is exempt. */
void jvpn_core_charge_switch(struct jvpn_session *s, uint64_t now_ns);
/* Would binding this tuple change the binding (or, while |A| = 0, the last one)? */
bool jvpn_core_is_switch(const struct jvpn_session *s, uint8_t slot, uint32_t generation);
uint64_t jvpn_core_lifetime_ms(const struct jvpn_session *s, const struct jvpn_policy *policy);
uint64_t jvpn_core_ttl_ms(const struct jvpn_session *s, const struct jvpn_policy *policy);
uint64_t jvpn_core_lifetime_deadline(const struct jvpn_session *s,
				     const struct jvpn_policy *policy);
uint64_t jvpn_core_ttl_deadline(const struct jvpn_session *s, const struct jvpn_policy *policy);
bool jvpn_core_has_live_candidate(const struct jvpn_session *s);
bool jvpn_core_has_live_slot(const struct jvpn_session *s);
/* The reason to start a switch that goes with why the binding was left. */
enum jvpn_reason jvpn_core_recovery_reason(enum jvpn_reason instability);

/* session_emit.c: effects */
struct jvpn_effect *jvpn_core_effect(struct jvpn_step *st, enum jvpn_effect_type type,
				     uint8_t slot);
/* An audit event with session_id and durable version; the pointer is for more fields. */
struct jvpn_audit *jvpn_core_emit(struct jvpn_step *st, enum jvpn_audit_type type,
				  enum jvpn_reason reason);
/* The same with HAS_TRANSPORT of a slot. */
struct jvpn_audit *jvpn_core_emit_slot(struct jvpn_step *st, enum jvpn_audit_type type,
				       enum jvpn_reason reason, uint8_t slot);
void jvpn_core_emit_change(struct jvpn_step *st, const struct jvpn_journal_entry *change,
			   uint64_t version);
void jvpn_core_emit_created(struct jvpn_step *st);
void jvpn_core_emit_terminated(struct jvpn_step *st);
/* Security events and the like: at most JVPN_SECURITY_EVENTS_PER_S, the rest is counted. */
void jvpn_core_emit_limited(struct jvpn_step *st, enum jvpn_audit_type type,
			    enum jvpn_reason reason, uint8_t slot);
void jvpn_core_send_required(struct jvpn_step *st, uint8_t slot, uint32_t generation,
			     enum jvpn_reason reason);
void jvpn_core_send_required_others(struct jvpn_step *st, uint8_t except, enum jvpn_reason reason);
void jvpn_core_send_deny(struct jvpn_step *st, uint8_t slot, uint64_t counter,
			 const struct jvpn_verdict *verdict);
void jvpn_core_send_ack(struct jvpn_step *st, uint8_t slot, uint64_t counter);
void jvpn_core_send_created(struct jvpn_step *st, uint8_t slot);
void jvpn_core_fill_state(struct jvpn_step *st, struct jvpn_msg *msg, enum jvpn_reason reason);
void jvpn_core_send_state_all(struct jvpn_step *st, enum jvpn_reason reason);

/* session_change.c: transitions, binding, end */
enum jvpn_cell_kind jvpn_core_transit(struct jvpn_step *st, enum jvpn_fsm_event event,
				      enum jvpn_reason reason);
/* Leaves ATTACHED (or waits for the commit in flight). last_good_ns: 0 unknown. */
void jvpn_core_instability(struct jvpn_step *st, enum jvpn_reason reason, uint64_t last_good_ns);
void jvpn_core_withdraw_permit(struct jvpn_step *st);
void jvpn_core_unbind(struct jvpn_step *st);
void jvpn_core_bind(struct jvpn_step *st, uint8_t slot);
/* TransportSwitch of a binding that was just made; 'previous': JVPN_TRANSPORT_ID_MAX + 1 octets with
 * label#n of the one before. */
void jvpn_core_note_switch(struct jvpn_step *st, enum jvpn_reason reason, const char *previous,
			   uint64_t detect_us, uint64_t recover_us);
void jvpn_core_terminate(struct jvpn_step *st, enum jvpn_reason reason, bool tell_peer);
void jvpn_core_attach_failed(struct jvpn_step *st, enum jvpn_reason reason);
/* A fresh transport, validated by its handshake (RFC 9000 section 8.1). */
void jvpn_core_take_slot(struct jvpn_step *st, uint8_t slot, const char *label);
/* Closes and frees a slot; it must not be the binding. */
void jvpn_core_close_slot(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason);
void jvpn_core_free_slot(struct jvpn_step *st, uint8_t slot);
/* Another transport was bound instead: a living one is a candidate now, a dead one is closed when its
 * last packets have had the time to arrive. */
void jvpn_core_leave_slot(struct jvpn_step *st, uint8_t old);
uint64_t jvpn_core_leave_deadline(const struct jvpn_session *s);
void jvpn_core_close_left(struct jvpn_step *st);

/* session_store.c */
void jvpn_core_flush_store(struct jvpn_step *st);
void jvpn_core_on_store_result(struct jvpn_step *st);
void jvpn_core_store_retry(struct jvpn_step *st);
void jvpn_core_begin_commit(struct jvpn_step *st, const struct jvpn_commit *plan);
void jvpn_core_recheck_parked(struct jvpn_step *st, uint8_t slot);
void jvpn_core_recheck_all(struct jvpn_step *st);

/* session_request.c */
void jvpn_core_on_attached(struct jvpn_step *st);
void jvpn_core_on_attach_request(struct jvpn_step *st);
void jvpn_core_on_reattach_request(struct jvpn_step *st);
/* What a request that was judged asked for. */
struct jvpn_asked {
	uint8_t slot;
	uint32_t generation;
	uint64_t counter;
	enum jvpn_reason reason;
	uint32_t detect_us;
};
void jvpn_core_decide(struct jvpn_step *st, const struct jvpn_asked *asked,
		      const struct jvpn_verdict *verdict);
void jvpn_core_plain_finding(struct jvpn_step *st, uint8_t slot, uint32_t generation);

/* session_transport.c, session_path.c */
void jvpn_core_on_closed(struct jvpn_step *st);
void jvpn_core_on_fact(struct jvpn_step *st);
void jvpn_core_on_handover(struct jvpn_step *st);
void jvpn_core_on_drain(struct jvpn_step *st);
void jvpn_core_on_path(struct jvpn_step *st);
void jvpn_core_path_undecided(struct jvpn_step *st);
/* The connection with that candidate is gone. */
void jvpn_core_end_pending(struct jvpn_step *st, uint8_t slot);
void jvpn_core_drop_pending(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason,
			    uint64_t cooldown_ns);

/* session_client.c */
void jvpn_core_client_on(struct jvpn_step *st);
/* Client: ask for a binding if one is wanted and a transport is there. */
void jvpn_core_client_seek(struct jvpn_step *st);
void jvpn_core_client_request(struct jvpn_step *st, uint8_t slot, enum jvpn_reason reason);
void jvpn_core_client_timer(struct jvpn_step *st);
/* At the end of each step: no wish for a binding without a question that is due. */
void jvpn_core_client_keep_asking(struct jvpn_step *st);
int jvpn_core_client_select(struct jvpn_step *st);
void jvpn_core_describe(const struct jvpn_step *st, uint8_t slot, struct jvpn_select_candidate *c);

/* session_compare.c */
void jvpn_core_client_compare(struct jvpn_step *st);

/* session_timer.c */
void jvpn_core_run_timers(struct jvpn_step *st);

/* session_restore.c */
void jvpn_core_on_restore(struct jvpn_step *st);

#endif
