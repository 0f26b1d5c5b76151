/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command "disconnect" while a client runs: that client ends its session itself, we only tell
 * it to and wait.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "client/client.h"

#define WAIT_MS  15000
#define PAUSE_MS 20

int jvpn_disconnect_other(struct jvpn_client *client, pid_t holder,
			  char error[JVPN_STATEDIR_ERROR_MAX])
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * (long)JVPN_NS_PER_MS};
	int rv = JVPN_EBUSY;
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
	for (unsigned ms = 0; rv == JVPN_EBUSY && ms < WAIT_MS; ms += PAUSE_MS) {
		nanosleep(&pause, NULL);
		rv = jvpn_resume_open(client, &now, error);
	}
	if (rv == JVPN_EBUSY)
		snprintf(error, JVPN_STATEDIR_ERROR_MAX,
			 "the client (pid %ld) did not end within %d s", (long)holder,
			 WAIT_MS / 1000);
	return rv;
}
