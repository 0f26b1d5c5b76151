/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Control commands of the server, on the first worker's thread: asks the workers one after the other and
 * passes on what they answer. Looks into no session itself.
 */
#include "server/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "config/report.h"
#include "runtime/operator.h"
#include "server/server.h"

/* A switch that was asked for is settled by then, and looked at so often. */
#define SWITCH_PATIENCE_NS (20 * JVPN_NS_PER_S)
#define SWITCH_LOOK_NS     (20 * JVPN_NS_PER_MS)

static struct jvpn_control_job *job_of(const struct jvpn_ctl_task *task)
{
	return task->state;
}

/* The command goes on with its "more" as soon as there is a job. */
static enum jvpn_ctl_progress begin(struct jvpn_ctl_client *c, struct jvpn_ctl_task *task,
				    enum jvpn_control_job_kind kind)
{
	struct jvpn_control_job *job = calloc(1, sizeof(*job));

	if (!job) {
		jvpn_ctl_fail(c, "internal", "no memory");
		return JVPN_CTL_DONE;
	}
	job->kind = kind;
	job->request = task->request;
	jvpn_ctl_who(c, job->who);
	task->state = job;
	return JVPN_CTL_MORE;
}

static void end_task(void *user, struct jvpn_ctl_task *task)
{
	struct jvpn_control_job *job = task->state;

	(void)user;
	task->state = NULL;
	if (job->running)
		job->orphan = true;
	else
		free(job);
}

/* ---- there and back ---- */

static void come_back(struct jvpn_call *call)
{
	struct jvpn_control_job *job = (struct jvpn_control_job *)call;

	job->running = false;
	if (job->orphan)
		free(job);
}

static void run_there(struct jvpn_call *call)
{
	struct jvpn_control_job *job = (struct jvpn_control_job *)call;
	struct jvpn_worker *first = &job->worker->server->worker[0];

	jvpn_control_job_run(job->worker, job);
	job->call.fn = come_back;
	jvpn_mailbox_call(first->mailbox, &job->call);
}

/* Nobody waits for a worker: what it answers wakes the first one's loop. */
static void send_job(struct jvpn_worker *worker, struct jvpn_control_job *job)
{
	job->asked = true;
	job->worker = worker;
	if (!worker->has_thread) {
		jvpn_control_job_run(worker, job);
		return;
	}
	job->running = true;
	job->call.fn = run_there;
	jvpn_mailbox_call(worker->mailbox, &job->call);
}

/* Asks the worker that is next, if it was not asked; task->cursor counts them. True: it has answered. */
static bool has_answered(const struct jvpn_server *server, struct jvpn_ctl_task *task)
{
	struct jvpn_control_job *job = job_of(task);

	if (!job->asked)
		send_job(&server->worker[task->cursor], job);
	return !job->running;
}

/* False: all were asked. */
static bool next_worker(const struct jvpn_server *server, struct jvpn_ctl_task *task)
{
	struct jvpn_control_job *job = job_of(task);

	if (task->cursor + 1 == server->worker_count)
		return false;
	task->cursor++;
	job->cursor = 0;
	job->over = job->asked = false;
	return true;
}

/* ---- lists ---- */

/* The next of the items that the job has brought. */
static bool put_item(struct jvpn_ctl_client *c, struct jvpn_ctl_task *task, const char *name)
{
	struct jvpn_control_job *job = job_of(task);
	const char *begin = job->out + job->at, *end;

	if (job->at == job->len)
		return false;
	end = memchr(begin, '\n', job->len - job->at);
	jvpn_ctl_answer_raw(c, name, begin, (size_t)(end - begin));
	job->at += (size_t)(end - begin) + 1;
	task->count++;
	return true;
}

