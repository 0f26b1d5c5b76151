/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control law of RFC 8289 section 5.
 */
#include "tun/codel.h"

#include "base/time.h"

/* With less than one packet behind it nothing stands in the queue. */
#define MTU_BYTES 1500

static uint64_t square_root(uint64_t n)
{
	uint64_t root = 0, bit = 1ULL << 62;

	while (bit > n)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (n >= root + bit) {
			n -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

/* interval / sqrt(count), with ten bits behind the point. */
static uint64_t control_law(const struct jvpn_codel_config *config, uint64_t t, uint32_t count)
{
	return jvpn_time_add(t, (config->interval_ns << 10) / square_root((uint64_t)count << 20));
}

/* Has the delay been above the target for a whole interval? */
static bool is_standing(struct jvpn_codel *c, const struct jvpn_codel_config *config,
			uint64_t sojourn_ns, size_t left_bytes, uint64_t now_ns)
{
	if (sojourn_ns < config->target_ns || left_bytes < MTU_BYTES) {
		c->first_above_ns = 0;
		return false;
	}
	if (c->first_above_ns == 0) {
		c->first_above_ns = jvpn_time_add(now_ns, config->interval_ns);
		return false;
	}
	return now_ns >= c->first_above_ns;
}

/* Soon after the last time of dropping it goes on where that one ended. */
static void start_dropping(struct jvpn_codel *c, const struct jvpn_codel_config *config,
			   uint64_t now_ns)
{
	uint32_t delta = c->count - c->last_count;
	bool soon = jvpn_time_since(now_ns, c->drop_next_ns) < 16 * config->interval_ns;

	c->dropping = true;
	c->count = soon && delta > 1 ? delta : 1;
	c->last_count = c->count;
	c->drop_next_ns = control_law(config, now_ns, c->count);
}

bool jvpn_codel_should_drop(struct jvpn_codel *c, const struct jvpn_codel_config *config,
			    uint64_t sojourn_ns, size_t left_bytes, uint64_t now_ns)
{
	bool standing;

	if (config->target_ns == 0)
		return false;
	standing = is_standing(c, config, sojourn_ns, left_bytes, now_ns);
	if (!standing) {
		c->dropping = false;
		return false;
	}
	if (!c->dropping) {
		start_dropping(c, config, now_ns);
		return true;
	}
	if (now_ns < c->drop_next_ns)
		return false;
	c->count++;
	c->drop_next_ns = control_law(config, c->drop_next_ns, c->count);
	return true;
}
