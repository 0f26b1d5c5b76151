/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A store that misbehaves on request: stands in front of another one and fails, delays or loses the
 * answer of chosen operations. For tests and the simulator; no program makes one.
 */
#ifndef JVPN_STORE_STORE_FAULT_H
#define JVPN_STORE_STORE_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define JVPN_STORE_FAULTS_MAX 16

enum jvpn_store_fault_kind {
	JVPN_STORE_FAULT_NONE = 0,
	JVPN_STORE_FAULT_FAIL,        /* FAILED, not written */
	JVPN_STORE_FAULT_CONFLICT,    /* CONFLICT, not written */
	JVPN_STORE_FAULT_FULL,        /* jvpn_store_submit() says JVPN_EFULL */
	JVPN_STORE_FAULT_DELAY,       /* not begun before jvpn_store_fault_release() */
	JVPN_STORE_FAULT_LOSE_ANSWER, /* written; the answer waits for jvpn_store_fault_release() */
	JVPN_STORE_FAULT_LOSE_REQUEST, /* never written, never answered */
	JVPN_STORE_FAULT_COUNT
};

/* 'kind' hits the n-th (1 is the next) operation of kind 'op' from now on (NONE: of any kind), and
 * 'count' - 1 operations after it (0 counts as 1). */
struct jvpn_store_fault_rule {
	enum jvpn_store_fault_kind kind;
	enum jvpn_store_kind op;
	uint64_t nth;
	uint64_t count;
};

/* Owner: the test; outlives the store it is given to in jvpn_store_config. JVPN_ENOMEM. */
int jvpn_store_fault_new(struct jvpn_store_fault **out);
void jvpn_store_fault_free(struct jvpn_store_fault *fault); /* NULL is fine */
/* JVPN_EFULL, JVPN_EINVAL. */
int jvpn_store_fault_add(struct jvpn_store_fault *fault, const struct jvpn_store_fault_rule *rule);
/* Forgets all rules. */
void jvpn_store_fault_reset(struct jvpn_store_fault *fault);
/* Delayed operations begin in their order, withheld answers arrive. Returns how many. */
size_t jvpn_store_fault_release(struct jvpn_store_fault *fault);
/* Operations seen so far. */
uint64_t jvpn_store_fault_seen(const struct jvpn_store_fault *fault);

#endif
