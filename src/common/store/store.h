/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session store: records under compare-and-swap, and the durable audit that commits with them.
 * Knows nothing of keys and never looks into a record: what it gets is sealed already (record.h has
 * the format). Never blocks the loop: jvpn_store_submit() queues, a thread of the backend writes,
 * jvpn_store_dispatch() hands out results on the loop's thread.
 *
 * Life: jvpn_store_open(), jvpn_store_load() (the loop does not run yet, it may block), then
 * jvpn_store_submit() and jvpn_store_dispatch() whenever jvpn_store_fd() is readable or
 * jvpn_store_next_deadline() is reached, jvpn_store_close(). One thread uses a store; other threads
 * send it messages.
 *
 * Answers are those of core/event.h (enum jvpn_store_status):
 *   OK         durable, or with this nonce durable already (so an append may be repeated)
 *   CONFLICT   the record is not at from_version (result.version says where it is; 0: there is none)
 *   FAILED     certain: not written (disk full, broken store, or it waited beyond its deadline)
 *   TIMEOUT    unknown: it may be written or may yet be; settle it with REREAD
 *   FOUND      REREAD: this nonce stands in the record
 *   NOT_FOUND  REREAD: it does not and the attempt can no longer arrive
 * Operations are executed in the order of submission.
 *
 * A write whose state is TERMINATED ends the record: record and seal are deleted, a tombstone with
 * version and nonce stays (idempotent repeats, nothing revives the id) until the audit is trimmed.
 */
#ifndef JVPN_STORE_STORE_H
#define JVPN_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/delays.h"
#include "base/id.h"
#include "base/map.h"
#include "core/event.h"
#include "store/record.h"

#define JVPN_STORE_LINE_MAX      4096 /* octets of one audit entry */
#define JVPN_STORE_LINES_MAX     16   /* audit entries of one operation */
#define JVPN_STORE_TIMEOUT_MS    2000
#define JVPN_STORE_QUEUE_MAX     4096 /* operations in flight */
#define JVPN_STORE_QUEUE_BYTES   (32U << 20)
#define JVPN_STORE_GROUP_MAX     64 /* operations of one commit */
#define JVPN_STORE_GROUP_NS      1000000ULL
#define JVPN_STORE_RESERVE_BYTES (16U << 20) /* below this only existing sessions may write */
#define JVPN_STORE_TRIM_BATCH    1000        /* audit entries deleted by one TRIM */
#define JVPN_STORE_ERROR_MAX     4608        /* room for every error text: a path and a sentence */

struct jvpn_store;
struct jvpn_store_fault;

enum jvpn_store_backend_kind {
	JVPN_STORE_BACKEND_NONE = 0,
	JVPN_STORE_BACKEND_MEMORY, /* not durable */
	JVPN_STORE_BACKEND_SQLITE,
	JVPN_STORE_BACKEND_COUNT
};

enum jvpn_store_kind {
	JVPN_STORE_OP_NONE = 0,
	JVPN_STORE_OP_CAS, /* from_version -> to_version (0: insert), nonce, state, record, lines */
	JVPN_STORE_OP_APPEND, /* the same; for transitions that took permission away */
	JVPN_STORE_OP_REREAD, /* id, nonce */
	JVPN_STORE_OP_REMOVE, /* id, from_version (0: whatever), nonce, lines: ends the record */
	JVPN_STORE_OP_ALIVE,  /* stamp: the node's sign of life, every second */
	JVPN_STORE_OP_AUDIT,  /* lines without a transition (policy, ownership, counted denials) */
	JVPN_STORE_OP_TRIM,   /* max_bytes, before_wall_ms; at most JVPN_STORE_TRIM_BATCH entries */
	JVPN_STORE_OP_COUNT
};

/* Names one attempt: the core's nonce is unique in the session, 'incarnation' (random, of this
 * process) makes it unique for ever. */
struct jvpn_store_nonce {
	uint64_t incarnation;
	uint64_t counter;
};

