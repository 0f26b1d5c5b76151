/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Time as this project passes it around: monotonic nanoseconds in a uint64_t, always as an
 * argument. Nothing here reads a clock (runtime/clock.c is the only place that does).
 */
#ifndef JVPN_BASE_TIME_H
#define JVPN_BASE_TIME_H

#include <stdint.h>

#define JVPN_NS_PER_US 1000ULL
#define JVPN_NS_PER_MS 1000000ULL
#define JVPN_NS_PER_S  1000000000ULL
#define JVPN_MS_PER_S  1000ULL

/* "No deadline": later than every real point in time. */
#define JVPN_TIME_NEVER UINT64_MAX

/* A point in time plus a duration; saturates at JVPN_TIME_NEVER. */
static inline uint64_t jvpn_time_add(uint64_t at_ns, uint64_t duration_ns)
{
	return at_ns > UINT64_MAX - duration_ns ? JVPN_TIME_NEVER : at_ns + duration_ns;
}

/* How long after 'since_ns' is 'now_ns'; 0 when it is not after it. */
static inline uint64_t jvpn_time_since(uint64_t now_ns, uint64_t since_ns)
{
	return now_ns > since_ns ? now_ns - since_ns : 0;
}

static inline uint64_t jvpn_time_min(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static inline uint64_t jvpn_time_max(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

static inline uint64_t jvpn_ms_to_ns(uint64_t ms)
{
	return ms > UINT64_MAX / JVPN_NS_PER_MS ? JVPN_TIME_NEVER : ms * JVPN_NS_PER_MS;
}

static inline uint64_t jvpn_ns_to_ms(uint64_t ns)
{
	return ns / JVPN_NS_PER_MS;
}

#endif
