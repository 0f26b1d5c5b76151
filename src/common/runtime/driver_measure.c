/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Figures of transports for the core: facts about one, and the figures of all before a choice. Must not
 * choose: the core does.
 */
#include "base/time.h"
#include "runtime/driver_internal.h"

/* The binding by the windows of the policy; a standby, with a packet per heartbeat, by its own. */
static void fill_figures(const struct jvpn_transport *t, struct jvpn_event *event)
{
	const struct jvpn_policy *policy = &t->driver->policy;
	uint64_t now_ns = t->driver->now_ns;
	struct jvpn_quality_figures f;
	uint32_t p95 = jvpn_quality_p95_us(&t->quality, policy, now_ns);

	jvpn_quality_figures(&t->quality, policy, now_ns, &f);
	event->u.fact.last_good_ns = t->liveness.last_received_ns;
	event->u.fact.loss_ppm = f.loss_ppm;
	event->u.fact.latency_us = f.latency_us;
	event->u.fact.typical_us = f.typical_us;
	event->u.fact.spread_us = f.spread_us;
	event->u.fact.settled = f.settled;
	event->u.fact.pto_ns = t->liveness.pto_ns;
	if (jvpn_live_binding(t->live) != t)
		return;
	event->u.fact.loss_ppm = jvpn_quality_loss_ppm(&t->quality, policy, now_ns);
	if (p95 != 0)
		event->u.fact.latency_us = p95;
}

bool jvpn_transport_fact(struct jvpn_transport *transport, enum jvpn_fact_kind kind)
{
	uint64_t now_ns = transport->driver->now_ns;
	uint64_t silence = jvpn_liveness_silence_ns(&transport->liveness, now_ns);
	struct jvpn_event event = {.type = JVPN_EVENT_FACT, .slot = transport->slot};

	fill_figures(transport, &event);
	event.u.fact.kind = kind;
	/* An idle path may have been dead for long: what counts is since when it was missed. */
	if (silence != 0)
		event.u.fact.since_ns = now_ns - silence;
	return jvpn_driver_step(transport->live, &event);
}

void jvpn_driver_transport_lost(struct jvpn_transport *transport)
{
	struct jvpn_live *live = transport->live;
	struct jvpn_event event = {.type = JVPN_EVENT_FACT, .slot = transport->slot};

	if (!live || !jvpn_liveness_declare_dead(&transport->liveness, transport->driver->now_ns))
		return;
	fill_figures(transport, &event);
	event.u.fact.kind = JVPN_FACT_DEAD;
	event.u.fact.since_ns = transport->driver->now_ns; /* somebody saw it go */
	if (jvpn_driver_step(live, &event))
		jvpn_live_reschedule(live);
}

/* Will the core look at the figures of others than the transport of this event? */
static bool chooses(const struct jvpn_live *live, const struct jvpn_event *event)
{
	bool client = live->driver->role == JVPN_ROLE_CLIENT;
	enum jvpn_event_type type = event->type;

	if (type == JVPN_EVENT_FACT)
		return client && event->u.fact.kind != JVPN_FACT_MEASURE;
	if (type == JVPN_EVENT_TIMER)
		return client && live->core.state != JVPN_STATE_ATTACHED;
	/* who was heard longest ago makes room; how long the old binding has been silent */
	if (type == JVPN_EVENT_ATTACH_REQUEST || type == JVPN_EVENT_REATTACH_REQUEST)
		return event->u.request.proof_ok;
	return type == JVPN_EVENT_TRANSPORT_CLOSED || type == JVPN_EVENT_HANDOVER ||
	       type == JVPN_EVENT_TRANSPORT_READY || type == JVPN_EVENT_ATTACH_ACCEPTED ||
	       type == JVPN_EVENT_REQUIRED || type == JVPN_EVENT_STATE;
}

static bool measure_all(struct jvpn_live *live)
{
	for (size_t i = 0; i < JVPN_SLOTS; i++)
		if (live->slot[i] && live->core.slot[i].used &&
		    !jvpn_transport_fact(live->slot[i], JVPN_FACT_MEASURE))
			return false;
	return true;
}

enum jvpn_measured jvpn_live_measure_for(struct jvpn_live *live, const struct jvpn_event *event)
{
	const struct jvpn_transport *t = event->slot < JVPN_SLOTS ? live->slot[event->slot] : NULL;

	if (live->core.state == JVPN_STATE_BIRTH || !chooses(live, event))
		return JVPN_MEASURED;
	if (!measure_all(live))
		return JVPN_MEASURED_OVER;
	/* a timer that ran with it may have closed the very transport */
	if (event->slot < JVPN_SLOTS && live->slot[event->slot] != t)
		return JVPN_MEASURED_GONE;
	return JVPN_MEASURED;
}

uint64_t jvpn_live_compare_deadline(const struct jvpn_live *live)
{
	if (live->driver->role != JVPN_ROLE_CLIENT || !live->busy ||
	    live->core.state != JVPN_STATE_ATTACHED ||
	    jvpn_session_candidate_count(&live->core) == 0)
		return JVPN_TIME_NEVER;
	return live->compare_ns;
}

bool jvpn_live_compare(struct jvpn_live *live)
{
	struct jvpn_driver *d = live->driver;
	struct jvpn_event event = {.type = JVPN_EVENT_COMPARE, .slot = JVPN_SLOT_NONE};
	struct jvpn_quality_figures f;

	if (jvpn_live_compare_deadline(live) > d->now_ns)
		return true;
	live->compare_ns = jvpn_time_add(
		d->now_ns, jvpn_ms_to_ns(jvpn_session_compare_interval_ms(&d->policy)));
	if (!measure_all(live))
		return false;
	if (!jvpn_live_binding(live))
		return true;
	jvpn_quality_figures(&jvpn_live_binding(live)->quality, &d->policy, d->now_ns, &f);
	event.u.compare.loss_ppm = f.loss_ppm;
	event.u.compare.latency_us = f.latency_us;
	event.u.compare.typical_us = f.typical_us;
	event.u.compare.spread_us = f.spread_us;
	event.u.compare.settled = f.settled;
	return jvpn_driver_step(live, &event);
}
