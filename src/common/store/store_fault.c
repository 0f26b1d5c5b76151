/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The misbehaving store of store_fault.h. Rules are looked at when an operation is submitted; which
 * operations went through is the inner store's matter and is never pretended.
 */
#include "store/store_fault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"

/* Owner: the test. Two faces: a backend for the front, a sink for the inner backend. */
struct jvpn_store_fault {
	struct jvpn_store_backend base;    /* first */
	struct jvpn_store_backend_ops ops; /* as durable as the inner one */
	struct jvpn_store_sink inner_sink;
	struct jvpn_store_backend *inner;
	struct jvpn_store_fault_rule rule[JVPN_STORE_FAULTS_MAX];
	size_t rule_count;
	uint64_t seen;
	struct jvpn_list delayed; /* loop thread */
	struct jvpn_list lost;    /* loop thread */
	pthread_mutex_t lock;
	struct jvpn_list withheld; /* under 'lock': answers */
};

int jvpn_store_fault_new(struct jvpn_store_fault **out)
{
	struct jvpn_store_fault *fault = calloc(1, sizeof(*fault));

	if (!fault)
		return JVPN_ENOMEM;
	jvpn_list_init(&fault->delayed);
	jvpn_list_init(&fault->lost);
	jvpn_list_init(&fault->withheld);
	pthread_mutex_init(&fault->lock, NULL);
	*out = fault;
	return 0;
}

void jvpn_store_fault_free(struct jvpn_store_fault *fault)
{
	if (!fault)
		return;
	pthread_mutex_destroy(&fault->lock);
	free(fault);
}

int jvpn_store_fault_add(struct jvpn_store_fault *fault, const struct jvpn_store_fault_rule *rule)
{
	struct jvpn_store_fault_rule *r;

	if (rule->kind <= JVPN_STORE_FAULT_NONE || rule->kind >= JVPN_STORE_FAULT_COUNT ||
	    rule->nth == 0)
		return JVPN_EINVAL;
	if (fault->rule_count == JVPN_STORE_FAULTS_MAX)
		return JVPN_EFULL;
	r = &fault->rule[fault->rule_count++];
	*r = *rule;
	if (r->count == 0)
		r->count = 1;
	return 0;
}

void jvpn_store_fault_reset(struct jvpn_store_fault *fault)
{
	fault->rule_count = 0;
}

uint64_t jvpn_store_fault_seen(const struct jvpn_store_fault *fault)
{
	return fault->seen;
}

/* Counts this operation down in every rule; the first rule that hits decides. */
static enum jvpn_store_fault_kind judge(struct jvpn_store_fault *fault, enum jvpn_store_kind kind)
{
	enum jvpn_store_fault_kind verdict = JVPN_STORE_FAULT_NONE;

	for (size_t i = 0; i < fault->rule_count; i++) {
		struct jvpn_store_fault_rule *r = &fault->rule[i];

		if (r->count == 0 || (r->op != JVPN_STORE_OP_NONE && r->op != kind))
			continue;
		if (r->nth > 1) {
			r->nth--;
			continue;
		}
		r->count--;
		if (verdict == JVPN_STORE_FAULT_NONE)
			verdict = r->kind;
	}
	return verdict;
}

static int fault_submit(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct jvpn_store_fault *fault = (struct jvpn_store_fault *)b;

	fault->seen++;
	switch (judge(fault, request->op.kind)) {
	case JVPN_STORE_FAULT_NONE:
	case JVPN_STORE_FAULT_COUNT:
		break;
	case JVPN_STORE_FAULT_FAIL:
		jvpn_store_finish(b, request, JVPN_STORE_FAILED);
		return 0;
	case JVPN_STORE_FAULT_CONFLICT:
		jvpn_store_finish(b, request, JVPN_STORE_CONFLICT);
		return 0;
	case JVPN_STORE_FAULT_FULL:
		return JVPN_EFULL;
	case JVPN_STORE_FAULT_DELAY:
		jvpn_list_push_back(&fault->delayed, &request->link);
		return 0;
	case JVPN_STORE_FAULT_LOSE_ANSWER:
		request->withheld = true;
		break;
	case JVPN_STORE_FAULT_LOSE_REQUEST:
		jvpn_list_push_back(&fault->lost, &request->link);
		return 0;
	}
	return fault->inner->ops->submit(fault->inner, request);
}

static bool is_member(const struct jvpn_list *head, const struct jvpn_list *node)
{
	for (const struct jvpn_list *pos = head->next; pos != head; pos = pos->next)
		if (pos == node)
			return true;
	return false;
}

