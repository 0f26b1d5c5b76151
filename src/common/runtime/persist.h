/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The driver's side of the session store: store effects of the core become operations, results become
 * events, and what the event stream says about a session commits together with the transition it
 * tells of. Seals the session keys; the store sees no secret. docs/internals/store.md.
 *
 * Life: jvpn_persist_open(), jvpn_persist_count(); a driver made with it (jvpn_driver_config.persist);
 * jvpn_persist_load() before the loop runs; then jvpn_persist_dispatch() when jvpn_persist_fd() is
 * readable and jvpn_persist_poll() once a turn; the driver freed; jvpn_persist_close().
 *
 * Several threads: each has a driver of its own and a lane (jvpn_persist_lane_new()) of the one store.
 * The thread of the first driver opens, dispatches and closes; it is the root, a lane itself. Answers
 * wait in their lane until its thread calls jvpn_persist_dispatch(): 'wake' says so, on any thread.
 */
#ifndef JVPN_RUNTIME_PERSIST_H
#define JVPN_RUNTIME_PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/audit.h"
#include "core/effect.h"
#include "crypto/proof.h"
#include "crypto/secret.h"
#include "store/record.h"
#include "store/store.h"

struct jvpn_driver;
struct jvpn_live;
struct jvpn_persist; /* owner: main */

#define JVPN_PERSIST_CLOSE_MS  1000 /* to write what is left at the end */
#define JVPN_PERSIST_LANES_MAX 64

struct jvpn_persist_config {
	enum jvpn_store_backend_kind backend;
	const char *path;                   /* SQLite: the file */
	const struct jvpn_secret *seal_key; /* copied */
	uint64_t timeout_ms;                /* 0: the store's */
	size_t queue_max;                   /* operations in flight; 0: the store's */
	struct jvpn_store_fault *fault;     /* tests; else NULL */
};

/* A session as it comes back, its clocks run on to this moment. Borrowed for the call. */
struct jvpn_persist_entry {
	struct jvpn_record record;
	struct jvpn_session_keys keys;
	bool opened; /* the seal was the right one: keys are valid */
};

/* Errors of jvpn_store_open(); 'error' gets a sentence that names the file. */
int jvpn_persist_open(const struct jvpn_persist_config *config, struct jvpn_persist **out,
		      char *error, size_t error_size);
/* Waits at most JVPN_PERSIST_CLOSE_MS for what was given out, then closes. False: not all of it is
 * known to be written (logged). NULL is fine. */
bool jvpn_persist_close(struct jvpn_persist *persist);
/* How many sessions are stored. Errors of jvpn_store_load(). */
int jvpn_persist_count(struct jvpn_persist *persist, size_t *count, char *error);
/* Calls 'each' for every stored session; a value other than 0 stops and is returned. As
 * jvpn_store_load() otherwise; JVPN_EUNSUPPORTED: a record of another version. error:
 * JVPN_STORE_ERROR_MAX octets. */
int jvpn_persist_load(struct jvpn_persist *persist,
		      int (*each)(void *user, const struct jvpn_persist_entry *entry), void *user,
		      char *error);

/* A further lane: for the driver of another thread, freed after that driver and before the root is
 * closed. JVPN_ENOMEM, JVPN_EFULL. */
int jvpn_persist_lane_new(struct jvpn_persist *root, struct jvpn_persist **out);
void jvpn_persist_lane_free(struct jvpn_persist *lane);
void jvpn_persist_set_wake(struct jvpn_persist *persist, void (*wake)(void *user), void *user);

/* The driver that made it its own, NULL when that is gone. */
void jvpn_persist_bind(struct jvpn_persist *persist, struct jvpn_driver *driver);
/* Executes STORE_CAS, STORE_APPEND or STORE_REREAD. The answer comes through
 * jvpn_driver_store_result(); an error: nothing was given out. */
int jvpn_persist_submit(struct jvpn_persist *persist, struct jvpn_live *live,
			const struct jvpn_effect *effect);
/* The session is gone; an answer that is still under way is dropped. */
void jvpn_persist_forget(struct jvpn_persist *persist, struct jvpn_live *live);
/* An event line was written. What is not stored by its own transition is stored or counted here.
 * live: NULL for the node's own. */
void jvpn_persist_note(struct jvpn_persist *persist, const struct jvpn_live *live,
		       const struct jvpn_audit *audit);

/* For watching only; the root's. */
int jvpn_persist_fd(const struct jvpn_persist *persist);
void jvpn_persist_dispatch(struct jvpn_persist *persist, uint64_t now_ns);
/* The sign of life, trimming, health (root), counted denials. Harmless at any time. */
void jvpn_persist_poll(struct jvpn_persist *persist, uint64_t now_ns);
uint64_t jvpn_persist_next_deadline(const struct jvpn_persist *persist);
/* Operations without an answer, or whose answer was not dealt with, of all lanes. */
size_t jvpn_persist_pending(const struct jvpn_persist *persist);
/* That is half of what the store takes at once, or more: whoever has many waits. */
bool jvpn_persist_is_busy(const struct jvpn_persist *persist);
bool jvpn_persist_is_durable(const struct jvpn_persist *persist);
enum jvpn_store_health jvpn_persist_health(const struct jvpn_persist *persist);
/* Figures of the store, and entries that its audit did not get; any thread. */
void jvpn_persist_get_stats(const struct jvpn_persist *persist, struct jvpn_store_stats *stats,
			    uint64_t *lines_lost);

#endif
