/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The replay: each line against what is known of its process and its session. Transitions are judged
 * by the program's own tables (core/fsm).
 */
#include "audit/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/verify_internal.h"
#include "base/err.h"
#include "core/fsm.h"

#define NAME_DIGITS 8

void verify_bad(struct jvpn_trail_verify *v, const struct jvpn_trail_place *place,
		const char *invariant, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	v->sum.violations++;
	v->config.violation(v->config.user, place, invariant, text);
}

const char *verify_name(const struct life *life)
{
	static char text[JVPN_ID_HEX_LEN + 1];

	jvpn_id_format(&life->id, text);
	text[NAME_DIGITS] = '\0';
	return text;
}

/* What a session that is over must not be told in any more. */
static bool is_move(enum jvpn_audit_type type)
{
	return type == JVPN_AUDIT_SESSION_CREATED || type == JVPN_AUDIT_SESSION_STATE_CHANGE ||
	       type == JVPN_AUDIT_SESSION_TERMINATED || type == JVPN_AUDIT_SESSION_RESTORED ||
	       type == JVPN_AUDIT_TRANSPORT_ATTACHED || type == JVPN_AUDIT_TRANSPORT_SWITCH ||
	       type == JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED;
}

static bool is_allowed(enum jvpn_state from, const struct jvpn_audit *event)
{
	for (int e = JVPN_FSM_NONE + 1; e < JVPN_FSM_COUNT; e++) {
		struct jvpn_cell cell;

		if (event->has & JVPN_HAS_FSM_EVENT && e != (int)event->fsm_event)
			continue;
		cell = jvpn_fsm_decide(from, (enum jvpn_fsm_event)e, event->reason);
		if (cell.kind == JVPN_CELL_GO && cell.next == event->to)
			return true;
	}
	return false;
}

/* --- the stream --- */

/* The first line of a node and of its oldest process: what was before is gone, a rotated file. */
static bool begins_later(struct jvpn_trail_verify *v, struct process *process, uint64_t seq)
{
	struct node *node = &v->node[process->node];

	if (v->config.from_start || node->known)
		return false;
	v->sum.headless++;
	v->sum.headless_lines += seq - 1;
	process->losses++;
	return true;
}

/* False: the line is there twice or in the wrong place, and not taken. */
static bool check_seq(struct jvpn_trail_verify *v, struct process *process,
		      const struct jvpn_trail_line *line)
{
	uint64_t last = process->seq, seq = line->seq;
	bool lost = line->event.type == JVPN_AUDIT_TELEMETRY_DEGRADED;

	if (seq == 1 && last <= 1 && line->event.type != JVPN_AUDIT_NODE_STARTED && last)
		seq = 0;
	if (seq == 1 && !(last == 1 && line->ts_ms == process->last_ts)) {
		process->seq = 1;
		return true;
	}
	if (seq <= last) {
		verify_bad(v, v->place, "I12",
			   "seq %" PRIu64 " stands behind seq %" PRIu64
			   ": a line is there twice or out of order",
			   line->seq, last);
		return false;
	}
	process->seq = seq;
	if (seq == last + 1) {
		process->losses += lost;
		return true;
	}
	if (!last && begins_later(v, process, seq))
		return true;
	process->losses++;
	if (!lost || line->event.count != seq - last - 1)
		verify_bad(v, v->place, "I12",
			   "seq %" PRIu64 " is followed by %" PRIu64 ", which nothing announced",
			   last, seq);
	return true;
}

/* Another process goes on with a session only by restoring it. False: the line is not taken. */
static bool check_owner(struct jvpn_trail_verify *v, const struct life *life,
			const struct jvpn_trail_line *line)
{
	if (v->process[life->process].pid == line->pid ||
	    line->event.type == JVPN_AUDIT_SESSION_RESTORED)
		return true;
	if (is_move(line->event.type))
		verify_bad(v, v->place, "I12",
			   "%s of session %s by process %" PRIu64 ", which has not restored it",
			   jvpn_audit_type_name(line->event.type), verify_name(life), line->pid);
	return false;
}

static void check_text(struct jvpn_trail_verify *v, const struct life *life, char *known,
		       const char *text, const char *what)
{
	size_t size = strlen(text) + 1;

	if (size == 1)
		return;
	if (!known[0])
		memcpy(known, text, size);
	else if (strcmp(known, text) != 0)
		verify_bad(v, v->place, "I2", "session %s: %s changes from %s to %s",
			   verify_name(life), what, known, text);
}

static void check_identity(struct jvpn_trail_verify *v, const struct life *life,
			   const struct jvpn_trail_line *line)
{
	struct identity *identity = &v->identity[life->identity];

	check_text(v, life, identity->ipv4, line->event.inner_ipv4, "inner_ipv4");
	check_text(v, life, identity->ipv6, line->event.inner_ipv6, "inner_ipv6");
	check_text(v, life, identity->user, line->event.user, "user");
}

