/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Must not round in favour of whoever is limited.
 */
#include "base/bucket.h"

#include "base/time.h"

/* Between two tokens, rounded up. */
static uint64_t interval_ns(uint64_t rate_per_s)
{
	if (rate_per_s == 0)
		rate_per_s = 1;
	return (JVPN_NS_PER_S + rate_per_s - 1) / rate_per_s;
}

/* How far ahead of now 'full_ns' may be for one more token. */
static uint64_t tolerance_ns(uint64_t rate_per_s, uint64_t burst)
{
	uint64_t step = interval_ns(rate_per_s);
	uint64_t more = burst > 1 ? burst - 1 : 0;

	return more > UINT64_MAX / step ? UINT64_MAX : more * step;
}

uint64_t jvpn_bucket_wait_ns(const struct jvpn_bucket *b, uint64_t rate_per_s, uint64_t burst,
			     uint64_t now_ns)
{
	uint64_t ahead = jvpn_time_since(b->full_ns, now_ns);
	uint64_t tolerance = tolerance_ns(rate_per_s, burst);

	return ahead > tolerance ? ahead - tolerance : 0;
}

bool jvpn_bucket_has(const struct jvpn_bucket *b, uint64_t rate_per_s, uint64_t burst,
		     uint64_t now_ns)
{
	return jvpn_bucket_wait_ns(b, rate_per_s, burst, now_ns) == 0;
}

bool jvpn_bucket_take(struct jvpn_bucket *b, uint64_t rate_per_s, uint64_t burst, uint64_t now_ns)
{
	uint64_t base = b->full_ns > now_ns ? b->full_ns : now_ns;

	if (!jvpn_bucket_has(b, rate_per_s, burst, now_ns))
		return false;
	b->full_ns = jvpn_time_add(base, interval_ns(rate_per_s));
	return true;
}
