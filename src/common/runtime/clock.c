/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock readings. Nothing else may call clock_gettime.
 */
#include "runtime/clock.h"

#include <time.h>

#include "base/time.h"

static uint64_t read_ns(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for these ids with a valid pointer (clock_gettime(2)). */
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * JVPN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t jvpn_clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t jvpn_clock_wall_ms(void)
{
	return read_ns(CLOCK_REALTIME) / JVPN_NS_PER_MS;
}
