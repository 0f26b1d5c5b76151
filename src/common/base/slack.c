/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A peak, and the time since it is over. Must not free anything itself.
 */
#include "base/slack.h"

void jvpn_slack_init(struct jvpn_slack *slack)
{
	slack->most = 0;
	slack->due_ns = JVPN_TIME_NEVER;
}

bool jvpn_slack_look(struct jvpn_slack *slack, size_t count, uint64_t now_ns)
{
	size_t missing;

	if (count > slack->most)
		slack->most = count;
	missing = slack->most - count;
	if (missing < JVPN_SLACK_FEW || missing < slack->most / 4) {
		slack->due_ns = JVPN_TIME_NEVER;
		return false;
	}
	if (slack->due_ns == JVPN_TIME_NEVER)
		slack->due_ns = jvpn_time_add(now_ns, JVPN_SLACK_WAIT_NS);
	if (now_ns < slack->due_ns)
		return false;
	slack->most = count;
	slack->due_ns = JVPN_TIME_NEVER;
	return true;
}

uint64_t jvpn_slack_next_deadline(const struct jvpn_slack *slack)
{
	return slack->due_ns;
}
