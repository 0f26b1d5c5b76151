/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A session that comes back after a restart, and the record it comes back from. A restart is not a
 * reset: versions, counters and age go on.
 */
#include <string.h>

#include "base/time.h"
#include "core/core_internal.h"
#include "core/prelude.h"

void jvpn_session_export(const struct jvpn_session *s, uint64_t now_ns,
			 struct jvpn_session_record *record)
{
	memset(record, 0, sizeof(*record));
	record->id = s->id;
	record->user_hash = s->user_hash;
	record->state = s->state;
	record->state_version = s->state_version;
	record->attached_version = s->attached_version;
	record->server_version = s->server_version;
	record->age_ms = jvpn_session_age_ms(s, now_ns);
	record->transportless_ms = jvpn_session_transportless_ms(s, now_ns);
	/* 0 says that something is bound. */
	if (s->bound == JVPN_SLOT_NONE && record->transportless_ms == 0)
		record->transportless_ms = 1;
	record->lifetime_ms = s->lifetime_ms;
	record->transport_lost_ttl_ms = s->transport_lost_ttl_ms;
	record->total_switches = s->total_switches;
	record->counter = s->counter;
	record->last_nonce = s->last_nonce;
	record->last_n = s->last_n;
	record->plain = s->plain;
	record->replay = s->replay;
}

static void take_record(struct jvpn_step *st, const struct jvpn_session_record *r)
{
	struct jvpn_session *s = st->s;

	s->id = r->id;
	s->user_hash = r->user_hash;
	s->state = r->state;
	s->state_version = r->state_version;
	s->durable_version = r->state_version;
	s->attached_version = r->attached_version;
	s->server_version = r->server_version;
	s->age_ref_ms = r->age_ms;
	s->age_ref_ns = st->now_ns;
	s->state_since_ns = st->now_ns;
	s->transportless_since_ns = st->now_ns;
	s->transportless_ref_ms = r->transportless_ms;
	s->lifetime_ms = r->lifetime_ms;
	s->transport_lost_ttl_ms = r->transport_lost_ttl_ms;
	s->total_switches = r->total_switches;
	s->counter = r->counter;
	s->last_nonce = r->last_nonce;
	s->last_n = r->last_n;
	s->plain = r->plain;
	s->replay = r->replay;
	s->instability = JVPN_REASON_NODE_RESTART;
	s->detect_seen_ns = st->now_ns;
	/* it was not there to see it end */
	s->detect_good_ns = jvpn_time_since(st->now_ns, jvpn_ms_to_ns(r->transportless_ms));
	s->first_stored = true;
	s->exempt = s->role == JVPN_ROLE_SERVER; /* a client's restart exempts nothing (I4) */
}

/* What was bound is not bound any more; what was under way is not under way any more. */
void jvpn_core_on_restore(struct jvpn_step *st)
{
	const struct jvpn_session_record *r = st->event->u.restore.record;
	struct jvpn_audit *a;

	if (st->s->started || r->state == JVPN_STATE_NONE || r->state >= JVPN_STATE_COUNT)
		return;
	st->s->started = true;
	take_record(st, r);
	a = jvpn_core_emit(st, JVPN_AUDIT_SESSION_RESTORED, JVPN_REASON_NODE_RESTART);
	a->has |= JVPN_HAS_STATES;
	a->from = r->state;
	a->to = r->state;
	if (r->state == JVPN_STATE_BIRTH)
		jvpn_core_attach_failed(st, JVPN_REASON_ATTACH_TIMEOUT);
	else if (r->state == JVPN_STATE_ATTACHED)
		(void)jvpn_core_transit(st, JVPN_FSM_INSTABILITY, JVPN_REASON_NODE_RESTART);
	else if (r->state == JVPN_STATE_RECOVERING)
		(void)jvpn_core_transit(st, JVPN_FSM_RESTORE, JVPN_REASON_NODE_RESTART);
}
