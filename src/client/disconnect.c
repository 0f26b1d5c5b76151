/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command "disconnect" while a client runs: that client ends its session itself, we only tell
 * it to and wait.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"

/* Besides what its hooks may take. */
#define WAIT_MS  15000
#define PAUSE_MS 20

/* Its configuration is ours. */
static uint64_t wait_ms(const struct jvpn_client_config *c)
{
	if (!c->pre_down.count && !c->post_down.count)
		return WAIT_MS;
	return WAIT_MS + (c->pre_down.count + 2) * c->hooks_timeout_ms;
}

int jvpn_disconnect_other(struct jvpn_client *client, pid_t holder,
			  char error[JVPN_STATEDIR_ERROR_MAX])
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * (long)JVPN_NS_PER_MS};
	int rv = JVPN_EBUSY;
	uint64_t limit_ms = wait_ms(&client->options->config);
	pid_t now;

	if (holder <= 0)
		return rv; /* in another pid namespace: the error says what it can */
	jvpn_log_info(JVPN_LOG_MAIN, "telling the client (pid %ld) to end its session",
		      (long)holder);
	if (kill(holder, SIGINT) && errno != ESRCH) {
		snprintf(error, JVPN_STATEDIR_ERROR_MAX, "cannot signal the client (pid %ld): %s",
			 (long)holder, strerror(errno));
		return JVPN_EPERM;
	}
	for (uint64_t ms = 0; rv == JVPN_EBUSY && ms < limit_ms; ms += PAUSE_MS) {
		nanosleep(&pause, NULL);
		rv = jvpn_resume_open(client, &now, error);
	}
	if (rv == JVPN_EBUSY)
		snprintf(error, JVPN_STATEDIR_ERROR_MAX,
			 "the client (pid %ld) did not end within %" PRIu64 " s", (long)holder,
			 (uint64_t)(limit_ms / JVPN_MS_PER_S));
	return rv;
}