static enum jvpn_ctl_progress end_list(struct jvpn_ctl_client *c, const struct jvpn_ctl_task *task)
{
	if (task->request.has_session && !job_of(task)->found) {
		jvpn_ctl_fail(c, "not_found", "no such session");
		return JVPN_CTL_DONE;
	}
	jvpn_json_uint(jvpn_ctl_begin(c, "end"), "count", task->count);
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress more_list(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	const struct jvpn_server *server = user;
	struct jvpn_control_job *job = job_of(task);

	if (!has_answered(server, task))
		return JVPN_CTL_WAIT;
	if (put_item(c, task, "item"))
		return JVPN_CTL_MORE;
	if (job->over && (job->found || !next_worker(server, task)))
		return end_list(c, task);
	job->items = job->at = job->len = 0;
	job->asked = false;
	return JVPN_CTL_MORE;
}

static enum jvpn_ctl_progress on_sessions(void *user, struct jvpn_ctl_client *c,
					  struct jvpn_ctl_task *task)
{
	(void)user;
	return begin(c, task, JVPN_CONTROL_JOB_SESSIONS);
}

static enum jvpn_ctl_progress on_transports(void *user, struct jvpn_ctl_client *c,
					    struct jvpn_ctl_task *task)
{
	(void)user;
	return begin(c, task, JVPN_CONTROL_JOB_TRANSPORTS);
}

/* ---- one session ---- */

/* The error of the job, its message, or nothing yet. */
static bool put_outcome(struct jvpn_ctl_client *c, const struct jvpn_control_job *job)
{
	if (job->error.code) {
		jvpn_ctl_fail(c, job->error.code, "%s", job->error.message);
		return true;
	}
	if (!job->message[0])
		return false;
	jvpn_json_text(jvpn_ctl_begin(c, "result"), "message", job->message);
	jvpn_ctl_end(c);
	return true;
}

static uint64_t now_of(const struct jvpn_server *server)
{
	return server->worker[0].engine.driver->now_ns;
}

/* The client was asked; what comes of it is looked at every now and then. */
static enum jvpn_ctl_progress watch_switch(const struct jvpn_server *server,
					   struct jvpn_ctl_task *task)
{
	job_of(task)->kind = JVPN_CONTROL_JOB_OUTCOME;
	job_of(task)->asked = false;
	task->deadline_ns = now_of(server) + SWITCH_PATIENCE_NS;
	task->wake_ns = now_of(server) + SWITCH_LOOK_NS;
	return JVPN_CTL_WAIT;
}

/* The worker that has the session has answered. */
static enum jvpn_ctl_progress answer_one(const struct jvpn_server *server,
					 struct jvpn_ctl_client *c, struct jvpn_ctl_task *task)
{
	const struct jvpn_control_job *job = job_of(task);

	if (job->kind == JVPN_CONTROL_JOB_SESSION) {
		(void)put_item(c, task, "result");
		return JVPN_CTL_DONE;
	}
	if (put_outcome(c, job))
		return JVPN_CTL_DONE;
	return watch_switch(server, task);
}

/* One worker after the other, until one has the session. */
static enum jvpn_ctl_progress more_one(void *user, struct jvpn_ctl_client *c,
				       struct jvpn_ctl_task *task)
{
	const struct jvpn_server *server = user;

