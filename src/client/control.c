/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's control commands (docs/control.md). They read the session, or put an event to the core
 * like everybody else: nothing here sets a state.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "client/client.h"
#include "runtime/clock.h"
#include "runtime/describe.h"
#include "runtime/process.h"

/* A switch that was asked for is over by then, one way or the other. */
#define SWITCH_PATIENCE_NS (20 * JVPN_NS_PER_S)

static struct jvpn_live *session_of(const struct jvpn_client *client)
{
	return client->live && client->live->core.state != JVPN_STATE_BIRTH ? client->live : NULL;
}

/* The session, if it is the one that is meant; else the answer is given. */
static struct jvpn_live *find(const struct jvpn_client *client, struct jvpn_ctl_client *c,
			      const struct jvpn_ctl_request *request)
{
	struct jvpn_live *live = session_of(client);

	if (live && (!request->has_session || jvpn_id_equal(&request->session, &live->core.id)))
		return live;
	jvpn_ctl_fail(c, "not_found", live ? "it is another session" : "there is no session");
	return NULL;
}

static void put_session(struct jvpn_json *j, const struct jvpn_live *live)
{
	if (live) {
		jvpn_json_open(j, "session", '{');
		jvpn_describe_session(j, live);
		jvpn_json_close(j, '}');
		jvpn_describe_transports(j, "transports", live);
	} else {
		jvpn_json_null(j, "session");
	}
}

