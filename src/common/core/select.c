/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ranking of select.h. Must not prefer anything that the figures do not say.
 */
#include "core/select.h"

#include <string.h>

#include "base/time.h"
#include "core/prelude.h"
#include "core/text.h"

struct ranking {
	const struct jvpn_select_candidate *v;
	size_t count;
	const struct jvpn_select_candidate *binding;
	const struct jvpn_policy *policy;
};

/* Not measured ranks after every measured one. */
static uint64_t latency_rank(const struct jvpn_select_candidate *c)
{
	return c->latency_us == 0 ? UINT64_MAX : c->latency_us;
}

int jvpn_select_compare(const struct jvpn_select_candidate *a,
			const struct jvpn_select_candidate *b)
{
	if (a->loss_ppm != b->loss_ppm)
		return a->loss_ppm < b->loss_ppm ? -1 : 1;
	if (a->latency_us != b->latency_us)
		return latency_rank(a) < latency_rank(b) ? -1 : 1;
	if (a->stable_ns != b->stable_ns)
		return a->stable_ns > b->stable_ns ? -1 : 1;
	return strcmp(a->transport_id, b->transport_id);
}

static const char *deciding_figure(const struct jvpn_select_candidate *a,
				   const struct jvpn_select_candidate *b)
{
	if (a->loss_ppm != b->loss_ppm)
		return "lower loss_ratio";
	if (a->latency_us != b->latency_us)
		return "lower p95 latency";
	if (a->stable_ns != b->stable_ns)
		return "longer stability";
	return "lower transport_id";
}

/* Better by the improvement factor: in loss first; with equal loss in latency. */
static bool improves_enough(const struct jvpn_select_candidate *c,
			    const struct jvpn_select_candidate *binding, uint64_t factor_milli)
{
	if (c->loss_ppm != binding->loss_ppm)
		return c->loss_ppm * factor_milli <= (uint64_t)binding->loss_ppm * 1000;
	if (c->latency_us == 0)
		return false;
	return c->latency_us * factor_milli <= (uint64_t)binding->latency_us * 1000;
}

static bool qualifies(const struct jvpn_select_candidate *c,
		      const struct jvpn_select_candidate *binding, const struct jvpn_policy *policy)
{
	if (!c->validated)
		return false;
	if (binding == NULL)
		return true;
	if (c->loss_ppm >= policy->loss_volatile_threshold_ppm)
		return false;
	if (!policy->enforce_hysteresis)
		return jvpn_select_compare(c, binding) < 0;
	return !c->recently_failed && c->stable_ns >= jvpn_ms_to_ns(policy->min_stability_ms) &&
	       improves_enough(c, binding, policy->switch_improvement_factor_milli);
}

/* Over the loss threshold is dropped; when nothing else answers a dead binding still takes it. */
static bool is_lossy(const struct jvpn_select_candidate *c, const struct jvpn_policy *policy)
{
	return c->loss_ppm >= policy->loss_volatile_threshold_ppm;
}

static bool ranks_before(const struct jvpn_select_candidate *a,
			 const struct jvpn_select_candidate *b, const struct jvpn_policy *policy)
{
	if (is_lossy(a, policy) != is_lossy(b, policy))
		return is_lossy(b, policy);
	return jvpn_select_compare(a, b) < 0;
}

static bool is_faster(uint32_t us, uint32_t than_us, uint64_t factor_milli)
{
	return us != 0 && us * factor_milli <= (uint64_t)than_us * 1000 &&
	       than_us - us >= JVPN_SELECT_FLOOR_US;
}

bool jvpn_select_is_better(const struct jvpn_select_candidate *c,
			   const struct jvpn_select_candidate *binding,
			   const struct jvpn_policy *policy)
{
	uint64_t factor = policy->switch_improvement_factor_milli;

	if (!c->settled || !binding->settled || c->loss_ppm > binding->loss_ppm)
		return false;
	if ((c->loss_ppm + (uint64_t)JVPN_SELECT_DOUBT_PPM) * factor <=
	    (uint64_t)binding->loss_ppm * 1000)
		return true;
	return is_faster(c->latency_us, binding->latency_us, factor) &&
	       is_faster(c->typical_us, binding->typical_us, factor) &&
	       binding->typical_us - c->typical_us >= (c->spread_us + binding->spread_us) / 2;
}

static void add_figures(struct jvpn_text *t, const struct jvpn_select_candidate *c)
{
	jvpn_text_add(t, c->transport_id);
	jvpn_text_add(t, " loss=");
	jvpn_text_add_u64(t, c->loss_ppm);
	jvpn_text_add(t, "ppm p95=");
	jvpn_text_add_u64(t, c->latency_us);
	jvpn_text_add(t, "us stable=");
	jvpn_text_add_u64(t, c->stable_ns / JVPN_NS_PER_S);
	jvpn_text_add(t, "s");
}

/* The best that ranks behind 'after' (NULL: the best of all). */
static const struct jvpn_select_candidate *next_in_rank(const struct ranking *r,
							const struct jvpn_select_candidate *after)
{
	const struct jvpn_select_candidate *best = NULL;

	for (size_t i = 0; i < r->count; i++) {
		const struct jvpn_select_candidate *c = &r->v[i];

		if (!qualifies(c, r->binding, r->policy) ||
		    (after != NULL && !ranks_before(after, c, r->policy)))
			continue;
		if (best == NULL || ranks_before(c, best, r->policy))
			best = c;
	}
	return best;
}

static void explain(const struct ranking *r, struct jvpn_select_result *result)
{
	const struct jvpn_select_candidate *best = next_in_rank(r, NULL), *c;
	struct jvpn_text t;

	jvpn_text_init(&t, result->text, sizeof(result->text));
	if (best == NULL) {
		jvpn_text_add(&t, "none qualifies");
		return;
	}
	c = next_in_rank(r, best);
	if (c == NULL)
		c = r->binding;
	jvpn_text_add(&t, c != NULL ? deciding_figure(best, c) : "the only one");
	jvpn_text_add(&t, ": ");
	add_figures(&t, best);
	for (c = next_in_rank(r, best); c != NULL; c = next_in_rank(r, c)) {
		jvpn_text_add(&t, ", ");
		add_figures(&t, c);
	}
	if (r->binding == NULL)
		return;
	jvpn_text_add(&t, "; binding ");
	add_figures(&t, r->binding);
}

void jvpn_select(const struct jvpn_select_candidate *v, size_t count,
		 const struct jvpn_select_candidate *binding, const struct jvpn_policy *policy,
		 struct jvpn_select_result *result)
{
	struct ranking r = {v, count, binding, policy};
	const struct jvpn_select_candidate *best = next_in_rank(&r, NULL);

	result->slot = best == NULL ? -1 : best->slot;
	explain(&r, result);
}
