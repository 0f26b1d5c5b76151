/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * I1: one binding at most, and the client has none that the server did not commit.
 */
#include <inttypes.h>
#include <string.h>

#include "audit/verify_internal.h"

/* ATTACHED without a binding is only told when the target died while the store wrote. */
void binding_end_unbound(struct jvpn_trail_verify *v, struct life *life, uint64_t now)
{
	if (!life->unbound)
		return;
	life->unbound = false;
	if (now > life->unbound_ts + 1)
		verify_bad(v, &life->unbound_place, "I1",
			   "session %s was ATTACHED at version %" PRIu64 " without a binding",
			   verify_name(life), life->unbound_version);
}

static void drop_candidate(struct life *life, uint64_t hash)
{
	for (unsigned i = 0; i < life->candidates; i++)
		if (life->candidate[i] == hash)
			life->candidate[i] = life->candidate[--life->candidates];
}

static void check_commit(struct jvpn_trail_verify *v, const struct life *life,
			 const struct jvpn_trail_line *line, const char *transport)
{
	const struct identity *identity = &v->identity[life->identity];
	const struct commit *commit;
	const struct life *server;

	if (identity->broken || !identity->commits)
		return;
	server = identity->server_life == NONE ? NULL : v->life[identity->server_life];
	if (server && server->losses != v->process[server->process].losses)
		return;
	commit = book_committed(v, identity, transport);
	if (commit && commit->ts <= line->ts_ms + v->config.late_ms)
		return;
	verify_bad(v, v->place, "I1",
		   "session %s: the client is bound to %s, which the server never committed before",
		   verify_name(life), transport);
}

static void bind_to(struct jvpn_trail_verify *v, struct life *life,
		    const struct jvpn_trail_line *line)
{
	const char *transport = line->event.transport;

	if (life->unbound && line->event.state_version != life->unbound_version)
		verify_bad(v, v->place, "I1",
			   "session %s is bound at version %" PRIu64
			   ", but it was ATTACHED with %" PRIu64,
			   verify_name(life), line->event.state_version, life->unbound_version);
	life->unbound = false;
	life->binding_known = true;
	memcpy(life->binding, transport, sizeof(life->binding));
	drop_candidate(life, book_hash(v, transport));
	if (line->role == JVPN_ROLE_SERVER)
		(void)book_commit(v, &v->identity[life->identity], line->ts_ms, transport);
	else
		check_commit(v, life, line, transport);
}

static void check_state(struct jvpn_trail_verify *v, const struct life *life)
{
	if (life->state && life->state != JVPN_STATE_ATTACHED)
		verify_bad(v, v->place, "I1", "session %s is bound in state %s", verify_name(life),
			   jvpn_state_name(life->state));
}

void binding_attached(struct jvpn_trail_verify *v, struct life *life,
		      const struct jvpn_trail_line *line)
{
	if (life->binding_known && life->binding[0])
		verify_bad(v, v->place, "I1",
			   "session %s is bound to %s for the first time, but is bound to %s",
			   verify_name(life), line->event.transport, life->binding);
	check_state(v, life);
	bind_to(v, life, line);
}

void binding_switch(struct jvpn_trail_verify *v, struct life *life,
		    const struct jvpn_trail_line *line)
{
	const struct jvpn_audit *event = &line->event;

	if (life->binding_known && strcmp(life->binding, event->previous_transport) != 0)
		verify_bad(v, v->place, "I1", "session %s switches from %s, but its binding is %s",
			   verify_name(life), event->previous_transport, life->binding);
	if (strcmp(event->previous_transport, event->transport) == 0)
		verify_bad(v, v->place, "I1", "session %s switches from %s to itself",
			   verify_name(life), event->transport);
	check_state(v, life);
	if (life->version_known && life->version != event->state_version)
		verify_bad(v, v->place, "I12",
			   "session %s: a switch at version %" PRIu64 ", it is at %" PRIu64,
			   verify_name(life), event->state_version, life->version);
	bind_to(v, life, line);
	life->switch_count++;
	if (line->role == JVPN_ROLE_SERVER)
		limits_charge(v, life, line);
}

void binding_result(struct jvpn_trail_verify *v, struct life *life,
		    const struct jvpn_trail_line *line)
{
	const char *transport = line->event.transport;

	if (line->event.reason == JVPN_REASON_REATTACH_REFUSED)
		life->refused++;
	if (line->event.reason != JVPN_REASON_REATTACH_SUCCESS || !life->unbound)
		return;
	if (life->binding_known && life->binding[0] && strcmp(life->binding, transport) != 0)
		verify_bad(v, v->place, "I1",
			   "session %s is ATTACHED to %s without a switch, its binding was %s",
			   verify_name(life), transport, life->binding);
	bind_to(v, life, line);
	life->exempt = false;
}