static enum jvpn_ctl_progress on_status(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	const struct jvpn_client *client = user;
	struct jvpn_json *j = jvpn_ctl_begin(c, "result");

	(void)task;
	jvpn_operator_describe(&client->operator, j);
	jvpn_json_text(j, "device", client->options->config.tun_name);
	put_session(j, session_of(client));
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_session(void *user, struct jvpn_ctl_client *c,
					 struct jvpn_ctl_task *task)
{
	const struct jvpn_live *live = find(user, c, &task->request);

	if (!live)
		return JVPN_CTL_DONE;
	put_session(jvpn_ctl_begin(c, "result"), live);
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress end_list(struct jvpn_ctl_client *c, uint64_t count)
{
	jvpn_json_uint(jvpn_ctl_begin(c, "end"), "count", count);
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_sessions(void *user, struct jvpn_ctl_client *c,
					  struct jvpn_ctl_task *task)
{
	const struct jvpn_live *live = session_of(user);

	(void)task;
	if (live) {
		jvpn_describe_session(jvpn_ctl_begin(c, "item"), live);
		jvpn_ctl_end(c);
	}
	return end_list(c, live ? 1 : 0);
}

static enum jvpn_ctl_progress on_transports(void *user, struct jvpn_ctl_client *c,
					    struct jvpn_ctl_task *task)
{
	const struct jvpn_client *client = user;
	const struct jvpn_live *live = session_of(client);
	uint64_t count = 0;

	if (task->request.has_session)
		live = find(client, c, &task->request);
	if (!live && task->request.has_session)
		return JVPN_CTL_DONE;
	for (uint8_t i = 0; live && i < JVPN_SLOTS; i++) {
		if (!live->core.slot[i].used)
			continue;
		jvpn_describe_transport(jvpn_ctl_begin(c, "item"), live, i);
		jvpn_ctl_end(c);
		count++;
	}
	return end_list(c, count);
}

/* ---- acting ---- */

/* A living transport by its id or its label. */
static uint8_t find_slot(const struct jvpn_live *live, const char *name)
{
	for (uint8_t i = 0; i < JVPN_SLOTS; i++) {
		const struct jvpn_slot *p = &live->core.slot[i];
		char id[JVPN_TRANSPORT_ID_MAX + 1];

		jvpn_session_transport_id(&live->core, i, id);
		if (p->used && p->ready && p->alive &&
		    (strcmp(id, name) == 0 || strcmp(p->label, name) == 0))
			return i;
	}
	return JVPN_SLOT_NONE;
}

static bool may_switch(const struct jvpn_live *live, struct jvpn_ctl_client *c, const char *to,
		       uint8_t slot)
{
	if (live->core.state != JVPN_STATE_ATTACHED)
		jvpn_ctl_fail(c, "not_possible",
			      "the session is %s: it looks for a transport by itself",
			      jvpn_state_name(live->core.state));
	else if (to[0] && slot == JVPN_SLOT_NONE)
		jvpn_ctl_fail(c, "not_found", "no living transport is called %s; see transports",
			      to);
	else if (to[0] && slot == live->core.bound)
		jvpn_ctl_fail(c, "not_possible", "%s is the binding already", to);
	else
		return true;
	return false;
}

static enum jvpn_ctl_progress on_switch(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	const struct jvpn_client *client = user;
	struct jvpn_live *live = find(client, c, &task->request);
	struct jvpn_event event = {.type = JVPN_EVENT_HANDOVER, .slot = JVPN_SLOT_NONE};
	char who[JVPN_CTL_WHO_MAX + 1];

	if (!live)
		return JVPN_CTL_DONE;
	if (task->request.to[0])
		event.slot = find_slot(live, task->request.to);
	if (!may_switch(live, c, task->request.to, event.slot))
		return JVPN_CTL_DONE;
	jvpn_session_transport_id(&live->core, live->core.bound, task->text);
	task->request.session = live->core.id;
	jvpn_ctl_who(c, who);
	live->denied = JVPN_REASON_NONE;
	if (jvpn_driver_operate(live, &event, who)) {
		if (live->denied != JVPN_REASON_NONE)
			jvpn_ctl_fail(c, "refused", "%s", jvpn_reason_name(live->denied));
		else if (task->request.to[0])
			jvpn_ctl_fail(c, "not_possible", "nothing moves in state %s: ask again",
				      jvpn_state_name(live->core.state));
		else
			jvpn_ctl_fail(c, "not_possible",
				      "no transport is better than the binding: name one");
		return JVPN_CTL_DONE;
	}
	task->wake_ns = client->engine.driver->now_ns + SWITCH_PATIENCE_NS;
	return JVPN_CTL_WAIT;
}

static enum jvpn_ctl_progress tell_switch(const struct jvpn_live *live, struct jvpn_ctl_client *c,
					  const char *from)
{
	char to[JVPN_TRANSPORT_ID_MAX + 1], message[96];
	struct jvpn_json *j;

	jvpn_session_transport_id(&live->core, live->core.bound, to);
	if (strcmp(from, to) == 0) {
		jvpn_ctl_fail(c, "refused", "still on %s: %s", from,
			      live->denied == JVPN_REASON_NONE ? "no answer"
							       : jvpn_reason_name(live->denied));
		return JVPN_CTL_DONE;
	}
	snprintf(message, sizeof(message), "moved from %s to %s", from, to);
	j = jvpn_ctl_begin(c, "result");
	jvpn_json_text(j, "from", from);
	jvpn_json_text(j, "to", to);
	jvpn_json_text(j, "message", message);
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

/* Asked in each turn until it is settled. */
static enum jvpn_ctl_progress more_switch(void *user, struct jvpn_ctl_client *c,
					  struct jvpn_ctl_task *task)
{
	const struct jvpn_client *client = user;
	const struct jvpn_live *live = session_of(client);

	if (!live || !jvpn_id_equal(&live->core.id, &task->request.session)) {
		jvpn_ctl_fail(c, "refused", "the session ended meanwhile");
		return JVPN_CTL_DONE;
	}
	if (live->core.state == JVPN_STATE_ATTACHED)
		return tell_switch(live, c, task->text);
	if (client->engine.driver->now_ns < task->wake_ns)
		return JVPN_CTL_WAIT;
	jvpn_ctl_fail(c, "refused", "the session is %s: %s", jvpn_state_name(live->core.state),
		      jvpn_reason_name(live->reason));
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_terminate(void *user, struct jvpn_ctl_client *c,
					   struct jvpn_ctl_task *task)
{
	struct jvpn_live *live = find(user, c, &task->request);
	struct jvpn_event event = {.type = JVPN_EVENT_TERMINATE, .slot = JVPN_SLOT_NONE};
	char who[JVPN_CTL_WHO_MAX + 1];

	if (!live)
		return JVPN_CTL_DONE;
	event.u.reason = task->request.reason != JVPN_REASON_NONE ? task->request.reason
								  : JVPN_REASON_OPERATOR_TERMINATED;
	jvpn_ctl_who(c, who);
	(void)jvpn_driver_operate(live, &event, who);
	jvpn_json_text(jvpn_ctl_begin(c, "result"), "message", "the session is ended");
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static int reload(void *user, const char *who, struct jvpn_report *report)
{
	return jvpn_client_reload(user, who, report);
}

static enum jvpn_ctl_progress on_reload(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	const struct jvpn_client *client = user;

	(void)task;
	return jvpn_operator_reload(&client->operator, c, reload, user);
}

static const struct jvpn_operator_command commands[JVPN_CTL_COUNT] = {
	[JVPN_CTL_STATUS] = {on_status, NULL},        [JVPN_CTL_SESSIONS] = {on_sessions, NULL},
	[JVPN_CTL_SESSION] = {on_session, NULL},      [JVPN_CTL_TRANSPORTS] = {on_transports, NULL},
	[JVPN_CTL_SWITCH] = {on_switch, more_switch}, [JVPN_CTL_TERMINATE] = {on_terminate, NULL},
	[JVPN_CTL_RELOAD] = {on_reload, NULL},
};

int jvpn_client_reload(struct jvpn_client *client, const char *who, struct jvpn_report *report)
{
	struct jvpn_policy policy;
	int rv;

	jvpn_notify_reloading(&client->notify, jvpn_clock_mono_ns());
	rv = jvpn_client_options_reload_policy(client->options, &policy, report);
	jvpn_process_reloaded(&client->engine, who, rv, &policy, report);
	jvpn_notify_ready(&client->notify);
	return rv;
}

int jvpn_client_control_open(struct jvpn_client *client, char *error, size_t error_size)
{
	struct jvpn_operator_config config = {.control = &client->options->config.control,
					      .config_path = client->options->config_path,
					      .policy_path = client->options->policy_path,
					      .commands = commands,
					      .user = client};

	return jvpn_operator_open(&client->operator, & client->engine, &config, error, error_size);
}
