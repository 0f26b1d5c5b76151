/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's control commands (docs/control.md). The socket is the first worker's; what concerns
 * sessions is a *job* that runs on the thread of the worker that owns them and brings its answer back.
 */
#ifndef JVPN_SERVER_CONTROL_H
#define JVPN_SERVER_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/server.h"
#include "runtime/meter.h"
#include "runtime/mailbox.h"

struct jvpn_report;
struct jvpn_server;
struct jvpn_worker;

#define JVPN_CONTROL_JOB_BYTES 32768

enum jvpn_control_job_kind {
	JVPN_CONTROL_JOB_NONE = 0,
	JVPN_CONTROL_JOB_COUNT,      /* figures of the worker */
	JVPN_CONTROL_JOB_SESSIONS,   /* some of its sessions, as items */
	JVPN_CONTROL_JOB_TRANSPORTS, /* transports of some of its sessions, or of one, as items */
	JVPN_CONTROL_JOB_SESSION,    /* one, whole */
	JVPN_CONTROL_JOB_SWITCH,
	JVPN_CONTROL_JOB_OUTCOME, /* what became of a switch */
	JVPN_CONTROL_JOB_TERMINATE
};

/* Owner: the task that it belongs to, or nobody when that ended while the job was under way. Between
 * 'running' and its end only the worker looks at it. */
struct jvpn_control_job {
	struct jvpn_call call; /* first: there and back */
	struct jvpn_worker *worker;
	bool asked, running, orphan; /* the first worker's */
	enum jvpn_control_job_kind kind;
	struct jvpn_ctl_request request;
	char who[JVPN_CTL_WHO_MAX + 1];
	char from[JVPN_TRANSPORT_ID_MAX + 1]; /* SWITCH fills it, OUTCOME compares */
	size_t cursor; /* SESSIONS, TRANSPORTS: the next place of the index */
	/* the answer */
	bool found; /* the session is this worker's */
	bool over;  /* SESSIONS, TRANSPORTS: there are no more; OUTCOME: it is settled */
	struct jvpn_ctl_error error; /* code NULL: none */
	char message[96];
	struct jvpn_meter figures; /* COUNT */
	size_t items, at, len;     /* of 'out': JSON objects, each with a newline behind it */
	char out[JVPN_CONTROL_JOB_BYTES];
};

/* control_job.c: runs the job on the thread of the worker. */
void jvpn_control_job_run(struct jvpn_worker *worker, struct jvpn_control_job *job);

/* control.c: opens the socket. As jvpn_operator_open(). */
int jvpn_server_control_open(struct jvpn_server *server, char *error, size_t error_size);

/* reload.c: policy and tokens, both or neither, for 'who' (NULL: a signal); then the event file is opened
 * again. 0, or a negative JVPN_E* with the errors in the report and nothing changed. */
int jvpn_server_reload(struct jvpn_server *server, const char *who, struct jvpn_report *report);
/* No new sessions from now on. The present ones stay in the store for the next start and their clients
 * are told so; without a durable store they end. */
void jvpn_server_drain(struct jvpn_server *server, const char *who);

#endif