/* --- one function for each event type that moves a session --- */

static void hold(struct jvpn_trail_verify *v, const struct life *life,
		 const struct jvpn_trail_line *line, const char *what)
{
	const struct life *other = book_hold(v, line, what, life->number);

	if (!other || other == life || other->over || !other->state ||
	    other->state == JVPN_STATE_TERMINATED ||
	    other->losses != v->process[other->process].losses)
		return;
	if (v->process[other->process].pid == line->pid)
		verify_bad(v, v->place, "I2", "session %s gets what another living session has: %s",
			   verify_name(life), what);
}

/* Server: one living session an address. Client: one living session a process. */
static void check_unique(struct jvpn_trail_verify *v, const struct life *life,
			 const struct jvpn_trail_line *line)
{
	char process[32];

	snprintf(process, sizeof(process), "process %" PRIu64, line->pid);
	if (line->role == JVPN_ROLE_CLIENT)
		hold(v, life, line, process);
	if (line->event.inner_ipv4[0])
		hold(v, life, line, line->event.inner_ipv4);
	if (line->event.inner_ipv6[0])
		hold(v, life, line, line->event.inner_ipv6);
}

static void on_created(struct jvpn_trail_verify *v, struct life *life,
		       const struct jvpn_trail_line *line)
{
	if (life->version_known)
		verify_bad(v, v->place, "I12", "session %s is born twice", verify_name(life));
	life->version = line->event.state_version;
	life->version_known = life->counted_from_birth = life->binding_known = true;
	life->state = JVPN_STATE_BIRTH;
	life->since = life->born = line->ts_ms;
	life->binding[0] = '\0';
	check_unique(v, life, line);
}

static void on_restored(struct jvpn_trail_verify *v, struct life *life,
			const struct jvpn_trail_line *line)
{
	uint32_t process = v->at;
	const struct jvpn_audit *event = &line->event;

	if (life->process != process && life->state == JVPN_STATE_RECOVERING)
		limits_recovering(v, life, v->process[life->process].last_ts);
	if (life->version_known && event->state_version < life->version)
		verify_bad(v, v->place, "I7",
			   "session %s comes back with version %" PRIu64 ", it was at %" PRIu64,
			   verify_name(life), event->state_version, life->version);
	life->process = process;
	life->losses = v->process[process].losses;
	life->version = event->state_version;
	life->version_known = life->exempt = true;
	life->state = event->to;
	life->since = life->restored_at = line->ts_ms;
	life->binding_known = life->unbound = life->counted_from_birth = false;
	life->attached_version = life->requests = 0;
	life->candidates = 0;
	life->alone_since = line->ts_ms - (event->transportless_age_ms < line->ts_ms
						   ? event->transportless_age_ms
						   : line->ts_ms);
	if (event->has & JVPN_HAS_TOTALS)
		life->born =
			line->ts_ms -
			(event->session_age_ms < line->ts_ms ? event->session_age_ms : line->ts_ms);
	if (line->role == JVPN_ROLE_CLIENT)
		check_unique(v, life, line);
}

/* The commit's transitions came right before; what the request named was current before them. */
static void check_request(struct jvpn_trail_verify *v, const struct life *life)
{
	if (life->requests && life->request_min > life->version)
		verify_bad(v, v->place, "I7",
			   "session %s is bound by a request for version %" PRIu64 ", but %" PRIu64
			   " to %" PRIu64 " were current",
			   verify_name(life), life->request_last, life->attached_version,
			   life->version);
}

static void on_state_attached(struct jvpn_trail_verify *v, struct life *life,
			      const struct jvpn_trail_line *line)
{
	if (line->event.reason == JVPN_REASON_REATTACH_SUCCESS && line->role == JVPN_ROLE_SERVER &&
	    life->attached_version)
		check_request(v, life);
	life->requests = life->refused = 0;
	life->alone_since = NOT_KNOWN;
	life->attached_version = line->event.state_version;
	life->unbound = true;
	life->unbound_place = *v->place;
	life->unbound_version = line->event.state_version;
	life->unbound_ts = line->ts_ms;
}

static void check_transition(struct jvpn_trail_verify *v, const struct life *life,
			     const struct jvpn_audit *event)
{
	const char *name = verify_name(life);

	if (life->version_known && event->state_version != life->version + 1)
		verify_bad(v, v->place, "I7",
			   "session %s: version %" PRIu64 " is followed by %" PRIu64, name,
			   life->version, event->state_version);
	if (life->state && event->from != life->state)
		verify_bad(v, v->place, "I12", "session %s leaves %s, but it was %s", name,
			   jvpn_state_name(event->from), jvpn_state_name(life->state));
	if (!is_allowed(event->from, event))
		verify_bad(v, v->place, "I7", "session %s: %s -> %s with %s is no transition", name,
			   jvpn_state_name(event->from), jvpn_state_name(event->to),
			   jvpn_reason_name(event->reason));
}

