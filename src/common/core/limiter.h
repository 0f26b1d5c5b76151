/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rate limits as integers: sliding-window tallies, and what requests are charged to (base/bucket.h).
 * No clock: the time is an argument. Nothing here allocates.
 */
#ifndef JVPN_CORE_LIMITER_H
#define JVPN_CORE_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bucket.h"

/* A tally counts things in *any* sliding window with bounded memory. Each entry is (time, count);
 * when all entries are in use, the neighbours that cover the least time become one entry with the
 * *later* time. A thing is therefore never taken for older than it is: the sum over a window is
 * never too small, so a limit checked against it is never exceeded in any sliding window. It is
 * exact while the window holds at most as many things as there are entries, else it may refuse
 * early by the width of the merged entries. Times are milliseconds since an origin of the caller's
 * (a session's life of at most 30 days fits 32 bits); a thing is counted with its time rounded up. */
struct jvpn_tally_entry {
	uint32_t at_ms;
	uint32_t count;
};

/* Times of the last minute are merged among themselves only, and only above half of the entries. */
#define JVPN_TALLY_FINE_MS 60000

/* The memory of a tally, oldest first. 'used' and 'entry' belong to the caller's struct. */
struct jvpn_tally {
	struct jvpn_tally_entry *entry; /* borrowed for the call only */
	uint8_t *used;
	uint8_t capacity; /* at least 2 */
};

/* Things with at_ms in (now_ms - window_ms, now_ms]. */
uint64_t jvpn_tally_sum(const struct jvpn_tally *t, uint32_t window_ms, uint64_t now_ms);
/* Records one thing at 'at_ms' (not before the last one; earlier times are lifted to it) and forgets
 * what is older than keep_ms. */
void jvpn_tally_add(const struct jvpn_tally *t, uint32_t keep_ms, uint64_t at_ms);
/* Milliseconds until the sum over the window is below 'limit'; 0 when it is now; window_ms when
 * limit is 0. */
uint64_t jvpn_tally_wait_ms(const struct jvpn_tally *t, uint32_t window_ms, uint64_t limit,
			    uint64_t now_ms);

/* Steps 1 and 2 of the REATTACH ladder live at the listener, before there is a session: requests
 * without a valid proof are charged to their source (keep one bucket per source prefix in a bounded
 * map) and to their connection. Verified requests never touch these. */
#define JVPN_REFUSAL_SOURCE_PER_S 20
#define JVPN_REFUSAL_SOURCE_BURST 40
#define JVPN_REFUSAL_CONN_PER_S   5
#define JVPN_REFUSAL_CONN_BURST   10
#define JVPN_REFUSAL_CLOSE_AFTER  10

enum jvpn_refusal_verdict {
	JVPN_REFUSAL_NONE = 0,
	JVPN_REFUSAL_ANSWER, /* answer reattach_refused */
	JVPN_REFUSAL_DROP,   /* rate_limited: no answer, counted by the caller */
	JVPN_REFUSAL_CLOSE,  /* the tenth of this connection: answer nothing, close it */
	JVPN_REFUSAL_COUNT
};

struct jvpn_refusals {
	struct jvpn_bucket bucket; /* of the connection */
	uint32_t count;
};

/* Charges one request without a valid proof (malformed, unknown session, or any failure of 3-8) to
 * its connection and, when 'source' is not NULL, to its source address. */
enum jvpn_refusal_verdict jvpn_refusals_charge(struct jvpn_refusals *conn,
					       struct jvpn_bucket *source, uint64_t now_ns);

#endif
