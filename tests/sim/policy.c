/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Policies of a run: named ones, and valid ones at random.
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static void make_bench(struct jvpn_policy *p)
{
	p->switch_cooldown_ms = 0;
	p->max_switches_per_min = 600;
	p->max_switches_per_hour = 3600;
	p->reattach_rate_per_session_per_s = 100;
	p->reattach_burst = 100;
}

/* Everything short: each limit and each timer is met often. */
static void make_tight(struct jvpn_policy *p)
{
	p->max_lifetime_ms = 180000;
	p->transport_lost_ttl_ms = 6000;
	p->max_switches_per_min = 3;
	p->max_switches_per_hour = 6;
	p->switch_cooldown_ms = 4000;
	p->recovery_window_ms = 1500;
	p->volatile_to_degraded_ms = 1000;
	p->reattach_rate_per_session_per_s = 1;
	p->reattach_burst = 3;
	p->replay_window_size = 32;
	p->max_validation_failures = 2;
	p->max_candidate_count = 1;
	p->idle_keepalive_ms = 2000;
	p->path_silence_ms = 150;
	p->reattach_proof_max_age_ms = 1000;
}

void sim_policy_named(struct jvpn_policy *p, const char *name)
{
	jvpn_policy_init(p);
	snprintf(p->version, sizeof(p->version), "%.60s", name);
	if (!strcmp(name, "bench"))
		make_bench(p);
	else if (!strcmp(name, "tight"))
		make_tight(p);
}

static void draw(struct sim *w, struct jvpn_policy *p)
{
	p->transport_lost_ttl_ms = 2000 + sim_below(w, 60000);
	p->max_lifetime_ms = 60000 + sim_below(w, 3600000);
	p->heartbeat_interval_ms = 50 + sim_below(w, 1000);
	p->heartbeat_volatile_ms = p->heartbeat_interval_ms + 1 + sim_below(w, 3000);
	p->idle_keepalive_ms = 1000 + sim_below(w, 30000);
	p->path_silence_ms = 50 + sim_below(w, 2000);
	p->max_consecutive_drops = 1 + sim_below(w, 10);
	p->volatile_to_degraded_ms = 50 + sim_below(w, 10000);
	p->degraded_terminate_ms = sim_chance(w, 100000) ? 5000 + sim_below(w, 30000) : 0;
	p->max_switches_per_min = sim_below(w, 60);
	p->max_switches_per_hour = p->max_switches_per_min + sim_below(w, 600);
	p->switch_cooldown_ms = sim_chance(w, 300000) ? 0 : sim_below(w, 10000);
	p->recovery_window_ms = 100 + sim_below(w, 20000);
	p->max_candidate_count = 1 + sim_below(w, 8);
	p->enforce_hysteresis = sim_chance(w, 500000);
	p->min_stability_ms = sim_below(w, 5000);
	p->reattach_proof_max_age_ms = 100 + sim_below(w, 10000);
	p->replay_window_size = 32 + sim_below(w, 4065);
	p->reattach_rate_per_session_per_s = 1 + sim_below(w, 50);
	p->reattach_burst = 1 + sim_below(w, 50);
	p->reattach_rate_global_per_s = sim_chance(w, 200000) ? 1 + sim_below(w, 20) : 20000;
	p->max_validation_failures = 1 + sim_below(w, 20);
}

void sim_policy_set(struct sim *w, const struct jvpn_policy *policy)
{
	w->policy = *policy;
	sim_oracle_policy(w);
	sim_log(w, "policy: %s", policy->version);
	/* Deadlines may be nearer than they were. */
	for (int i = 0; i < SIM_LIVES; i++)
		if (w->lives[i] && w->lives[i]->used)
			sim_live_arm(w, w->lives[i]);
}

void sim_policy_random(struct sim *w)
{
	struct jvpn_policy p = w->base_policy;
	const struct jvpn_policy_field *broken;
	const char *why = "";

	if (sim_chance(w, 600000))
		draw(w, &p);
	snprintf(p.version, sizeof(p.version), "random");
	broken = jvpn_policy_check(&p, &why);
	if (broken) {
		sim_fail(w, "a policy inside its bounds is refused: %s, %s", broken->key, why);
		return;
	}
	sim_policy_set(w, &p);
}