static void on_state_change(struct jvpn_trail_verify *v, struct life *life,
			    const struct jvpn_trail_line *line)
{
	const struct jvpn_audit *event = &line->event;
	bool gone = event->reason == JVPN_REASON_TRANSPORT_DEAD ||
		    event->reason == JVPN_REASON_NODE_DRAINING ||
		    event->reason == JVPN_REASON_NODE_RESTART;

	if (!life->version_known && !life->state && event->from == JVPN_STATE_BIRTH) {
		life->counted_from_birth = life->binding_known = true;
		life->binding[0] = '\0';
	}
	check_transition(v, life, event);
	binding_end_unbound(v, life, line->ts_ms);
	if (event->from == JVPN_STATE_RECOVERING)
		limits_recovering(v, life, line->ts_ms);
	if (event->to == JVPN_STATE_ATTACHED)
		on_state_attached(v, life, line);
	if (event->to == JVPN_STATE_VOLATILE && gone && life->alone_since == NOT_KNOWN)
		life->alone_since = line->ts_ms;
	if (event->to == JVPN_STATE_TERMINATED) {
		life->ended = event->reason;
		limits_end(v, life, line);
	}
	life->version = event->state_version;
	life->version_known = true;
	life->state = event->to;
	life->since = line->ts_ms;
}

static void on_terminated(struct jvpn_trail_verify *v, struct life *life,
			  const struct jvpn_trail_line *line)
{
	const struct jvpn_audit *event = &line->event;
	const char *name = verify_name(life);

	life->over = true;
	if (life->state && life->ended != event->reason)
		verify_bad(v, v->place, "I12",
			   "session %s is told to end with %s, its transition said %s", name,
			   jvpn_reason_name(event->reason), jvpn_reason_name(life->ended));
	if (life->version_known && life->version != event->state_version)
		verify_bad(v, v->place, "I12",
			   "session %s ends at version %" PRIu64 ", it was at %" PRIu64, name,
			   event->state_version, life->version);
	if (life->counted_from_birth && event->total_switches != life->switch_count)
		verify_bad(v, v->place, "I12",
			   "session %s ends with %" PRIu64 " switches, %" PRIu64 " were told", name,
			   event->total_switches, life->switch_count);
	limits_totals(v, life, line);
}

static void on_attempt(struct jvpn_trail_verify *v, struct life *life,
		       const struct jvpn_trail_line *line)
{
	uint64_t version = line->event.request_version;

	(void)v;
	if (line->role != JVPN_ROLE_SERVER || !(line->event.has & JVPN_HAS_REQUEST))
		return;
	if (!life->requests)
		life->request_min = UINT64_MAX;
	life->requests++;
	life->request_last = version;
	if (version >= life->attached_version && version < life->request_min)
		life->request_min = version;
}

static void on_candidate(struct jvpn_trail_verify *v, struct life *life,
			 const struct jvpn_trail_line *line)
{
	uint64_t hash = book_hash(v, line->event.transport);
	unsigned i = 0;

	while (i < life->candidates && life->candidate[i] != hash)
		i++;
	if (line->event.type == JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED) {
		if (i == life->candidates && i < CANDIDATES_MAX)
			life->candidate[life->candidates++] = hash;
	} else if (i < life->candidates) {
		life->candidate[i] = life->candidate[--life->candidates];
	}
}

static void on_failed(struct jvpn_trail_verify *v, struct life *life,
		      const struct jvpn_trail_line *line)
{
	(void)v;
	/* The store had the commit already, but what it was meant for is gone. */
	if (life->unbound && line->event.state_version == life->unbound_version)
		life->unbound = false;
}

typedef void (*handler_fn)(struct jvpn_trail_verify *v, struct life *life,
			   const struct jvpn_trail_line *line);

/* Events that say nothing of a session's life have none. */
static const handler_fn handlers[JVPN_AUDIT_COUNT] = {
	[JVPN_AUDIT_SESSION_CREATED] = on_created,
	[JVPN_AUDIT_SESSION_RESTORED] = on_restored,
	[JVPN_AUDIT_SESSION_STATE_CHANGE] = on_state_change,
	[JVPN_AUDIT_SESSION_TERMINATED] = on_terminated,
	[JVPN_AUDIT_TRANSPORT_ATTACHED] = binding_attached,
	[JVPN_AUDIT_TRANSPORT_SWITCH] = binding_switch,
	[JVPN_AUDIT_TRANSPORT_SWITCH_FAILED] = on_failed,
	[JVPN_AUDIT_REATTACH_ATTEMPT] = on_attempt,
	[JVPN_AUDIT_REATTACH_RESULT] = binding_result,
	[JVPN_AUDIT_TRANSPORT_CANDIDATE_ADDED] = on_candidate,
	[JVPN_AUDIT_TRANSPORT_CANDIDATE_REMOVED] = on_candidate,
};