/* One audit entry: an event line, or whatever the runtime wants to get back from the export. */
struct jvpn_store_line {
	const void *data;
	size_t len; /* 1..JVPN_STORE_LINE_MAX */
};

/* Everything pointed to is copied by jvpn_store_submit(). */
struct jvpn_store_op {
	enum jvpn_store_kind kind;
	uint64_t tag;                      /* the caller's; comes back in the result */
	struct jvpn_id id;                 /* all zero in AUDIT: of no session */
	uint64_t from_version, to_version; /* below 2^63 */
	struct jvpn_store_nonce nonce;
	enum jvpn_state state; /* at to_version */
	const void *record;
	size_t record_len; /* 1..JVPN_RECORD_MAX; may be 0 when state is TERMINATED */
	uint64_t wall_ms;  /* of the lines and of a tombstone */
	const struct jvpn_store_line *line;
	size_t line_count; /* 0..JVPN_STORE_LINES_MAX */
	struct jvpn_stamp stamp;
	uint64_t max_bytes;      /* TRIM: audit.max_bytes */
	uint64_t before_wall_ms; /* TRIM: older entries go (now - audit.max_age_ms) */
};

struct jvpn_store_result {
	enum jvpn_store_kind kind;
	enum jvpn_store_status status;
	uint64_t tag;
	struct jvpn_id id;
	struct jvpn_store_nonce nonce;
	uint64_t to_version; /* as asked for */
	uint64_t version;    /* CONFLICT, FOUND, NOT_FOUND: of the record or tombstone; 0: none */
	uint64_t count;      /* TRIM: entries deleted: AuditTrimmed */
	bool more;           /* TRIM: a limit is still exceeded, ask again */
	uint64_t latency_ns; /* from submit to dispatch */
};

enum jvpn_store_health {
	JVPN_STORE_HEALTH_NONE = 0,
	JVPN_STORE_HEALTH_OK,
	JVPN_STORE_HEALTH_FULL,    /* no room: new sessions are refused; tried again by itself */
	JVPN_STORE_HEALTH_FAILING, /* I/O errors; tried again by itself */
	JVPN_STORE_HEALTH_BROKEN,  /* damaged: nothing is written any more, an operator is needed */
	JVPN_STORE_HEALTH_COUNT
};

struct jvpn_store_stats {
	uint64_t submitted, refused; /* taken; JVPN_EFULL */
	uint64_t ok, conflict, failed, timeout, found, not_found;
	uint64_t late;           /* outcomes that came after TIMEOUT was said */
	uint64_t latency_max_ns; /* of all results */
	struct jvpn_delays latency;
	size_t pending;                  /* without a result */
	size_t orphaned;                 /* TIMEOUT said, outcome not in yet */
	uint64_t commits, committed_ops; /* transactions, and operations in them */
	uint64_t checkpoints;
	uint64_t audit_bytes; /* present size of the audit */
	enum jvpn_store_health health;
};

struct jvpn_store_config {
	enum jvpn_store_backend_kind backend;
	const char *path; /* SQLite: the database file; copied */
	/* Called by jvpn_store_dispatch() only. It may submit; it must not close or dispatch. */
	void (*on_result)(void *user, const struct jvpn_store_result *result);
	void *user;
	/* Monotonic clock for the writer's 1 ms limit (runtime/clock.h); NULL: only the count limits. */
	uint64_t (*clock_ns)(void);
	/* 0 takes the default of each. */
	uint64_t timeout_ms;
	size_t queue_max;                       /* operations in flight */
	size_t group_max;                       /* operations of one commit */
	uint64_t reserve_bytes;                 /* 1 switches the reserve off */
	size_t memory_records;                  /* memory: at most so many (65536) */
	size_t memory_audit_bytes;              /* memory: oldest entries go beyond this (1 MiB) */
	uint8_t hash_seed[JVPN_MAP_SEED_BYTES]; /* memory: random, of this process */
	struct jvpn_store_fault *fault;         /* tests: store_fault.h; borrowed; else NULL */
};

