/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Threads of workers: started, called, joined. No signal is delivered to one of them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "runtime/process.h"
#include "server/server.h"

static void *run(void *user)
{
	struct jvpn_worker *worker = user;

	(void)jvpn_loop_run(worker->engine.loop);
	return NULL;
}

static int start_one(struct jvpn_worker *worker)
{
	char name[16];

	if (pthread_create(&worker->thread, NULL, run, worker) != 0)
		return JVPN_ENOMEM;
	worker->has_thread = true;
	snprintf(name, sizeof(name), "worker %u", (unsigned)worker->id);
	(void)pthread_setname_np(worker->thread, name);
	return 0;
}

int jvpn_workers_start(struct jvpn_server *server)
{
	sigset_t all, before;
	int rv = 0;

	sigfillset(&all);
	if (server->worker_count <= 1 || pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return JVPN_EXIT_OK;
	for (size_t i = 1; i < server->worker_count && !rv; i++)
		rv = start_one(&server->worker[i]);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rv ? jvpn_process_fail(JVPN_EXIT_ENVIRONMENT, "cannot start a thread")
		  : JVPN_EXIT_OK;
}

/* ---- calls that are waited for ---- */

struct waited {
	struct jvpn_call call; /* first */
	struct jvpn_worker *worker;
	void (*fn)(struct jvpn_worker *worker, void *user);
	void *user;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void run_waited(struct jvpn_call *call)
{
	struct waited *w = (struct waited *)call;

	w->fn(w->worker, w->user);
	pthread_mutex_lock(&w->lock);
	w->is_done = true;
	pthread_cond_signal(&w->done);
	pthread_mutex_unlock(&w->lock);
}

static void call_and_wait(struct jvpn_worker *worker,
			  void (*fn)(struct jvpn_worker *worker, void *user), void *user)
{
	struct waited w = {.call = {.fn = run_waited}, .worker = worker, .fn = fn, .user = user};

	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.done, NULL);
	jvpn_mailbox_call(worker->mailbox, &w.call);
	pthread_mutex_lock(&w.lock);
	while (!w.is_done)
		pthread_cond_wait(&w.done, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.done);
	pthread_mutex_destroy(&w.lock);
}

void jvpn_worker_run(struct jvpn_worker *worker, void (*fn)(struct jvpn_worker *worker, void *user),
		     void *user)
{
	if (worker->has_thread)
		call_and_wait(worker, fn, user);
	else
		fn(worker, user);
}

void jvpn_workers_each(struct jvpn_server *server,
		       void (*fn)(struct jvpn_worker *worker, void *user), void *user)
{
	for (size_t i = 0; i < server->worker_count; i++)
		jvpn_worker_run(&server->worker[i], fn, user);
}

static void stop(struct jvpn_worker *worker, void *user)
{
	(void)user;
	if (worker->has_thread)
		jvpn_loop_stop(worker->engine.loop, 0);
}

void jvpn_workers_join(struct jvpn_server *server)
{
	jvpn_workers_each(server, stop, NULL);
	for (size_t i = 0; i < server->worker_count; i++) {
		struct jvpn_worker *worker = &server->worker[i];

		if (!worker->has_thread)
			continue;
		pthread_join(worker->thread, NULL);
		worker->has_thread = false;
	}
	/* Calls that nobody has taken: those of the others first, they may answer the first one. */
	for (size_t i = server->worker_count; i > 0; i--)
		if (server->worker[i - 1].mailbox)
			jvpn_mailbox_open(server->worker[i - 1].mailbox);
}

/* ---- calls that nobody waits for ---- */

struct evict {
	struct jvpn_call call; /* first */
	struct jvpn_worker *worker;
	struct jvpn_id id;
};

static void run_evict(struct jvpn_call *call)
{
	struct evict *e = (struct evict *)call;

	jvpn_worker_terminate(e->worker, &e->id, JVPN_REASON_RESOURCE_EXHAUSTED);
	free(e);
}

void jvpn_worker_evict(struct jvpn_worker *worker, const struct jvpn_id *id)
{
	struct evict *e = malloc(sizeof(*e));

	if (!e) {
		jvpn_log_error(JVPN_LOG_SESSION, "an evicted session stays: %s",
			       jvpn_err_text(JVPN_ENOMEM));
		return;
	}
	*e = (struct evict){.call = {.fn = run_evict}, .worker = worker, .id = *id};
	jvpn_mailbox_call(worker->mailbox, &e->call);
}