static void take_session(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line)
{
	struct life *life = book_life(v, line, v->at);
	struct identity *identity;

	if (!life)
		return;
	identity = &v->identity[life->identity];
	life->policy = book_policy(v, line->policy);
	if (line->role == JVPN_ROLE_SERVER) {
		identity->server_life = life->number;
		if (life->policy)
			identity->policy = life->policy;
	}
	if (!check_owner(v, life, line))
		return;
	check_identity(v, life, line);
	life->place = *v->place;
	if (life->over && is_move(line->event.type))
		verify_bad(v, v->place, "I12", "%s of session %s, which is over",
			   jvpn_audit_type_name(line->event.type), verify_name(life));
	else if (handlers[line->event.type])
		handlers[line->event.type](v, life, line);
}

static int on_event(void *user, const struct jvpn_trail_place *place,
		    const struct jvpn_trail_line *line)
{
	struct jvpn_trail_verify *v = user;
	struct process *process = book_process(v, line);
	bool taken;

	v->place = place;
	v->sum.lines++;
	if (!process)
		return v->error;
	taken = check_seq(v, process, line);
	v->node[process->node].known = true;
	if (!taken)
		return 0;
	v->sum.events++;
	process->last_ts = line->ts_ms;
	v->at = (uint32_t)(process - v->process);
	if (line->event.has & JVPN_HAS_SESSION)
		take_session(v, line);
	return v->error;
}

static void on_damage(void *user, const struct jvpn_trail_place *place, const char *why)
{
	struct jvpn_trail_verify *v = user;

	v->sum.lines++;
	verify_bad(v, place, "line", "%s", why);
}

/* --- from the beginning to the end --- */

int jvpn_trail_verify_new(const struct jvpn_trail_config *config, struct jvpn_trail_verify **out)
{
	struct jvpn_trail_verify *v = calloc(1, sizeof(*v));

	if (!v)
		return JVPN_ENOMEM;
	v->config = *config;
	jvpn_trail_index_init(&v->index);
	jvpn_policy_init(&v->policy[0].policy);
	v->policies = 1;
	*out = v;
	return 0;
}

void jvpn_trail_verify_free(struct jvpn_trail_verify *v)
{
	if (!v)
		return;
	book_clear(v);
	free(v);
}

static bool same_limits(const struct jvpn_policy *a, const struct jvpn_policy *b)
{
	return a->max_lifetime_ms == b->max_lifetime_ms &&
	       a->transport_lost_ttl_ms == b->transport_lost_ttl_ms &&
	       a->degraded_terminate_ms == b->degraded_terminate_ms &&
	       a->max_switches_per_min == b->max_switches_per_min &&
	       a->max_switches_per_hour == b->max_switches_per_hour &&
	       a->switch_cooldown_ms == b->switch_cooldown_ms &&
	       a->recovery_window_ms == b->recovery_window_ms;
}

int jvpn_trail_verify_policy(struct jvpn_trail_verify *v, const struct jvpn_policy *policy)
{
	for (size_t i = 0; i < v->policies; i++) {
		struct known_policy *known = &v->policy[i];

		if (strcmp(known->policy.version, policy->version) != 0)
			continue;
		known->ambiguous |= !same_limits(&known->policy, policy);
		return 0;
	}
	if (v->policies == POLICIES)
		return JVPN_EFULL;
	v->policy[v->policies++].policy = *policy;
	return 0;
}

struct jvpn_trail_handler jvpn_trail_verify_handler(struct jvpn_trail_verify *v)
{
	return (struct jvpn_trail_handler){.user = v, .event = on_event, .damage = on_damage};
}

void jvpn_trail_verify_finish(struct jvpn_trail_verify *v, struct jvpn_trail_summary *out)
{
	v->place = NULL;
	for (uint32_t i = 0; i < v->lives; i++) {
		struct life *life = v->life[i];

		if (life->losses != v->process[life->process].losses)
			book_forget(v, life);
		binding_end_unbound(v, life, v->process[life->process].last_ts);
		if (life->over || !life->state)
			continue;
		if (life->state == JVPN_STATE_TERMINATED)
			verify_bad(v, &life->place, "I12",
				   "session %s is TERMINATED, but SessionTerminated is missing",
				   verify_name(life));
		limits_open(v, life);
	}
	v->sum.sessions = v->identities;
	v->sum.nodes = v->nodes;
	*out = v->sum;
}
