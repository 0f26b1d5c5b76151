/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Token buckets as integers (GCRA form, one time stamp each). No clock: the time is an argument.
 */
#ifndef JVPN_BASE_BUCKET_H
#define JVPN_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* A token bucket in virtual-scheduling form (ITU-T I.371 GCRA): 'full_ns' is the time at which the
 * bucket is full again. All zero is a full bucket. Owner: whoever embeds it. */
struct jvpn_bucket {
	uint64_t full_ns;
};

/* May one token be taken now? rate_per_s and burst >= 1 (0 counts as 1). Changes nothing. */
bool jvpn_bucket_has(const struct jvpn_bucket *b, uint64_t rate_per_s, uint64_t burst,
		     uint64_t now_ns);
/* Takes one token; false (nothing taken) when there is none. The interval between tokens is rounded
 * up, so that never more than rate_per_s + burst pass in a second. Saturates. */
bool jvpn_bucket_take(struct jvpn_bucket *b, uint64_t rate_per_s, uint64_t burst, uint64_t now_ns);
/* Nanoseconds until jvpn_bucket_has() turns true; 0 when it is true now. */
uint64_t jvpn_bucket_wait_ns(const struct jvpn_bucket *b, uint64_t rate_per_s, uint64_t burst,
			     uint64_t now_ns);

#endif
