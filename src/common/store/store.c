/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The front of every store: limits, deadlines, figures, trace, and the completion queue that brings
 * results back to the loop's thread. Knows no backend's way of storing.
 */
#include "store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "store/store_internal.h"

#define MEMORY_RECORDS     65536
#define MEMORY_AUDIT_BYTES (1U << 20)

/* Owner: the runtime. Everything but 'done' belongs to the loop's thread. */
struct jvpn_store {
	struct jvpn_store_sink sink; /* first: the sink's address is the store's */
	struct jvpn_store_backend *backend;
	void (*on_result)(void *user, const struct jvpn_store_result *result);
	void *user;
	uint64_t timeout_ns;
	size_t queue_max;
	size_t bytes;              /* of all requests that are not freed */
	struct jvpn_list inflight; /* by deadline: the time-out is the same for all */
	struct jvpn_store_stats stats;
	int fd;
	pthread_mutex_t lock;
	struct jvpn_list done; /* under 'lock' */
};

/* Any thread. */
static void on_done(struct jvpn_store_sink *sink, struct jvpn_list *batch)
{
	struct jvpn_store *store = (struct jvpn_store *)sink;
	uint64_t one = 1;
	bool wake;

	pthread_mutex_lock(&store->lock);
	wake = jvpn_list_is_empty(&store->done) && !jvpn_list_is_empty(batch);
	jvpn_store_list_splice(&store->done, batch);
	pthread_mutex_unlock(&store->lock);
	/* Cannot fail: the counter is taken back to 0 before it is near its limit. */
	if (wake && write(store->fd, &one, sizeof(one)) != sizeof(one))
		jvpn_log_error(JVPN_LOG_STORE, "store: eventfd cannot be written");
}

static struct jvpn_store_config with_defaults(const struct jvpn_store_config *config)
{
	struct jvpn_store_config c = *config;

	c.timeout_ms = c.timeout_ms ? c.timeout_ms : JVPN_STORE_TIMEOUT_MS;
	c.queue_max = c.queue_max ? c.queue_max : JVPN_STORE_QUEUE_MAX;
	c.group_max = c.group_max ? c.group_max : JVPN_STORE_GROUP_MAX;
	c.reserve_bytes = c.reserve_bytes ? c.reserve_bytes : JVPN_STORE_RESERVE_BYTES;
	c.memory_records = c.memory_records ? c.memory_records : MEMORY_RECORDS;
	c.memory_audit_bytes = c.memory_audit_bytes ? c.memory_audit_bytes : MEMORY_AUDIT_BYTES;
	return c;
}

static int open_backend(struct jvpn_store *store, const struct jvpn_store_config *config,
			char *error)
{
	struct jvpn_store_sink *sink = &store->sink;
	int err = JVPN_EINVAL;

	if (config->fault)
		sink = jvpn_store_fault_sink(config->fault, sink);
	switch (config->backend) {
	case JVPN_STORE_BACKEND_MEMORY:
		err = jvpn_store_mem_open(config, sink, &store->backend);
		break;
	case JVPN_STORE_BACKEND_SQLITE:
		err = jvpn_store_sqlite_open(config, sink, &store->backend, error);
		break;
	case JVPN_STORE_BACKEND_NONE:
	case JVPN_STORE_BACKEND_COUNT:
		break;
	}
	if (err == 0 && config->fault)
		store->backend = jvpn_store_fault_wrap(config->fault, store->backend);
	return err;
}

