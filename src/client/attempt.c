/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The clock of attempt.h.
 */
#include "client/attempt.h"

#include "base/time.h"

static bool is_running(const struct jvpn_attempt *a)
{
	return a->until_ns != 0;
}

static bool is_eager(const struct jvpn_attempt *a, uint64_t now_ns)
{
	return a->failing_since_ns == 0 ||
	       now_ns - a->failing_since_ns < jvpn_ms_to_ns(JVPN_ATTEMPT_EAGER_MS);
}

static bool is_closed(const struct jvpn_attempt *a, uint64_t now_ns)
{
	return a->closed_ns != 0 &&
	       jvpn_time_since(now_ns, a->closed_ns) < jvpn_ms_to_ns(JVPN_ATTEMPT_CLOSED_HOLD_MS);
}

static uint64_t start_ns(const struct jvpn_attempt *a)
{
	uint64_t spaced_ns = a->started_ns + jvpn_ms_to_ns(JVPN_ATTEMPT_SPACING_MS);

	return a->started_ns != 0 && spaced_ns > a->again_ns ? spaced_ns : a->again_ns;
}

enum jvpn_attempt_step jvpn_attempt_due(const struct jvpn_attempt *a, uint64_t now_ns)
{
	if (!is_running(a))
		return start_ns(a) <= now_ns ? JVPN_ATTEMPT_START : JVPN_ATTEMPT_WAIT;
	if (a->until_ns <= now_ns)
		return JVPN_ATTEMPT_GIVE_UP;
	return a->knock_ns <= now_ns ? JVPN_ATTEMPT_KNOCK : JVPN_ATTEMPT_WAIT;
}

uint64_t jvpn_attempt_next(const struct jvpn_attempt *a)
{
	return is_running(a) ? jvpn_time_min(a->until_ns, a->knock_ns) : start_ns(a);
}

void jvpn_attempt_begin(struct jvpn_attempt *a, uint64_t now_ns)
{
	bool eager = is_eager(a, now_ns);
	uint64_t life_ms =
		eager ? JVPN_ATTEMPT_LIFE_MS << (a->count & 1) : JVPN_ATTEMPT_PATIENT_LIFE_MS;

	a->count++;
	a->started_ns = now_ns;
	a->until_ns = now_ns + jvpn_ms_to_ns(life_ms);
	a->knock_ns = eager ? now_ns + jvpn_ms_to_ns(JVPN_ATTEMPT_KNOCK_MS) : JVPN_TIME_NEVER;
}

void jvpn_attempt_knocked(struct jvpn_attempt *a, uint64_t now_ns)
{
	uint64_t ms = is_eager(a, now_ns) ? JVPN_ATTEMPT_KNOCK_MS : JVPN_ATTEMPT_CLOSED_MS;

	a->knock_ns = now_ns + jvpn_ms_to_ns(ms);
}

/* Each pause is between half and the whole of its step. */
static uint64_t pause_ns(struct jvpn_attempt *a, uint64_t now_ns, uint64_t random)
{
	if (is_eager(a, now_ns))
		return 0;
	a->backoff_ms = a->backoff_ms != 0 ? a->backoff_ms * 2 : JVPN_ATTEMPT_BACKOFF_FIRST_MS;
	if (a->backoff_ms > JVPN_ATTEMPT_BACKOFF_MAX_MS)
		a->backoff_ms = JVPN_ATTEMPT_BACKOFF_MAX_MS;
	if (is_closed(a, now_ns) && a->backoff_ms > JVPN_ATTEMPT_CLOSED_MS)
		a->backoff_ms = JVPN_ATTEMPT_CLOSED_MS;
	return jvpn_ms_to_ns(a->backoff_ms / 2 + random % (a->backoff_ms / 2 + 1));
}

void jvpn_attempt_failed(struct jvpn_attempt *a, uint64_t now_ns, uint64_t random)
{
	a->until_ns = 0;
	if (a->failing_since_ns == 0)
		a->failing_since_ns = now_ns;
	a->again_ns = now_ns + pause_ns(a, now_ns, random);
}

void jvpn_attempt_succeeded(struct jvpn_attempt *a)
{
	a->until_ns = 0;
	a->again_ns = 0;
	a->failing_since_ns = 0;
	a->backoff_ms = 0;
	a->count = 0;
}

void jvpn_attempt_dropped(struct jvpn_attempt *a)
{
	a->until_ns = 0;
}

void jvpn_attempt_urge(struct jvpn_attempt *a)
{
	a->again_ns = 0;
	a->started_ns = 0;
	a->failing_since_ns = 0;
	a->backoff_ms = 0;
	a->count = 0;
}

bool jvpn_attempt_answered(struct jvpn_attempt *a, uint64_t now_ns)
{
	uint64_t ago_ns = a->renewed_ns ? jvpn_time_since(now_ns, a->renewed_ns) : JVPN_TIME_NEVER;

	/* Once: one that answers knocks and nothing else must not keep us eager for ever. */
	if (ago_ns >= jvpn_ms_to_ns(JVPN_ATTEMPT_TRUST_MS)) {
		a->failing_since_ns = 0;
		a->backoff_ms = 0;
		a->again_ns = 0;
	}
	if (!is_running(a) || ago_ns < jvpn_ms_to_ns(JVPN_ATTEMPT_RENEW_MS) ||
	    jvpn_time_since(now_ns, a->started_ns) < jvpn_ms_to_ns(JVPN_ATTEMPT_YOUNG_MS))
		return false;
	a->renewed_ns = now_ns;
	a->started_ns = 0;
	return true;
}

void jvpn_attempt_port_closed(struct jvpn_attempt *a, uint64_t now_ns)
{
	uint64_t until_ns = now_ns + jvpn_ms_to_ns(JVPN_ATTEMPT_CLOSED_HOLD_MS);

	a->closed_ns = now_ns;
	if (!is_running(a) || is_eager(a, now_ns) || a->until_ns == JVPN_TIME_NEVER)
		return;
	if (a->until_ns < until_ns)
		a->until_ns = until_ns;
	a->knock_ns = jvpn_time_min(a->knock_ns, now_ns + jvpn_ms_to_ns(JVPN_ATTEMPT_CLOSED_MS));
}

void jvpn_attempt_hold(struct jvpn_attempt *a, uint64_t until_ns)
{
	a->until_ns = 0;
	a->again_ns = until_ns;
}
