/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Events about strangers: strangers.h. Refuses nobody itself.
 */
#include "server/strangers.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/time.h"
#include "core/event.h"
#include "runtime/driver.h"

void jvpn_strangers_refused(struct jvpn_strangers *strangers,
			    const struct jvpn_transport *transport, enum jvpn_reason reason)
{
	struct jvpn_driver *driver = transport->driver;
	struct jvpn_audit audit = {.type = JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT,
				   .reason = reason,
				   .has = JVPN_HAS_PEER};

	if (!jvpn_bucket_take(&strangers->bucket, JVPN_STRANGERS_EVENTS_PER_S,
			      JVPN_STRANGERS_EVENTS_BURST, driver->now_ns)) {
		strangers->suppressed++;
		return;
	}
	snprintf(audit.peer, sizeof(audit.peer), "%s", transport->peer);
	jvpn_driver_emit(driver, &audit);
	jvpn_log_info(JVPN_LOG_SESSION, "%s refused: %s", transport->peer,
		      jvpn_reason_name(reason));
}

void jvpn_strangers_poll(struct jvpn_strangers *strangers, struct jvpn_driver *driver,
			 const struct jvpn_quic *quic)
{
	const struct jvpn_quic_stats *was = &strangers->was;
	struct jvpn_audit audit = {.type = JVPN_AUDIT_RATE_LIMITED,
				   .reason = JVPN_REASON_RATE_LIMITED,
				   .has = JVPN_HAS_COUNT | JVPN_HAS_TEXT};
	uint64_t unanswered = driver->refused_silently - strangers->unanswered;
	struct jvpn_quic_stats now;
	uint64_t initials;

	if (jvpn_time_since(driver->now_ns, strangers->told_ns) < JVPN_STRANGERS_TELL_NS)
		return;
	jvpn_quic_get_stats(quic, &now);
	initials = now.source_limited - was->source_limited + now.postponed - was->postponed +
		   now.refused - was->refused + now.retries_suppressed - was->retries_suppressed;
	audit.count = strangers->suppressed + unanswered + initials + now.retries_sent -
		      was->retries_sent + now.resets_suppressed - was->resets_suppressed;
	if (audit.count == 0)
		return;
	snprintf(audit.text, sizeof(audit.text),
		 "Retry %" PRIu64 ", Initials %" PRIu64 ", resets %" PRIu64 ", unanswered %" PRIu64
		 ", untold %" PRIu64,
		 now.retries_sent - was->retries_sent, initials,
		 now.resets_suppressed - was->resets_suppressed, unanswered, strangers->suppressed);
	jvpn_driver_emit(driver, &audit);
	strangers->told_ns = driver->now_ns;
	strangers->suppressed = 0;
	strangers->unanswered = driver->refused_silently;
	strangers->was = now;
}

uint64_t jvpn_strangers_next_deadline(const struct jvpn_strangers *strangers)
{
	return strangers->suppressed ? jvpn_time_add(strangers->told_ns, JVPN_STRANGERS_TELL_NS)
				     : JVPN_TIME_NEVER;
}