	if (!has_answered(server, task))
		return JVPN_CTL_WAIT;
	if (job_of(task)->found)
		return answer_one(server, c, task);
	if (next_worker(server, task))
		return JVPN_CTL_MORE;
	jvpn_ctl_fail(c, "not_found", "no such session");
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_session(void *user, struct jvpn_ctl_client *c,
					 struct jvpn_ctl_task *task)
{
	(void)user;
	return begin(c, task, JVPN_CONTROL_JOB_SESSION);
}

static enum jvpn_ctl_progress on_terminate(void *user, struct jvpn_ctl_client *c,
					   struct jvpn_ctl_task *task)
{
	(void)user;
	return begin(c, task, JVPN_CONTROL_JOB_TERMINATE);
}

static enum jvpn_ctl_progress on_switch(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	(void)user;
	if (task->request.has_session)
		return begin(c, task, JVPN_CONTROL_JOB_SWITCH);
	jvpn_ctl_fail(c, "missing_key", "switch needs session");
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress more_switch(void *user, struct jvpn_ctl_client *c,
					  struct jvpn_ctl_task *task)
{
	const struct jvpn_server *server = user;
	struct jvpn_control_job *job = job_of(task);

	if (job->kind == JVPN_CONTROL_JOB_SWITCH)
		return more_one(user, c, task);
	if (!job->asked && now_of(server) < task->wake_ns)
		return JVPN_CTL_WAIT;
	task->wake_ns = 0; /* the answer wakes us */
	if (!has_answered(server, task))
		return JVPN_CTL_WAIT;
	if (!job->over && now_of(server) < task->deadline_ns) {
		job->asked = false;
		task->wake_ns = now_of(server) + SWITCH_LOOK_NS;
		return JVPN_CTL_WAIT;
	}
	if (!put_outcome(c, job))
		jvpn_ctl_fail(c, "refused", "%s",
			      job->found ? "the client has not moved within 20 s"
					 : "the session ended meanwhile");
	return JVPN_CTL_DONE;
}

/* ---- the node ---- */

static void put_states(struct jvpn_json *j, const size_t *states)
{
	jvpn_json_open(j, "states", '{');
	for (int i = JVPN_STATE_NONE + 1; i < JVPN_STATE_COUNT; i++)
		jvpn_json_uint(j, jvpn_state_name((enum jvpn_state)i), states[i]);
	jvpn_json_close(j, '}');
}

static void put_queues(struct jvpn_json *j, const struct jvpn_meter *f)
{
	jvpn_json_open(j, "queue", '{');
	jvpn_json_uint(j, "bytes", f->queue_bytes);
	jvpn_json_uint(j, "dropped_full", f->queues.dropped_full);
	jvpn_json_uint(j, "dropped_stale", f->queues.dropped_stale);
	jvpn_json_uint(j, "dropped_codel", f->queues.dropped_codel);
	jvpn_json_uint(j, "dropped_other", f->queues.dropped_other);
	jvpn_json_uint(j, "marked", f->queues.marked);
	jvpn_json_close(j, '}');
}

static void put_handed(struct jvpn_json *j, const struct jvpn_meter *f)
{
	jvpn_json_open(j, "handed", '{');
	jvpn_json_uint(j, "datagrams", f->handed_datagrams);
	jvpn_json_uint(j, "packets", f->handed_packets);
	jvpn_json_uint(j, "dropped", f->handed_dropped);
	jvpn_json_close(j, '}');
}

static enum jvpn_ctl_progress on_status(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	(void)user;
	return begin(c, task, JVPN_CONTROL_JOB_COUNT);
}

static enum jvpn_ctl_progress more_status(void *user, struct jvpn_ctl_client *c,
					  struct jvpn_ctl_task *task)
{
	struct jvpn_server *server = user;
	const struct jvpn_server_config *config = &server->options->config;
	const struct jvpn_control_job *job = job_of(task);
	struct jvpn_json *j;

	if (!has_answered(server, task))
		return JVPN_CTL_WAIT;
	if (next_worker(server, task))
		return JVPN_CTL_MORE;
	j = jvpn_ctl_begin(c, "result");
	jvpn_operator_describe(&server->operator, j);
	jvpn_json_text(j, "node_id", config->node_id);
	jvpn_json_text(j, "device", config->tun_name);
	jvpn_json_uint(j, "sessions", jvpn_server_session_count(server));
	jvpn_json_uint(j, "capacity", server->capacity);
	put_states(j, job->figures.states);
	jvpn_json_uint(j, "connections", job->figures.quic.connections);
	jvpn_json_uint(j, "half_open", job->figures.quic.half_open);
	put_queues(j, &job->figures);
	jvpn_json_uint(j, "workers", server->worker_count);
	put_handed(j, &job->figures);
	jvpn_json_text(j, "store", server->persist ? config->store_path : "memory");
	jvpn_json_bool(j, "draining", server->draining || server->stopping);
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static enum jvpn_ctl_progress on_drain(void *user, struct jvpn_ctl_client *c,
				       struct jvpn_ctl_task *task)
{
	struct jvpn_server *server = user;
	char who[JVPN_CTL_WHO_MAX + 1];
	bool first = !server->draining;

	(void)task;
	jvpn_ctl_who(c, who);
	if (first)
		jvpn_server_drain(server, who);
	jvpn_json_text(jvpn_ctl_begin(c, "result"), "message",
		       !first ? "draining already"
		       : server->persist
			       ? "draining: the sessions wait in the store for the next start"
			       : "draining: the sessions are ended, there is no durable "
				 "store");
	jvpn_ctl_end(c);
	return JVPN_CTL_DONE;
}

static int reload(void *user, const char *who, struct jvpn_report *report)
{
	return jvpn_server_reload(user, who, report);
}

static enum jvpn_ctl_progress on_reload(void *user, struct jvpn_ctl_client *c,
					struct jvpn_ctl_task *task)
{
	const struct jvpn_server *server = user;

	(void)task;
	return jvpn_operator_reload(&server->operator, c, reload, user);
}

static const struct jvpn_operator_command commands[JVPN_CTL_COUNT] = {
	[JVPN_CTL_STATUS] = {on_status, more_status},
	[JVPN_CTL_SESSIONS] = {on_sessions, more_list},
	[JVPN_CTL_SESSION] = {on_session, more_one},
	[JVPN_CTL_TRANSPORTS] = {on_transports, more_list},
	[JVPN_CTL_SWITCH] = {on_switch, more_switch},
	[JVPN_CTL_TERMINATE] = {on_terminate, more_one},
	[JVPN_CTL_DRAIN] = {on_drain, NULL},
	[JVPN_CTL_RELOAD] = {on_reload, NULL},
};

int jvpn_server_control_open(struct jvpn_server *server, char *error, size_t error_size)
{
	struct jvpn_operator_config config = {.control = &server->options->config.control,
					      .server = true,
					      .config_path = server->options->config_path,
					      .policy_path = server->options->policy_path,
					      .commands = commands,
					      .end = end_task,
					      .user = server};

	return jvpn_operator_open(&server->operator, & server->worker[0].engine, &config, error,
				  error_size);
}
