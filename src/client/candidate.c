/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of candidate.h.
 */
#include "client/candidate.h"

#include <netinet/in.h>
#include <string.h>

#include "base/time.h"

bool jvpn_candidate_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;

		return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
	}
	if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *x = (const void *)a, *y = (const void *)b;

		return x->sin6_port == y->sin6_port && x->sin6_scope_id == y->sin6_scope_id &&
		       memcmp(&x->sin6_addr, &y->sin6_addr, sizeof(x->sin6_addr)) == 0;
	}
	return false;
}

void jvpn_candidate_label(const char *device, char out[JVPN_LABEL_MAX + 1])
{
	size_t i = 0;

	for (const char *c = device; *c && i < JVPN_LABEL_MAX; c++, i++) {
		if (*c >= 'A' && *c <= 'Z')
			out[i] = (char)(*c - 'A' + 'a');
		else if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.' ||
			 *c == '_' || *c == '-')
			out[i] = *c;
		else
			out[i] = '-';
	}
	out[i] = '\0';
	if (i == 0)
		memcpy(out, "path", sizeof("path"));
}

static void fill_source(const struct jvpn_candidate_link *link, sa_family_t family,
			struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	out->ss_family = family;
	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)out)->sin_addr, link->addr4, sizeof(link->addr4));
	else
		memcpy(&((struct sockaddr_in6 *)out)->sin6_addr, link->addr6, sizeof(link->addr6));
}

static struct jvpn_candidate *find(struct jvpn_candidates *t, const char *device,
				   const struct sockaddr_storage *remote)
{
	for (size_t i = 0; i < t->top; i++)
		if (t->v[i].used && strcmp(t->v[i].device, device) == 0 &&
		    jvpn_candidate_same_address(&t->v[i].remote, remote))
			return &t->v[i];
	return NULL;
}

static struct jvpn_candidate *take_free(struct jvpn_candidates *t)
{
	for (size_t i = 0; i < JVPN_CANDIDATES_MAX; i++)
		if (!t->v[i].used) {
			memset(&t->v[i], 0, sizeof(t->v[i]));
			t->v[i].used = true;
			if (t->top <= i)
				t->top = i + 1;
			return &t->v[i];
		}
	return NULL;
}

static bool has_connection(const struct jvpn_candidate *c)
{
	return c->transport != NULL || c->trying != NULL || c->old != NULL;
}

static void offer(struct jvpn_candidates *t, const struct jvpn_candidate_link *link,
		  const struct sockaddr_storage *remote, uint32_t rank)
{
	struct jvpn_candidate *c = find(t, link->name, remote);
	struct sockaddr_storage source;

	if (c == NULL) {
		c = take_free(t);
		if (c == NULL)
			return; /* more than anybody has */
		memcpy(c->device, link->name, sizeof(c->device));
		c->remote = *remote;
		c->news = JVPN_CANDIDATE_GONE;
	}
	fill_source(link, remote->ss_family, &source);
	if (c->news == JVPN_CANDIDATE_GONE && !c->wanted)
		c->news = JVPN_CANDIDATE_APPEARED;
	else if (c->ifindex != link->ifindex || !jvpn_candidate_same_address(&c->source, &source))
		c->news = JVPN_CANDIDATE_CHANGED;
	else
		c->news = JVPN_CANDIDATE_SAME;
	c->wanted = true;
	c->rank = rank;
	c->leaving = remote->ss_family == AF_INET ? link->leaving4 : link->leaving6;
	c->ifindex = link->ifindex;
	c->source = source;
	if (c->news != JVPN_CANDIDATE_SAME)
		jvpn_attempt_urge(&c->attempt);
}

static bool fits(const struct jvpn_candidate_view *view, const struct jvpn_candidate_link *link,
		 const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET ? !link->has4 : !link->has6)
		return false;
	return view->has_route == NULL || view->has_route(view->user, link, address);
}

void jvpn_candidates_update(struct jvpn_candidates *t, const struct jvpn_candidate_view *view)
{
	uint32_t rank = 0;

	/* Until it is offered again. Whoever was wanted keeps that mark until the end. */
	for (size_t i = 0; i < t->top; i++)
		t->v[i].news = JVPN_CANDIDATE_GONE;
	for (size_t a = 0; a < view->addresses; a++)
		for (size_t l = 0; l < view->links; l++)
			if (fits(view, &view->link[l], &view->address[a]))
				offer(t, &view->link[l], &view->address[a], rank++);
	for (size_t i = 0; i < t->top; i++) {
		struct jvpn_candidate *c = &t->v[i];

		if (!c->used || c->news != JVPN_CANDIDATE_GONE)
			continue;
		if (!c->wanted) /* it was gone before */
			c->news = JVPN_CANDIDATE_SAME;
		c->wanted = false;
		if (!has_connection(c))
			memset(c, 0, sizeof(*c));
	}
	while (t->top > 0 && !t->v[t->top - 1].used)
		t->top--;
}

static size_t in_use(const struct jvpn_candidates *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->top; i++)
		n += t->v[i].trying != NULL || (t->v[i].transport != NULL && t->v[i].dead_ns == 0);
	return n;
}

/* Wants to be dialled, when its time comes. */
static bool is_idle(const struct jvpn_candidate *c)
{
	return c->used && c->wanted && c->trying == NULL &&
	       (c->transport == NULL || c->dead_ns != 0);
}

static bool goes_before(const struct jvpn_candidate *a, const struct jvpn_candidate *b)
{
	if (a->attempt.started_ns != b->attempt.started_ns)
		return a->attempt.started_ns < b->attempt.started_ns;
	return a->rank < b->rank;
}

struct jvpn_candidate *jvpn_candidates_turn(struct jvpn_candidates *t, size_t limit,
					    uint64_t now_ns)
{
	struct jvpn_candidate *first = NULL;

	if (in_use(t) >= limit)
		return NULL;
	for (size_t i = 0; i < t->top; i++) {
		struct jvpn_candidate *c = &t->v[i];

		if (is_idle(c) && jvpn_attempt_due(&c->attempt, now_ns) == JVPN_ATTEMPT_START &&
		    (first == NULL || goes_before(c, first)))
			first = c;
	}
	return first;
}

uint64_t jvpn_candidates_next(const struct jvpn_candidates *t, size_t limit)
{
	bool has_room = in_use(t) < limit;
	uint64_t at = JVPN_TIME_NEVER;

	for (size_t i = 0; i < t->top; i++) {
		const struct jvpn_candidate *c = &t->v[i];

		if (c->trying != NULL || (has_room && is_idle(c)))
			at = jvpn_time_min(at, jvpn_attempt_next(&c->attempt));
	}
	return at;
}

size_t jvpn_candidates_wanted(const struct jvpn_candidates *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->top; i++)
		n += t->v[i].used && t->v[i].wanted;
	return n;
}

void jvpn_candidates_stagger(struct jvpn_candidates *t, uint64_t now_ns)
{
	for (size_t i = 0; i < t->top; i++) {
		struct jvpn_candidate *c = &t->v[i];

		if (is_idle(c) && c->attempt.again_ns <= now_ns)
			c->attempt.again_ns =
				jvpn_time_add(now_ns, jvpn_ms_to_ns((uint64_t)c->rank *
								    JVPN_CANDIDATE_STAGGER_MS));
	}
}
