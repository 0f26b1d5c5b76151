/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gaps in seq, by process.
 */
#include "audit/runs.h"

#include <string.h>

uint64_t jvpn_trail_runs_take(struct jvpn_trail_runs *runs, uint64_t pid, uint64_t seq)
{
	unsigned i = 0;
	uint64_t last;

	while (i < runs->count && runs->run[i].pid != pid)
		i++;
	if (i == runs->count) {
		if (runs->count == JVPN_TRAIL_RUNS_MAX) {
			memmove(runs->run, runs->run + 1, (--i) * sizeof(runs->run[0]));
			runs->count--;
		}
		runs->run[i].pid = pid;
		runs->run[i].seq = seq;
		runs->count++;
		return 0;
	}
	last = runs->run[i].seq;
	runs->run[i].seq = seq;
	return seq > last ? seq - last - 1 : 0;
}
