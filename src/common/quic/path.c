/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The path gate of one connection. Pure: facts in, verdicts and events out; sends nothing, reads no
 * clock, allocates nothing. What ngtcp2 does at each step: docs/internals/path-gate.md.
 */
#include "quic/path.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"

/* --- addresses --- */

static void fold_addr(const struct sockaddr_storage *a, struct jvpn_path_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

		out->family = AF_INET;
		out->port = v4->sin_port;
		memcpy(out->address, &v4->sin_addr, sizeof(v4->sin_addr));
	} else if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

		out->family = AF_INET6;
		out->port = v6->sin6_port;
		out->scope_id = v6->sin6_scope_id;
		memcpy(out->address, &v6->sin6_addr, sizeof(v6->sin6_addr));
	}
}

static void unfold_addr(const struct jvpn_path_addr *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == AF_INET) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)out;

		v4->sin_family = AF_INET;
		v4->sin_port = a->port;
		memcpy(&v4->sin_addr, a->address, sizeof(v4->sin_addr));
	} else if (a->family == AF_INET6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

		v6->sin6_family = AF_INET6;
		v6->sin6_port = a->port;
		v6->sin6_scope_id = a->scope_id;
		memcpy(&v6->sin6_addr, a->address, sizeof(v6->sin6_addr));
	}
}

void jvpn_path_fold(const struct jvpn_tuple *tuple, struct jvpn_path_tuple *out)
{
	fold_addr(&tuple->local, &out->local);
	fold_addr(&tuple->remote, &out->remote);
}

void jvpn_path_unfold(const struct jvpn_path_tuple *tuple, struct jvpn_tuple *out)
{
	unfold_addr(&tuple->local, &out->local);
	unfold_addr(&tuple->remote, &out->remote);
}

static bool tuple_equal(const struct jvpn_path_tuple *a, const struct jvpn_path_tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* --- slots --- */

/* The number of a local address: that of any slot that has the same one, else a new one. */
static uint64_t local_id_of(struct jvpn_path *p, const struct jvpn_path_addr *local)
{
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (p->slots[i].id != 0 &&
		    memcmp(&p->slots[i].tuple.local, local, sizeof(*local)) == 0)
			return p->slots[i].local_id;
	return ++p->last_id;
}

static void fill_slot(struct jvpn_path *p, struct jvpn_path_slot *s,
		      const struct jvpn_path_tuple *tuple, struct jvpn_endpoint *endpoint)
{
	uint64_t local_id = local_id_of(p, &tuple->local);

	*s = (struct jvpn_path_slot){.tuple = *tuple,
				     .endpoint = endpoint,
				     .id = ++p->last_id,
				     .local_id = local_id,
				     .generation = JVPN_PATH_NO_GENERATION};
}

static struct jvpn_path_slot *find_tuple(struct jvpn_path *p, const struct jvpn_path_tuple *tuple)
{
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (p->slots[i].id != 0 && tuple_equal(&p->slots[i].tuple, tuple))
			return &p->slots[i];
	return NULL;
}

static struct jvpn_path_slot *find_id(struct jvpn_path *p, uint64_t id)
{
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (p->slots[i].id == id && id != 0)
			return &p->slots[i];
	return p->scratch.id == id && id != 0 ? &p->scratch : NULL;
}

static bool is_in_use(const struct jvpn_path *p, const struct jvpn_path_slot *s,
		      uint64_t current_id)
{
	return s == p->bound || s == p->candidate || s == p->previous || s->id == current_id;
}

/* A free slot, or the one heard longest ago that nothing refers to. There is always one: four slots
 * at most are in use. */
static struct jvpn_path_slot *make_room(struct jvpn_path *p, uint64_t current_id)
{
	struct jvpn_path_slot *oldest = NULL;

	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++) {
		struct jvpn_path_slot *s = &p->slots[i];

		if (s->id == 0)
			return s;
		if (!is_in_use(p, s, current_id) && (!oldest || s->heard_ns < oldest->heard_ns))
			oldest = s;
	}
	return oldest;
}

/* --- events --- */

static void add_event(struct jvpn_path *p, enum jvpn_path_change change,
		      const struct jvpn_path_slot *s)
{
	struct jvpn_path_event *e;

	if (p->event_count == JVPN_PATH_EVENTS)
		return;
	e = &p->events[p->event_count++];
	memset(e, 0, sizeof(*e));
	e->change = change;
	e->generation = s->generation;
	e->last_good_ns = p->bound->heard_ns;
	unfold_addr(&s->tuple.remote, &e->remote);
}

