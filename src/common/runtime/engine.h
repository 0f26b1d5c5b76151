/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What both programs are made of: loop, event stream, driver and QUIC, joined into one turn. Knows
 * neither admission nor addresses.
 */
#ifndef JVPN_RUNTIME_ENGINE_H
#define JVPN_RUNTIME_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "obs/events.h"
#include "quic/quic.h"
#include "runtime/driver.h"
#include "runtime/loop.h"

struct jvpn_engine_config {
	struct jvpn_events_config events;
	struct jvpn_events
		*shared_events; /* another engine's, which tells of the process; NULL: own */
	size_t recent_bytes;    /* of lines kept in memory from the first on; 0: none yet */
	struct jvpn_driver_config driver; /* events is filled here */
	struct jvpn_quic_config quic;     /* ops and user are filled here */
};

/* Owner: main. */
struct jvpn_engine {
	struct jvpn_loop *loop;
	struct jvpn_events *events;
	bool shares_events; /* they are another engine's */
	struct jvpn_driver *driver;
	struct jvpn_quic *quic;
	struct jvpn_watch *events_watch[JVPN_EVENTS_OUTPUTS_MAX]; /* while lines wait */
	int events_fd[JVPN_EVENTS_OUTPUTS_MAX];
	uint64_t events_retry_ns;                     /* a sink that cannot be watched */
	void (*on_turn)(void *user, uint64_t now_ns); /* before QUIC is flushed; may be NULL */
	void (*on_flushed)(void *user);               /* after that; may be NULL */
	uint64_t (*next_deadline)(void *user);        /* the program's own timers; may be NULL */
	void *user;
};

/* Opens the event outputs, makes loop, driver and QUIC, writes NodeStarted and PolicyLoaded (an engine with
 * shared events does neither the first nor the last). Errors of
 * their constructors; 'error' gets a sentence. */
int jvpn_engine_init(struct jvpn_engine *engine, struct jvpn_engine_config *config, char *error,
		     size_t error_size);
/* Writes NodeStopped, gives a slow reader a moment, frees everything. */
void jvpn_engine_clear(struct jvpn_engine *engine);
/* Takes a new policy for events and sessions; PolicyLoaded names the old version, and who asked for the
 * new one (NULL: a signal). */
void jvpn_engine_set_policy(struct jvpn_engine *engine, const struct jvpn_policy *policy,
			    const char *who);
/* The same for sessions and connections alone, without an event: of a further worker. */
void jvpn_engine_apply_policy(struct jvpn_engine *engine, const struct jvpn_policy *policy);
/* An event of the process itself, with a detail text that may be NULL. */
void jvpn_engine_emit(struct jvpn_engine *engine, enum jvpn_audit_type type,
		      enum jvpn_reason reason, const char *detail);

#endif