int jvpn_store_open(const struct jvpn_store_config *config, struct jvpn_store **out, char *error,
		    size_t error_size)
{
	const struct jvpn_store_config c = with_defaults(config);
	char text[JVPN_STORE_ERROR_MAX] = "";
	struct jvpn_store *store;
	int err = JVPN_ENOMEM;

	store = calloc(1, sizeof(*store));
	if (!store)
		goto out;
	store->sink.done = on_done;
	store->on_result = c.on_result;
	store->user = c.user;
	store->timeout_ns = jvpn_ms_to_ns(c.timeout_ms);
	store->queue_max = c.queue_max;
	jvpn_list_init(&store->inflight);
	jvpn_list_init(&store->done);
	pthread_mutex_init(&store->lock, NULL);
	store->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = store->fd < 0 ? JVPN_EIO : open_backend(store, &c, text);
	if (err == 0) {
		*out = store;
		return 0;
	}
	if (store->fd >= 0)
		close(store->fd);
	pthread_mutex_destroy(&store->lock);
	free(store);
out:
	if (error && error_size != 0)
		snprintf(error, error_size, "%s", text[0] ? text : jvpn_err_text(err));
	return err;
}

void jvpn_store_close(struct jvpn_store *store)
{
	if (!store)
		return;
	store->backend->ops->close(store->backend);
	jvpn_store_request_free_all(&store->done);
	close(store->fd);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

bool jvpn_store_is_durable(const struct jvpn_store *store)
{
	return store->backend->ops->durable;
}

int jvpn_store_load(struct jvpn_store *store,
		    int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		    char *error)
{
	return store->backend->ops->load(store->backend, each, user, error);
}

int jvpn_store_alive(struct jvpn_store *store, struct jvpn_stamp *stamp)
{
	return store->backend->ops->alive(store->backend, stamp);
}

int jvpn_store_audit(struct jvpn_store *store, uint64_t after, jvpn_store_audit_each *each,
		     void *user, char *error)
{
	return store->backend->ops->audit(store->backend, after, each, user, error);
}

int jvpn_store_audit_file(const char *path, uint64_t after, jvpn_store_audit_each *each, void *user,
			  char *error)
{
	return jvpn_store_sqlite_audit_file(path, after, each, user, error);
}

static bool is_full(const struct jvpn_store *store)
{
	return store->stats.pending + store->stats.orphaned >= store->queue_max ||
	       store->bytes >= JVPN_STORE_QUEUE_BYTES;
}

int jvpn_store_submit(struct jvpn_store *store, const struct jvpn_store_op *op, uint64_t now_ns)
{
	struct jvpn_store_request *request;
	int err;

	if (is_full(store)) {
		store->stats.refused++;
		return JVPN_EFULL;
	}
	err = jvpn_store_request_new(op, &request);
	if (err)
		return err;
	request->submitted_ns = now_ns;
	request->deadline_ns = jvpn_time_add(now_ns, store->timeout_ns);
	err = store->backend->ops->submit(store->backend, request);
	if (err) {
		store->stats.refused++;
		jvpn_store_request_free(request);
		return err;
	}
	/* The backend may have it done already; only dispatch frees it. */
	jvpn_list_push_back(&store->inflight, &request->inflight);
	store->bytes += request->bytes;
	store->stats.submitted++;
	store->stats.pending++;
	return 0;
}

static void count(struct jvpn_store_stats *stats, const struct jvpn_store_result *result)
{
	uint64_t *const of[JVPN_STORE_COUNT] = {
		[JVPN_STORE_OK] = &stats->ok,
		[JVPN_STORE_CONFLICT] = &stats->conflict,
		[JVPN_STORE_NOT_OWNER] = &stats->conflict,
		[JVPN_STORE_FAILED] = &stats->failed,
		[JVPN_STORE_TIMEOUT] = &stats->timeout,
		[JVPN_STORE_FOUND] = &stats->found,
		[JVPN_STORE_NOT_FOUND] = &stats->not_found,
	};

	if (of[result->status])
		(*of[result->status])++;
	jvpn_delays_observe(&stats->latency, result->latency_ns);
	if (result->latency_ns > stats->latency_max_ns)
		stats->latency_max_ns = result->latency_ns;
}

static void trace(const struct jvpn_store_result *result)
{
	char id[JVPN_ID_HEX_LEN + 1];

	if (jvpn_log_get_level() < JVPN_LOG_DEBUG)
		return;
	jvpn_id_format(&result->id, id);
	jvpn_log_debug(
		JVPN_LOG_STORE, "store: %s session=%s to_version=%llu %s version=%llu us=%llu",
		jvpn_store_kind_name(result->kind), id, (unsigned long long)result->to_version,
		jvpn_store_status_name(result->status), (unsigned long long)result->version,
		(unsigned long long)(result->latency_ns / JVPN_NS_PER_US));
}

/* 'from' may be a copy: a backend that is not finished writes its result into the request. */
static void deliver(struct jvpn_store *store, struct jvpn_store_request *request,
		    const struct jvpn_store_result *from, uint64_t now_ns)
{
	struct jvpn_store_result result = *from;

	jvpn_list_remove(&request->inflight);
	store->stats.pending--;
	result.latency_ns = jvpn_time_since(now_ns, request->submitted_ns);
	count(&store->stats, &result);
	trace(&result);
	if (store->on_result)
		store->on_result(store->user, &result);
}

static void discard(struct jvpn_store *store, struct jvpn_store_request *request)
{
	store->bytes -= request->bytes;
	jvpn_store_request_free(request);
}

static void finish(struct jvpn_store *store, struct jvpn_store_request *request, uint64_t now_ns)
{
	if (request->expired) {
		store->stats.orphaned--;
		store->stats.late++;
	} else {
		deliver(store, request, &request->result, now_ns);
	}
	discard(store, request);
}

/* What was not begun is certain (but a re-read that was not made says nothing); else unknown. */
static void expire(struct jvpn_store *store, struct jvpn_store_request *request, uint64_t now_ns)
{
	const struct jvpn_store_op *op = &request->op;
	bool cancelled = store->backend->ops->cancel(store->backend, request);
	struct jvpn_store_result result = {
		.kind = op->kind,
		.status = JVPN_STORE_TIMEOUT,
		.tag = op->tag,
		.id = op->id,
		.nonce = op->nonce,
		.to_version = op->to_version,
	};

	if (cancelled && op->kind != JVPN_STORE_OP_REREAD)
		result.status = JVPN_STORE_FAILED;
	request->expired = true;
	store->stats.orphaned += cancelled ? 0 : 1;
	deliver(store, request, &result, now_ns);
	if (cancelled)
		discard(store, request);
}

void jvpn_store_dispatch(struct jvpn_store *store, uint64_t now_ns)
{
	struct jvpn_list batch;
	uint64_t value;

	jvpn_list_init(&batch);
	if (read(store->fd, &value, sizeof(value)) < 0)
		value = 0; /* nothing is there: only deadlines are due */
	pthread_mutex_lock(&store->lock);
	jvpn_store_list_splice(&batch, &store->done);
	pthread_mutex_unlock(&store->lock);
	while (!jvpn_list_is_empty(&batch)) {
		struct jvpn_list *first = batch.next;

		jvpn_list_remove(first);
		finish(store, jvpn_list_owner(first, struct jvpn_store_request, link), now_ns);
	}
	while (jvpn_store_next_deadline(store) <= now_ns)
		expire(store,
		       jvpn_list_owner(store->inflight.next, struct jvpn_store_request, inflight),
		       now_ns);
}

uint64_t jvpn_store_next_deadline(const struct jvpn_store *store)
{
	if (jvpn_list_is_empty(&store->inflight))
		return JVPN_TIME_NEVER;
	return jvpn_list_owner(store->inflight.next, struct jvpn_store_request, inflight)
		->deadline_ns;
}

int jvpn_store_fd(const struct jvpn_store *store)
{
	return store->fd;
}

size_t jvpn_store_pending(const struct jvpn_store *store)
{
	return store->stats.pending;
}

void jvpn_store_get_stats(struct jvpn_store *store, struct jvpn_store_stats *stats)
{
	*stats = store->stats;
	store->backend->ops->stats(store->backend, stats);
}

enum jvpn_store_health jvpn_store_health(struct jvpn_store *store, char *text)
{
	return store->backend->ops->health(store->backend, text);
}