/* Opens, and creates what does not exist (SQLite: the file, not its directory). 'error' gets one
 * sentence naming the file and what to do; a file that cannot be used is left exactly as it is.
 * JVPN_EBUSY: another process owns it; JVPN_EMALFORMED: damaged, half-written or not a store of ours;
 * JVPN_EUNSUPPORTED: written by another version, or the backend is not built in; JVPN_EPERM, JVPN_EIO,
 * JVPN_ENOMEM, JVPN_EINVAL. */
int jvpn_store_open(const struct jvpn_store_config *config, struct jvpn_store **out, char *error,
		    size_t error_size);
/* Writes everything that was submitted, then closes; results are not delivered any more. NULL is
 * fine. To bound the wait dispatch until jvpn_store_pending() is 0 first. */
void jvpn_store_close(struct jvpn_store *store);
/* Do commits survive the process? */
bool jvpn_store_is_durable(const struct jvpn_store *store);

/* One record; borrowed for the call. */
struct jvpn_store_entry {
	struct jvpn_id id;
	uint64_t version;
	struct jvpn_store_nonce nonce;
	enum jvpn_state state;
	const uint8_t *record;
	size_t record_len;
};

/* Calls 'each' for every record, in no order; a value other than 0 from it stops and is returned.
 * Blocks: before the loop runs. JVPN_EMALFORMED (damaged), JVPN_EIO, JVPN_ENOMEM with a sentence in
 * error (JVPN_STORE_ERROR_MAX octets). */
int jvpn_store_load(struct jvpn_store *store,
		    int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		    char *error);
/* The last ALIVE that committed, or JVPN_ENOTFOUND. Before the loop runs. */
int jvpn_store_alive(struct jvpn_store *store, struct jvpn_stamp *stamp);

/* One audit entry; borrowed for the call. seq grows in commit order and is never used again. */
struct jvpn_store_audit_entry {
	uint64_t seq;
	uint64_t wall_ms;
	bool has_session;
	struct jvpn_id session;
	const uint8_t *data;
	size_t len;
};

typedef int jvpn_store_audit_each(void *user, const struct jvpn_store_audit_entry *entry);

/* Calls 'each' for every entry with a seq above 'after', in order, as of one moment; as
 * jvpn_store_load() otherwise. Blocks. */
int jvpn_store_audit(struct jvpn_store *store, uint64_t after, jvpn_store_audit_each *each,
		     void *user, char *error);
/* The same from the file, read-only, also while a server uses it ("audit export"). */
int jvpn_store_audit_file(const char *path, uint64_t after, jvpn_store_audit_each *each, void *user,
			  char *error);

/* Queues one operation. 0; JVPN_EFULL: too many in flight, nothing was written (store_unavailable);
 * JVPN_EINVAL; JVPN_ENOMEM. Its result comes by its deadline (now_ns + timeout) at the latest. */
int jvpn_store_submit(struct jvpn_store *store, const struct jvpn_store_op *op, uint64_t now_ns);
/* Readable when there are results. The store's; for watching only. */
int jvpn_store_fd(const struct jvpn_store *store);
/* Delivers results and expires deadlines. */
void jvpn_store_dispatch(struct jvpn_store *store, uint64_t now_ns);
/* When to call it at the latest; JVPN_TIME_NEVER when nothing is in flight. */
uint64_t jvpn_store_next_deadline(const struct jvpn_store *store);
/* Operations without a result yet. */
size_t jvpn_store_pending(const struct jvpn_store *store);
void jvpn_store_get_stats(struct jvpn_store *store, struct jvpn_store_stats *stats);
/* Present health; 'text' (JVPN_STORE_ERROR_MAX octets) gets a sentence, empty when all is well. */
enum jvpn_store_health jvpn_store_health(struct jvpn_store *store, char *text);

/* "cas", "append" ...; "ok", "conflict" ... For traces; "none" out of range. */
const char *jvpn_store_kind_name(enum jvpn_store_kind kind);
const char *jvpn_store_status_name(enum jvpn_store_status status);

#endif
