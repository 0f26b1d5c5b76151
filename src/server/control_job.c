/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of a control command that touches sessions, on the thread of the worker that owns them. A
 * session is only ever changed by an event to its core.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "runtime/describe.h"
#include "server/control.h"
#include "server/server.h"

/* Of the index, in one go. */
#define PLACES_PER_RUN 2048
#define ITEMS_PER_RUN  32

/* The session at a place of the index, if it is this worker's. */
static struct jvpn_live *live_at(const struct jvpn_worker *worker, size_t place)
{
	struct jvpn_live *live;
	bool is_ours;

	pthread_mutex_lock(&worker->server->lock);
	live = worker->server->index.live[place];
	is_ours = live && live->driver == worker->engine.driver;
	pthread_mutex_unlock(&worker->server->lock);
	return is_ours && live->core.state != JVPN_STATE_BIRTH ? live : NULL;
}

static struct jvpn_live *find(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	struct jvpn_live *live = jvpn_server_find(worker, &job->request.session);

	if (live && live->core.state == JVPN_STATE_BIRTH)
		live = NULL;
	job->found = live != NULL;
	return live;
}

/* ---- items ---- */

static bool has_room(const struct jvpn_control_job *job)
{
	return job->items < ITEMS_PER_RUN && sizeof(job->out) - job->len >= JVPN_CTL_ITEM_MAX;
}

static struct jvpn_json begin_item(struct jvpn_control_job *job)
{
	struct jvpn_json j;

	jvpn_json_init(&j, job->out + job->len, sizeof(job->out) - job->len);
	jvpn_json_char(&j, '{');
	return j;
}

/* What does not fit is left out: an item is far smaller than what has_room() asks for. */
static void end_item(struct jvpn_control_job *job, struct jvpn_json *j)
{
	jvpn_json_close(j, '}');
	jvpn_json_char(j, '\n');
	if (j->full)
		return;
	job->len += j->len;
	job->items++;
}

static void put_session(struct jvpn_control_job *job, const struct jvpn_live *live)
{
	struct jvpn_json j = begin_item(job);

	jvpn_describe_session(&j, live);
	end_item(job, &j);
}

static void put_transports(struct jvpn_control_job *job, const struct jvpn_live *live)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		struct jvpn_json j;

		if (!live->core.slot[i].used)
			continue;
		j = begin_item(job);
		jvpn_json_id(&j, "session_id", &live->core.id);
		jvpn_describe_transport(&j, live, i);
		end_item(job, &j);
	}
}

static void list(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	size_t capacity = worker->server->index.table.capacity;
	size_t end =
		capacity - job->cursor > PLACES_PER_RUN ? job->cursor + PLACES_PER_RUN : capacity;

	for (; job->cursor < end && has_room(job); job->cursor++) {
		const struct jvpn_live *live = live_at(worker, job->cursor);

		if (live && job->kind == JVPN_CONTROL_JOB_SESSIONS)
			put_session(job, live);
		else if (live)
			put_transports(job, live);
	}
	job->over = job->cursor == capacity;
}

/* ---- one session ---- */

static void show(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	const struct jvpn_live *live = find(worker, job);
	struct jvpn_json j;

	if (!live)
		return;
	j = begin_item(job);
	jvpn_json_open(&j, "session", '{');
	jvpn_describe_session(&j, live);
	jvpn_json_close(&j, '}');
	jvpn_describe_transports(&j, "transports", live);
	end_item(job, &j);
}

static void show_transports(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	const struct jvpn_live *live = find(worker, job);

	if (live)
		put_transports(job, live);
	job->over = true;
}

static uint8_t find_slot(const struct jvpn_live *live, const char *name)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		const struct jvpn_slot *p = &live->core.slot[i];
		char id[JVPN_TRANSPORT_ID_MAX + 1];

		jvpn_session_transport_id(&live->core, i, id);
		if (p->used && p->alive && (strcmp(id, name) == 0 || strcmp(p->label, name) == 0))
			return i;
	}
	return JVPN_SLOT_NONE;
}