bool jvpn_path_next_event(struct jvpn_path *p, struct jvpn_path_event *event)
{
	if (p->event_next == p->event_count) {
		p->event_next = p->event_count = 0;
		return false;
	}
	*event = p->events[p->event_next++];
	return true;
}

/* --- life --- */

void jvpn_path_init(struct jvpn_path *p, const struct jvpn_path_config *config,
		    const struct jvpn_path_tuple *tuple, struct jvpn_endpoint *endpoint)
{
	memset(p, 0, sizeof(*p));
	p->config = *config;
	p->bound = &p->slots[0];
	fill_slot(p, p->bound, tuple, endpoint);
	p->bound->generation = 0;
	p->bound->validated = true; /* by the handshake (RFC 9000 section 8.1) */
}

void jvpn_path_set_strict(struct jvpn_path *p, bool strict)
{
	p->strict = strict;
}

void jvpn_path_limit(struct jvpn_path *p, uint64_t until_ns)
{
	p->limited_until_ns = until_ns;
}

/* --- arrivals --- */

/* While ngtcp2 probes the path it has left, it would not move back to it: under a new number the
 * same tuple is a new path. */
static void renumber_if_probed(struct jvpn_path *p, struct jvpn_path_slot *s, uint64_t now_ns)
{
	if (p->probe_id == 0 || s->id != p->probe_id)
		return;
	p->probe_id = 0;
	if (now_ns >= p->probe_until_ns)
		return;
	s->id = ++p->last_id;
	s->old_id = 0;
	s->validated = false;
	s->heard_aside = false;
}

bool jvpn_path_is_heard_aside(const struct jvpn_path *p, const struct jvpn_path_tuple *tuple)
{
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (p->slots[i].id != 0 && tuple_equal(&p->slots[i].tuple, tuple))
			return p->slots[i].heard_aside && &p->slots[i] != p->bound;
	return false;
}

static bool is_straggler(const struct jvpn_path *p, const struct jvpn_path_slot *s, uint64_t now_ns)
{
	return s == p->previous && now_ns < p->previous_until_ns;
}

static bool is_refused(const struct jvpn_path *p, const struct jvpn_path_slot *s,
		       const struct jvpn_path_moment *m)
{
	if (p->strict || !m->established)
		return true;
	if (s && s->cooldown_until_ns > m->now_ns)
		return true;
	if (s && (s == p->candidate || is_straggler(p, s, m->now_ns)))
		return false;
	/* Only while the bound tuple is alive: a client that really moved must get through. */
	return m->now_ns < p->limited_until_ns &&
	       jvpn_time_since(m->now_ns, p->bound->heard_ns) <= m->pto_ns;
}

static struct jvpn_path_slot *arrive_off_path(struct jvpn_path *p,
					      const struct jvpn_path_tuple *tuple,
					      struct jvpn_endpoint *endpoint,
					      const struct jvpn_path_moment *m)
{
	struct jvpn_path_slot *s = find_tuple(p, tuple);

	if (is_refused(p, s, m)) {
		p->stats.dropped++;
		return NULL;
	}
	if (!s) {
		s = &p->scratch;
		fill_slot(p, s, tuple, endpoint);
	}
	return s;
}

/* A client's own address may change under it; the server's may not (RFC 9000 section 9). */
static struct jvpn_path_slot *arrive_at_client(struct jvpn_path *p,
					       const struct jvpn_path_tuple *tuple)
{
	if (memcmp(&tuple->remote, &p->bound->tuple.remote, sizeof(tuple->remote)) == 0)
		return p->bound;
	p->stats.dropped++;
	return NULL;
}

const struct jvpn_path_slot *jvpn_path_arrive(struct jvpn_path *p,
					      const struct jvpn_path_tuple *tuple,
					      struct jvpn_endpoint *endpoint,
					      const struct jvpn_path_moment *m)
{
	struct jvpn_path_slot *s;

	if (p->config.client)
		s = arrive_at_client(p, tuple);
	else if (tuple_equal(tuple, &p->bound->tuple))
		s = p->bound;
	else
		s = arrive_off_path(p, tuple, endpoint, m);
	p->arrival = s;
	if (!s)
		return NULL;
	renumber_if_probed(p, s, m->now_ns);
	p->began_id = 0;
	p->pto_ns = m->pto_ns;
	return s;
}

void jvpn_path_renew(struct jvpn_path *p)
{
	if (p->arrival != p->bound || p->is_renewing)
		return;
	p->is_renewing = true;
	p->bound->old_id = p->bound->id;
	p->bound->id = ++p->last_id;
}

