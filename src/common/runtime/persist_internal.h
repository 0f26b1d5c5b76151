/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of persist share.
 */
#ifndef JVPN_RUNTIME_PERSIST_INTERNAL_H
#define JVPN_RUNTIME_PERSIST_INTERNAL_H

#include <pthread.h>

#include "core/session.h"
#include "obs/event_json.h"
#include "runtime/persist.h"

/* A session's operation in flight. */
struct jvpn_persist_ticket {
	struct jvpn_live *live; /* NULL: free, or the session is gone */
	uint64_t nonce;
	/* of the root, under its lock, between the answer and the lane that takes it */
	enum jvpn_store_status status;
	uint32_t next; /* in the list of answers, or of free tickets */
};

/* Answers for a lane, in the order of their arrival. */
struct jvpn_persist_answers {
	uint32_t first, last; /* tickets; JVPN_STORE_QUEUE_MAX: none */
	size_t count;
};

/* What the lanes share. Owner: the root. Everything under 'lock'. */
struct jvpn_persist_shared {
	pthread_mutex_t lock;
	struct jvpn_store *store;
	struct jvpn_persist *lane[JVPN_PERSIST_LANES_MAX]; /* [0]: the root */
	size_t queue_max;
	size_t open_answers; /* not yet dealt with by their lanes */
	uint64_t lines_lost;
};

struct jvpn_persist_lines {
	struct jvpn_store_line line[JVPN_STORE_LINES_MAX];
	size_t count;
	char text[JVPN_STORE_LINES_MAX][JVPN_EVENT_LINE_MAX];
};

/* Everything but 'shared' and 'answers' belongs to the lane's thread. */
struct jvpn_persist {
	struct jvpn_persist_shared *shared;
	size_t id;                           /* its place in shared->lane */
	struct jvpn_persist_answers answers; /* under shared->lock */
	void (*wake)(void *user);
	void *wake_user;
	struct jvpn_driver *driver;
	struct jvpn_secret seal_key;
	uint64_t incarnation;
	uint8_t boot_id[JVPN_BOOT_ID_BYTES];
	struct jvpn_persist_ticket ticket[JVPN_STORE_QUEUE_MAX];
	uint32_t free_ticket;                   /* JVPN_STORE_QUEUE_MAX: none */
	struct jvpn_store_result trimmed;       /* root: not dealt with; kind NONE: nothing */
	uint64_t second_ns, minute_ns, trim_ns; /* when they are due */
	bool alive_pending, trim_pending;
	uint32_t denied[JVPN_AUDIT_COUNT][JVPN_REASON_COUNT]; /* of this minute */
	uint64_t lines_lost_said;
	enum jvpn_store_health health;
	/* what the step will be that learns of a commit */
	struct jvpn_session_copy dry;
	struct jvpn_effects dry_effects;
	struct jvpn_persist_lines lines;
	uint8_t record[JVPN_RECORD_MAX];
};

/* The store, by one thread at a time. */
int jvpn_persist_give(struct jvpn_persist *persist, const struct jvpn_store_op *op);
/* Audit entries were not stored. */
void jvpn_persist_lose(struct jvpn_persist *persist, uint64_t lines);

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
