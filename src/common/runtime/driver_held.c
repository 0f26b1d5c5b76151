/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests whose counter is not reserved on disk yet. They are signed and sent when it is, in their
 * order; sent before, a client that is killed could use the same counter twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/driver_internal.h"

/* At most one attach and one REATTACH for each transport: a newer one replaces the older. */
struct jvpn_held {
	struct jvpn_held *next;
	struct jvpn_transport *transport; /* leaves the list when it is detached */
	struct jvpn_effect effect;
};

static uint64_t counter_of(const struct jvpn_effect *effect)
{
	return effect->u.msg.u.reattach_request.counter;
}

static bool is_request(const struct jvpn_effect *effect)
{
	return (effect->type == JVPN_EFFECT_SEND || effect->type == JVPN_EFFECT_SEND_ATTACH) &&
	       effect->u.msg.type == JVPN_MSG_REATTACH_REQUEST;
}

static void remove_matching(struct jvpn_live *live, const struct jvpn_transport *transport,
			    enum jvpn_effect_type type)
{
	struct jvpn_held **at = &live->held;

	while (*at) {
		struct jvpn_held *h = *at;

		if (h->transport == transport &&
		    (type == JVPN_EFFECT_NONE || h->effect.type == type)) {
			*at = h->next;
			free(h);
		} else {
			at = &h->next;
		}
	}
}

bool jvpn_driver_hold(struct jvpn_live *live, struct jvpn_transport *transport,
		      const struct jvpn_effect *effect)
{
	struct jvpn_held *h, **at = &live->held;

	if (!is_request(effect) || counter_of(effect) <= live->counter_limit)
		return false;
	remove_matching(live, transport, effect->type);
	h = calloc(1, sizeof(*h));
	if (!h)
		return true; /* the core asks again */
	h->transport = transport;
	h->effect = *effect;
	while (*at)
		at = &(*at)->next;
	*at = h;
	jvpn_log_debug(JVPN_LOG_SESSION, "a request waits until its counter is on disk");
	return true;
}

void jvpn_driver_drop_held(struct jvpn_live *live, const struct jvpn_transport *transport)
{
	remove_matching(live, transport, JVPN_EFFECT_NONE);
}

void jvpn_driver_free_held(struct jvpn_live *live)
{
	while (live->held) {
		struct jvpn_held *h = live->held;

		live->held = h->next;
		free(h);
	}
}

void jvpn_live_set_counter_limit(struct jvpn_live *live, uint64_t limit)
{
	live->counter_limit = limit;
	while (live->held && counter_of(&live->held->effect) <= limit) {
		struct jvpn_held *h = live->held;

		live->held = h->next;
		jvpn_driver_execute(live, &h->effect);
		free(h);
	}
}