/* What is delayed was not begun. What is lost or withheld must look unknown. */
static bool fault_cancel(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct jvpn_store_fault *fault = (struct jvpn_store_fault *)b;

	if (is_member(&fault->delayed, &request->link)) {
		jvpn_list_remove(&request->link);
		return true;
	}
	if (request->withheld || is_member(&fault->lost, &request->link))
		return false;
	return fault->inner->ops->cancel(fault->inner, request);
}

/* Any thread: answers of the inner store. */
static void on_inner_done(struct jvpn_store_sink *sink, struct jvpn_list *batch)
{
	struct jvpn_store_fault *fault = jvpn_list_owner(sink, struct jvpn_store_fault, inner_sink);
	struct jvpn_list rest;

	jvpn_list_init(&rest);
	pthread_mutex_lock(&fault->lock);
	jvpn_list_each(pos, batch)
	{
		bool keep = jvpn_list_owner(pos, struct jvpn_store_request, link)->withheld;

		jvpn_list_remove(pos);
		jvpn_list_push_back(keep ? &fault->withheld : &rest, pos);
	}
	pthread_mutex_unlock(&fault->lock);
	fault->base.sink->done(fault->base.sink, &rest);
}

static size_t length(const struct jvpn_list *head)
{
	size_t n = 0;

	for (const struct jvpn_list *pos = head->next; pos != head; pos = pos->next)
		n++;
	return n;
}

size_t jvpn_store_fault_release(struct jvpn_store_fault *fault)
{
	struct jvpn_list answers;
	size_t n = length(&fault->delayed);

	jvpn_list_init(&answers);
	pthread_mutex_lock(&fault->lock);
	jvpn_store_list_splice(&answers, &fault->withheld);
	pthread_mutex_unlock(&fault->lock);
	n += length(&answers);
	fault->base.sink->done(fault->base.sink, &answers);
	jvpn_list_each(pos, &fault->delayed)
	{
		jvpn_list_remove(pos);
		fault->inner->ops->submit(fault->inner,
					  jvpn_list_owner(pos, struct jvpn_store_request, link));
	}
	return n;
}

static int fault_load(struct jvpn_store_backend *b,
		      int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		      char *error)
{
	struct jvpn_store_backend *inner = ((struct jvpn_store_fault *)b)->inner;

	return inner->ops->load(inner, each, user, error);
}

static int fault_alive(struct jvpn_store_backend *b, struct jvpn_stamp *stamp)
{
	struct jvpn_store_backend *inner = ((struct jvpn_store_fault *)b)->inner;

	return inner->ops->alive(inner, stamp);
}

static int fault_audit(struct jvpn_store_backend *b, uint64_t after, jvpn_store_audit_each *each,
		       void *user, char *error)
{
	struct jvpn_store_backend *inner = ((struct jvpn_store_fault *)b)->inner;

	return inner->ops->audit(inner, after, each, user, error);
}

static void fault_stats(struct jvpn_store_backend *b, struct jvpn_store_stats *stats)
{
	struct jvpn_store_backend *inner = ((struct jvpn_store_fault *)b)->inner;

	inner->ops->stats(inner, stats);
}

static enum jvpn_store_health fault_health(struct jvpn_store_backend *b, char *text)
{
	struct jvpn_store_backend *inner = ((struct jvpn_store_fault *)b)->inner;

	return inner->ops->health(inner, text);
}

/* Delayed operations were never begun and lost ones never happen: they are not executed now. */
static void fault_close(struct jvpn_store_backend *b)
{
	struct jvpn_store_fault *fault = (struct jvpn_store_fault *)b;

	fault->inner->ops->close(fault->inner);
	fault->inner = NULL;
	b->sink->done(b->sink, &fault->withheld);
	b->sink->done(b->sink, &fault->delayed);
	b->sink->done(b->sink, &fault->lost);
}

static const struct jvpn_store_backend_ops fault_ops = {
	.name = "fault",
	.submit = fault_submit,
	.cancel = fault_cancel,
	.load = fault_load,
	.alive = fault_alive,
	.audit = fault_audit,
	.stats = fault_stats,
	.health = fault_health,
	.close = fault_close,
};

struct jvpn_store_sink *jvpn_store_fault_sink(struct jvpn_store_fault *fault,
					      struct jvpn_store_sink *outer)
{
	fault->base.sink = outer;
	fault->inner_sink.done = on_inner_done;
	return &fault->inner_sink;
}

struct jvpn_store_backend *jvpn_store_fault_wrap(struct jvpn_store_fault *fault,
						 struct jvpn_store_backend *inner)
{
	fault->ops = fault_ops;
	fault->ops.durable = inner->ops->durable;
	fault->base.ops = &fault->ops;
	fault->inner = inner;
	return &fault->base;
}
