/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which events are in the durable audit, and how: with their transition, on their own, or counted.
 * An entry is the line that the event stream gets, with seq 0: the export numbers it.
 */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "obs/events.h"
#include "runtime/driver.h"
#include "runtime/driver_internal.h"
#include "runtime/persist_internal.h"

enum keep {
	KEEP_NOT,
	KEEP_COMMIT, /* stands with its transition */
	KEEP_ALONE,  /* an entry of its own */
	KEEP_COUNT   /* counted by reason and minute: attacks write no audit */
};

static const uint8_t kept[JVPN_AUDIT_COUNT] = {
	[JVPN_AUDIT_SESSION_CREATED] = KEEP_COMMIT,
	[JVPN_AUDIT_SESSION_STATE_CHANGE] = KEEP_COMMIT,
	[JVPN_AUDIT_SESSION_TERMINATED] = KEEP_COMMIT,
	[JVPN_AUDIT_TRANSPORT_ATTACHED] = KEEP_COMMIT,
	[JVPN_AUDIT_TRANSPORT_SWITCH] = KEEP_COMMIT,
	[JVPN_AUDIT_NODE_STARTED] = KEEP_ALONE,
	[JVPN_AUDIT_NODE_DRAINING] = KEEP_ALONE,
	[JVPN_AUDIT_NODE_STOPPED] = KEEP_ALONE,
	[JVPN_AUDIT_POLICY_LOADED] = KEEP_ALONE,
	[JVPN_AUDIT_POLICY_REJECTED] = KEEP_ALONE,
	[JVPN_AUDIT_SESSION_RESTORED] = KEEP_ALONE,
	[JVPN_AUDIT_TRANSPORT_SWITCH_FAILED] = KEEP_ALONE,
	[JVPN_AUDIT_OWNERSHIP_ACQUIRED] = KEEP_ALONE,
	[JVPN_AUDIT_OWNERSHIP_LOST] = KEEP_ALONE,
	[JVPN_AUDIT_OWNERSHIP_CONFLICT] = KEEP_ALONE,
	[JVPN_AUDIT_KEY_ROTATED] = KEEP_ALONE,
	[JVPN_AUDIT_AUDIT_TRIMMED] = KEEP_ALONE,
	[JVPN_AUDIT_UNAUTHORIZED_TRANSPORT_ATTEMPT] = KEEP_COUNT,
	[JVPN_AUDIT_SECURITY_REPLAY_DETECTED] = KEEP_COUNT,
	[JVPN_AUDIT_SECURITY_VALIDATION_FAILED] = KEEP_COUNT,
	[JVPN_AUDIT_RATE_LIMITED] = KEEP_COUNT,
};

static enum keep keep_of(const struct jvpn_audit *audit)
{
	if (audit->type == JVPN_AUDIT_REATTACH_RESULT)
		return audit->reason == JVPN_REASON_REATTACH_SUCCESS ? KEEP_COMMIT : KEEP_COUNT;
	return (enum keep)kept[audit->type];
}

static void add_line(struct jvpn_persist *p, const struct jvpn_audit *audit)
{
	struct jvpn_persist_lines *lines = &p->lines;
	char *text = lines->text[lines->count < JVPN_STORE_LINES_MAX ? lines->count : 0];
	size_t len;

	if (lines->count == JVPN_STORE_LINES_MAX) {
		jvpn_persist_lose(p, 1);
		return;
	}
	len = jvpn_events_format(p->driver->events, audit, p->driver->wall_ms, text,
				 JVPN_EVENT_LINE_MAX);
	if (!len)
		return;
	/* without the newline */
	lines->line[lines->count++] = (struct jvpn_store_line){.data = text, .len = len - 1};
}

void jvpn_persist_collect(struct jvpn_persist *persist, const struct jvpn_live *live,
			  uint64_t to_version)
{
	struct jvpn_effects *fx = &persist->dry_effects;

	persist->lines.count = 0;
	for (size_t i = 0; i < fx->count; i++) {
		struct jvpn_effect *e = &fx->v[i];

		if (e->type != JVPN_EFFECT_EMIT || keep_of(&e->u.audit) != KEEP_COMMIT ||
		    e->u.audit.state_version > to_version)
			continue;
		jvpn_driver_complete(live, e);
		add_line(persist, &e->u.audit);
	}
}

static void write_lines(struct jvpn_persist *p, const struct jvpn_id *id)
{
	struct jvpn_store_op op = {.kind = JVPN_STORE_OP_AUDIT,
				   .wall_ms = p->driver->wall_ms,
				   .line = p->lines.line,
				   .line_count = p->lines.count};

	if (id)
		op.id = *id;
	if (p->lines.count && jvpn_persist_give(p, &op))
		jvpn_persist_lose(p, p->lines.count);
	p->lines.count = 0;
}

void jvpn_persist_note(struct jvpn_persist *persist, const struct jvpn_live *live,
		       const struct jvpn_audit *audit)
{
	enum keep keep = keep_of(audit);
	uint32_t *count;

	if (keep == KEEP_COUNT) {
		count = &persist->denied[audit->type][audit->reason];
		*count += audit->has & JVPN_HAS_COUNT ? (uint32_t)audit->count : 1;
		return;
	}
	/* what was learned from the store stands there already */
	if (keep == KEEP_NOT || (keep == KEEP_COMMIT && live && live->learned))
		return;
	persist->lines.count = 0;
	add_line(persist, audit);
	write_lines(persist, live ? &live->core.id : NULL);
}

void jvpn_persist_write_denied(struct jvpn_persist *persist)
{
	persist->lines.count = 0;
	for (unsigned type = 0; type < JVPN_AUDIT_COUNT; type++)
		for (unsigned reason = 0; reason < JVPN_REASON_COUNT; reason++) {
			uint32_t *count = &persist->denied[type][reason];
			struct jvpn_audit audit = {.type = (enum jvpn_audit_type)type,
						   .reason = (enum jvpn_reason)reason,
						   .has = JVPN_HAS_COUNT,
						   .count = *count};

			if (!*count)
				continue;
			*count = 0;
			add_line(persist, &audit);
			if (persist->lines.count == JVPN_STORE_LINES_MAX)
				write_lines(persist, NULL);
		}
	write_lines(persist, NULL);
}
