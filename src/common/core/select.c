/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ranking of select.h. Must not prefer anything that the figures do not say.
 */
#include "core/select.h"

#include <string.h>

#include "base/time.h"
#include "core/prelude.h"
#include "core/text.h"

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

static void explain(struct jvpn_select_result *result, const struct jvpn_select_candidate *best,
		    const struct jvpn_select_candidate *second,
		    const struct jvpn_select_candidate *binding)
{
	const struct jvpn_select_candidate *other = second != NULL ? second : binding;
	struct jvpn_text t;

	jvpn_text_init(&t, result->text, sizeof(result->text));
	if (best == NULL) {
		jvpn_text_add(&t, "none qualifies");
		return;
	}
	jvpn_text_add(&t, best->transport_id);
	jvpn_text_add(&t, " loss_ppm=");
	jvpn_text_add_u64(&t, best->loss_ppm);
	jvpn_text_add(&t, " p95_us=");
	jvpn_text_add_u64(&t, best->latency_us);
	if (other == NULL) {
		jvpn_text_add(&t, ": the only one");
		return;
	}
	jvpn_text_add(&t, ": ");
	jvpn_text_add(&t, deciding_figure(best, other));
	jvpn_text_add(&t, " than ");
	jvpn_text_add(&t, other->transport_id);
}

void jvpn_select(const struct jvpn_select_candidate *v, size_t count,
		 const struct jvpn_select_candidate *binding, const struct jvpn_policy *policy,
		 struct jvpn_select_result *result)
{
	const struct jvpn_select_candidate *best = NULL, *second = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!qualifies(&v[i], binding, policy))
			continue;
		if (best == NULL || ranks_before(&v[i], best, policy)) {
			second = best;
			best = &v[i];
		} else if (second == NULL || ranks_before(&v[i], second, policy)) {
			second = &v[i];
		}
	}
	result->slot = best == NULL ? -1 : best->slot;
	explain(result, best, second, binding);
}
