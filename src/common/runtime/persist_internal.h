/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of persist share.
 */
#ifndef JVPN_RUNTIME_PERSIST_INTERNAL_H
#define JVPN_RUNTIME_PERSIST_INTERNAL_H

#include "core/session.h"
#include "obs/event_json.h"
#include "runtime/persist.h"

/* A session's operation in flight. */
struct jvpn_persist_ticket {
	struct jvpn_live *live; /* NULL: free, or the session is gone */
	uint64_t nonce;
	uint32_t next_free;
};

struct jvpn_persist_lines {
	struct jvpn_store_line line[JVPN_STORE_LINES_MAX];
	size_t count;
	char text[JVPN_STORE_LINES_MAX][JVPN_EVENT_LINE_MAX];
};

/* Everything belongs to the loop's thread. */
struct jvpn_persist {
	struct jvpn_store *store;
	struct jvpn_driver *driver;
	struct jvpn_secret seal_key;
	uint64_t incarnation;
	uint8_t boot_id[JVPN_BOOT_ID_BYTES];
	struct jvpn_persist_ticket ticket[JVPN_STORE_QUEUE_MAX];
	uint32_t free_ticket;                   /* JVPN_STORE_QUEUE_MAX: none */
	uint64_t second_ns, minute_ns, trim_ns; /* when they are due */
	bool alive_pending, trim_pending;
	uint32_t denied[JVPN_AUDIT_COUNT][JVPN_REASON_COUNT]; /* of this minute */
	uint64_t lines_lost, lines_lost_said;
	enum jvpn_store_health health;
	/* what the step will be that learns of a commit */
	struct jvpn_session dry;
	struct jvpn_effects dry_effects;
	struct jvpn_persist_lines lines;
	uint8_t record[JVPN_RECORD_MAX];
};

/* This moment. Before there is a driver: read from the clocks. */
void jvpn_persist_stamp(const struct jvpn_persist *persist, struct jvpn_stamp *stamp);

/* persist_record.c: 'dry' becomes the session behind the operation of 'effect'. */
void jvpn_persist_rehearse(struct jvpn_persist *persist, const struct jvpn_live *live,
			   const struct jvpn_effect *effect);
/* The record of 'dry' in persist->record; its length or an error. */
int jvpn_persist_encode(struct jvpn_persist *persist, const struct jvpn_live *live,
			const struct jvpn_effect *effect);
/* Decodes, opens the seal, lets the clocks run on. Errors of jvpn_record_decode(). */
int jvpn_persist_decode(const struct jvpn_persist *persist, const struct jvpn_store_entry *stored,
			const struct jvpn_stamp *alive, struct jvpn_persist_entry *out);

/* persist_audit.c: the lines that 'dry_effects' will write, in persist->lines. */
void jvpn_persist_collect(struct jvpn_persist *persist, const struct jvpn_live *live,
			  uint64_t to_version);
/* The counts of the past minute as lines. */
void jvpn_persist_write_denied(struct jvpn_persist *persist);

#endif