void jvpn_path_renew_client(struct jvpn_path *p)
{
	p->bound->id = ++p->last_id;
	p->bound->local_id = ++p->last_id;
}

/* Did ngtcp2 take the bound tuple for a new path? If not, it keeps its number. */
static void settle_renewal(struct jvpn_path *p, uint64_t current_id)
{
	if (!p->is_renewing)
		return;
	p->is_renewing = false;
	if (current_id == p->bound->id)
		return;
	p->bound->id = p->bound->old_id;
	p->bound->old_id = 0;
}

enum jvpn_path_admission jvpn_path_admit(const struct jvpn_path *p, bool permitted, uint64_t now_ns)
{
	const struct jvpn_path_slot *s = p->arrival;

	if (!s)
		return JVPN_PATH_REFUSE;
	if (p->config.client)
		/* The server sends as soon as it has committed; its ACK is in the same flight. */
		return permitted ? JVPN_PATH_DELIVER : JVPN_PATH_HOLD;
	if (s == p->bound)
		return permitted ? JVPN_PATH_DELIVER : JVPN_PATH_REFUSE;
	if (is_straggler(p, s, now_ns) && permitted)
		return JVPN_PATH_DELIVER;
	return JVPN_PATH_HOLD;
}

/* --- what ngtcp2 says --- */

static void mark_validated(struct jvpn_path *p, struct jvpn_path_slot *s)
{
	s->validated = true;
	if (s != p->candidate || p->candidate_validated)
		return;
	p->candidate_validated = true;
	add_event(p, JVPN_PATH_VALIDATED, s);
}

void jvpn_path_on_begin(struct jvpn_path *p, uint64_t id, uint64_t current_id,
			const struct jvpn_path_moment *m)
{
	struct jvpn_path_slot *s = find_id(p, id);

	if (id != current_id) {
		/* Not the path it sends to: the probe of the one it has left, without any result. It ends
		 * after 3 * max(PTO, initial PTO); the caller gives the larger one. */
		p->probe_id = id;
		p->probe_until_ns = jvpn_time_add(m->now_ns, 4 * m->pto_ns);
		p->probe_gone_ns = jvpn_time_add(p->probe_until_ns, 4 * m->pto_ns);
		return;
	}
	p->validating_id = id;
	p->validating_until_ns =
		jvpn_time_add(m->now_ns, 3 * (p->pto_ns > m->pto_ns ? p->pto_ns : m->pto_ns));
	if (s && s == p->candidate) {
		/* Again for the same path: the first challenge was undersized (less than 400 bytes had come
		 * from there), its answer proves the address, and only the size is tested again. */
		mark_validated(p, s);
		return;
	}
	p->began_id = id;
}

static void end_candidate(struct jvpn_path *p, enum jvpn_path_change change)
{
	add_event(p, change, p->candidate);
	p->candidate = NULL;
	p->candidate_validated = false;
}

uint64_t jvpn_path_deadline(const struct jvpn_path *p)
{
	if (p->validating_id != 0)
		return p->validating_until_ns;
	return p->probe_id != 0 ? p->probe_until_ns : JVPN_TIME_NEVER;
}

void jvpn_path_on_timer(struct jvpn_path *p, uint64_t now_ns)
{
	if (p->validating_id != 0 && now_ns >= p->validating_until_ns)
		p->validating_until_ns = jvpn_time_add(now_ns, JVPN_PATH_RECHECK_NS);
	if (p->probe_id != 0 && now_ns >= p->probe_until_ns)
		p->probe_id = 0;
}

bool jvpn_path_is_validating(const struct jvpn_path *p, uint64_t now_ns)
{
	return p->validating_id != 0 || now_ns < p->probe_gone_ns;
}

static void on_failure(struct jvpn_path *p, struct jvpn_path_slot *s, uint64_t now_ns)
{
	s->validated = false;
	if (s == p->bound) {
		/* It never cools down: the next packet from it starts anew. After a renewal ngtcp2 goes back
		 * to the number the tuple had. */
		if (s->old_id != 0)
			s->id = s->old_id;
		s->old_id = 0;
		return;
	}
	s->cooldown_until_ns = jvpn_time_add(now_ns, JVPN_PATH_FAILED_COOLDOWN_NS);
	if (s == p->candidate)
		end_candidate(p, JVPN_PATH_FAILED);
}