static bool may_switch(const struct jvpn_live *live, struct jvpn_control_job *job, uint8_t slot)
{
	const char *to = job->request.to;
	struct jvpn_ctl_error *error = &job->error;

	if (live->plain)
		jvpn_ctl_error_set(error, "not_possible",
				   "the peer does not have the jumping-session extension");
	else if (live->core.state != JVPN_STATE_ATTACHED)
		jvpn_ctl_error_set(error, "not_possible", "the session is %s",
				   jvpn_state_name(live->core.state));
	else if (to[0] && slot == JVPN_SLOT_NONE)
		jvpn_ctl_error_set(error, "not_found", "no living transport is called %s", to);
	else if (to[0] && slot == live->core.bound)
		jvpn_ctl_error_set(error, "not_possible", "%s is the binding already", to);
	else if (!to[0] && jvpn_session_candidate_count(&live->core) == 0)
		jvpn_ctl_error_set(error, "not_possible", "there is no other transport");
	else
		return true;
	return false;
}

static void start_switch(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	struct jvpn_event event = {.type = JVPN_EVENT_HANDOVER, .slot = JVPN_SLOT_NONE};
	struct jvpn_live *live = find(worker, job);

	if (!live)
		return;
	if (job->request.to[0])
		event.slot = find_slot(live, job->request.to);
	if (!may_switch(live, job, event.slot))
		return;
	jvpn_session_transport_id(&live->core, live->core.bound, job->from);
	live->denied = JVPN_REASON_NONE;
	if (!jvpn_driver_operate(live, &event, job->who))
		return;
	if (live->denied != JVPN_REASON_NONE)
		jvpn_ctl_error_set(&job->error, "refused", "%s", jvpn_reason_name(live->denied));
	else
		jvpn_ctl_error_set(&job->error, "not_possible",
				   "nothing moves in state %s: ask again",
				   jvpn_state_name(live->core.state));
}

static void look_at_switch(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	const struct jvpn_live *live = find(worker, job);
	char to[JVPN_TRANSPORT_ID_MAX + 1];

	job->over = !live || live->core.state == JVPN_STATE_ATTACHED;
	if (!live || !job->over)
		return;
	jvpn_session_transport_id(&live->core, live->core.bound, to);
	if (strcmp(job->from, to) != 0)
		snprintf(job->message, sizeof(job->message), "moved from %s to %s", job->from, to);
	else
		jvpn_ctl_error_set(&job->error, "refused", "still on %s: %s", to,
				   live->denied == JVPN_REASON_NONE
					   ? "the client stays"
					   : jvpn_reason_name(live->denied));
}

static void terminate(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	struct jvpn_event event = {.type = JVPN_EVENT_TERMINATE, .slot = JVPN_SLOT_NONE};
	struct jvpn_live *live = find(worker, job);

	if (!live)
		return;
	event.u.reason = job->request.reason != JVPN_REASON_NONE ? job->request.reason
								 : JVPN_REASON_OPERATOR_TERMINATED;
	(void)jvpn_driver_operate(live, &event, job->who);
	snprintf(job->message, sizeof(job->message), "the session is ended");
}

static void count(const struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	jvpn_worker_meter(worker, &job->figures);
}

void jvpn_control_job_run(struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	switch (job->kind) {
	case JVPN_CONTROL_JOB_NONE:
		break;
	case JVPN_CONTROL_JOB_COUNT:
		count(worker, job);
		break;
	case JVPN_CONTROL_JOB_SESSIONS:
		list(worker, job);
		break;
	case JVPN_CONTROL_JOB_TRANSPORTS:
		if (job->request.has_session)
			show_transports(worker, job);
		else
			list(worker, job);
		break;
	case JVPN_CONTROL_JOB_SESSION:
		show(worker, job);
		break;
	case JVPN_CONTROL_JOB_SWITCH:
		start_switch(worker, job);
		break;
	case JVPN_CONTROL_JOB_OUTCOME:
		look_at_switch(worker, job);
		break;
	case JVPN_CONTROL_JOB_TERMINATE:
		terminate(worker, job);
		break;
	}
}
