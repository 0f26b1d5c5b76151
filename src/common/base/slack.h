/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When to ask the allocator for what it keeps: many have been there, and have been gone for a while.
 * One who comes and goes, or a crowd that is back at once, is no reason.
 */
#ifndef JVPN_BASE_SLACK_H
#define JVPN_BASE_SLACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define JVPN_SLACK_FEW     64 /* fewer than this are not worth it */
#define JVPN_SLACK_WAIT_NS (10 * JVPN_NS_PER_S)

struct jvpn_slack {
	size_t most; /* since the last time */
	uint64_t due_ns;
};

void jvpn_slack_init(struct jvpn_slack *slack);
/* 'count' are there now. True: a quarter of the most or more has been missing for JVPN_SLACK_WAIT_NS;
 * once. */
bool jvpn_slack_look(struct jvpn_slack *slack, size_t count, uint64_t now_ns);
/* When to look again at the latest. */
uint64_t jvpn_slack_next_deadline(const struct jvpn_slack *slack);

#endif