void jvpn_path_on_result(struct jvpn_path *p, uint64_t id, enum jvpn_path_result result,
			 uint64_t now_ns)
{
	struct jvpn_path_slot *s = find_id(p, id);

	if (id == p->validating_id)
		p->validating_id = 0;
	if (!s)
		return;
	switch (result) {
	case JVPN_PATH_SUCCESS:
		mark_validated(p, s);
		break;
	case JVPN_PATH_FAILURE:
		on_failure(p, s, now_ns);
		break;
	case JVPN_PATH_ABORTED:
		break; /* the move that aborted it is seen by _settle() */
	}
}

static struct jvpn_path_slot *promote_scratch(struct jvpn_path *p, uint64_t current_id)
{
	struct jvpn_path_slot *s = make_room(p, current_id);

	*s = p->scratch;
	p->scratch.id = 0;
	return s;
}

static void open_candidate(struct jvpn_path *p, struct jvpn_path_slot *s, bool validating)
{
	if (p->candidate)
		p->stats.unconfirmed++;
	else
		p->old_pto_ns = p->pto_ns;
	p->candidate = s;
	p->candidate_validated = false;
	/* UINT32_MAX means none; a connection does not live to see 2^32 candidates. */
	s->generation = ++p->generation;
	p->stats.candidates++;
	add_event(p, JVPN_PATH_CANDIDATE, s);
	s->heard_aside = false;
	/* A return into ngtcp2's history, or to a path it never left, has no callback at all: without a
	 * validation under way it is validated. */
	if (!validating && p->validating_id != s->id)
		mark_validated(p, s);
}

void jvpn_path_settle(struct jvpn_path *p, bool authenticated, uint64_t current_id, uint64_t now_ns)
{
	struct jvpn_path_slot *s = p->arrival;
	uint64_t began_id = p->began_id;

	p->arrival = NULL;
	p->began_id = 0;
	settle_renewal(p, current_id);
	if (!s || !authenticated)
		return;
	if (s == &p->scratch)
		s = promote_scratch(p, current_id);
	s->heard_ns = now_ns;
	if (s == p->bound) {
		if (p->candidate && current_id == s->id) {
			p->stats.unconfirmed++;
			end_candidate(p, JVPN_PATH_SUPERSEDED);
		}
		return;
	}
	if (began_id == s->id)
		s->validated = false;
	/* ngtcp2 moves only for a non-probing packet with the highest number so far. */
	if (current_id != s->id)
		s->heard_aside = true;
	else if (s != p->candidate)
		open_candidate(p, s, began_id == s->id);
}

/* --- decisions of the session layer --- */

int jvpn_path_commit(struct jvpn_path *p, uint32_t generation, uint64_t rtt_ns, uint64_t now_ns)
{
	uint64_t stragglers_ns = jvpn_time_add(p->old_pto_ns, rtt_ns);

	if (!p->candidate || p->candidate->generation != generation)
		return JVPN_ENOTFOUND;
	if (!p->candidate_validated)
		return JVPN_EAGAIN;
	p->previous = p->bound;
	p->previous_until_ns =
		jvpn_time_add(now_ns, jvpn_time_min(stragglers_ns, JVPN_PATH_STRAGGLER_MAX_NS));
	p->bound = p->candidate;
	p->candidate = NULL;
	p->candidate_validated = false;
	return 0;
}

void jvpn_path_drop(struct jvpn_path *p, uint32_t generation, uint64_t cooldown_ns, uint64_t now_ns)
{
	if (!p->candidate || p->candidate->generation != generation)
		return;
	p->candidate->cooldown_until_ns = jvpn_time_add(now_ns, cooldown_ns);
	p->candidate = NULL;
	p->candidate_validated = false;
}

/* --- questions --- */

const struct jvpn_path_slot *jvpn_path_by_id(const struct jvpn_path *p, uint64_t id)
{
	if (p->bound->id == id)
		return p->bound;
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (p->slots[i].id == id && id != 0)
			return &p->slots[i];
	return NULL;
}

const struct jvpn_path_slot *jvpn_path_by_generation(const struct jvpn_path *p, uint32_t generation)
{
	for (size_t i = 0; i < JVPN_PATH_SLOTS; i++)
		if (p->slots[i].id != 0 && p->slots[i].generation == generation)
			return &p->slots[i];
	return NULL;
}

uint32_t jvpn_path_candidate(const struct jvpn_path *p)
{
	return p->candidate ? p->candidate->generation : JVPN_PATH_NO_GENERATION;
}

uint32_t jvpn_path_bound_generation(const struct jvpn_path *p)
{
	return p->bound->generation;
}
