/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The durable store: one SQLite file in WAL mode with synchronous=FULL, one writer thread, group
 * commit (docs/internals/store.md). An answer is given only after the commit that it is about is on
 * the disk. Must not be slow on the caller's thread: submit takes a lock that is never held over I/O.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "store/store_sqlite_internal.h"

#define CHECKPOINT_IDLE_MS    50
#define CHECKPOINT_IDLE_PAGES 256  /* 1 MiB: when nobody waits */
#define CHECKPOINT_BUSY_PAGES 8192 /* 32 MiB: although somebody waits */

struct sqlite_store {
	struct jvpn_store_backend base; /* first */
	struct jvpn_sqlite_file file;
	uint64_t (*clock_ns)(void);
	size_t group_max;
	uint64_t reserve_bytes;
	pthread_t thread;
	bool has_thread;
	int wake_fd;

	/* under 'lock' */
	pthread_mutex_t lock;
	struct jvpn_list queue;
	bool sleeping, stop;
	uint64_t commits, committed_ops, checkpoints, audit_bytes;
	enum jvpn_store_health health;
	char health_text[JVPN_STORE_ERROR_MAX];

	/* the writer's */
	struct jvpn_sqlite_exec exec;
	sqlite3 *db;
	int wal_pages;        /* in the WAL since it began anew */
	int checkpoint_pages; /* in the WAL at the last checkpoint */
	bool fence;           /* an outcome is unknown: see commit_failed() */
	bool broken;
};

static void set_health(struct sqlite_store *s, enum jvpn_store_health health, const char *text)
{
	pthread_mutex_lock(&s->lock);
	s->health = health;
	snprintf(s->health_text, sizeof(s->health_text), "%s", text);
	pthread_mutex_unlock(&s->lock);
}

static bool has_reserve(const struct sqlite_store *s)
{
	return jvpn_sqlite_free_bytes(s->file.path) >= s->reserve_bytes;
}

/* What went wrong, by where the disk stands: SQLite reports some lack of room as an I/O error. */
static void note_failure(struct sqlite_store *s, int rc)
{
	char text[JVPN_STORE_ERROR_MAX];
	bool full = (rc & 0xff) == SQLITE_FULL || jvpn_sqlite_free_bytes(s->file.path) < 65536;
	int err = jvpn_sqlite_error(s->db, s->file.path, full ? SQLITE_FULL : rc, text);

	if (full) {
		set_health(s, JVPN_STORE_HEALTH_FULL, text);
	} else if (err == JVPN_EMALFORMED) {
		s->broken = true;
		set_health(s, JVPN_STORE_HEALTH_BROKEN, text);
	} else {
		set_health(s, JVPN_STORE_HEALTH_FAILING, text);
	}
}

/* --- one group --- */

struct group {
	struct jvpn_list member; /* executed or refused, in order */
	size_t count;
	uint64_t until_ns;
	int reserve; /* is there room for new sessions: -1 not asked yet */
};

static struct jvpn_store_request *take(struct sqlite_store *s)
{
	struct jvpn_store_request *request = NULL;

	pthread_mutex_lock(&s->lock);
	if (!jvpn_list_is_empty(&s->queue)) {
		request = jvpn_list_owner(s->queue.next, struct jvpn_store_request, link);
		jvpn_list_remove(&request->link);
	}
	pthread_mutex_unlock(&s->lock);
	return request;
}

/* New sessions are the first that a filling disk refuses. */
static bool is_refused(struct sqlite_store *s, struct group *g,
		       const struct jvpn_store_request *request)
{
	char text[JVPN_STORE_ERROR_MAX];

	if (!jvpn_store_op_is_insert(&request->op))
		return false;
	if (g->reserve < 0) {
		g->reserve = has_reserve(s);
		if (!g->reserve) {
			jvpn_sqlite_error(NULL, s->file.path, SQLITE_FULL, text);
			set_health(s, JVPN_STORE_HEALTH_FULL, text);
		}
	}
	return g->reserve == 0;
}

static int execute(struct sqlite_store *s, struct group *g, struct jvpn_store_request *request)
{
	if (is_refused(s, g, request)) {
		request->result.status = JVPN_STORE_FAILED;
		return SQLITE_OK;
	}
	return jvpn_sqlite_execute(&s->exec, request);
}

static bool group_is_full(const struct sqlite_store *s, const struct group *g)
{
	if (g->count >= s->group_max)
		return true;
	return s->clock_ns && g->count != 0 && s->clock_ns() >= g->until_ns;
}

/* Begins, and takes what is there and what still comes while it works: up to the limits, never
 * waiting. */
static int gather(struct sqlite_store *s, struct group *g)
{
	struct jvpn_store_request *request;
	int rc = jvpn_sqlite_begin(&s->exec);

	g->until_ns = s->clock_ns ? s->clock_ns() + JVPN_STORE_GROUP_NS : 0;
	while (!group_is_full(s, g) && (request = take(s))) {
		jvpn_list_push_back(&g->member, &request->link);
		g->count++;
		if (rc == SQLITE_OK)
			rc = execute(s, g, request);
		if (rc != SQLITE_OK)
			break;
	}
	return rc;
}

static void commit_succeeded(struct sqlite_store *s, const struct group *g)
{
	bool well;

	s->fence = false;
	pthread_mutex_lock(&s->lock);
	s->commits++;
	s->committed_ops += g->count;
	s->audit_bytes = s->exec.audit_bytes;
	well = s->health == JVPN_STORE_HEALTH_OK;
	pthread_mutex_unlock(&s->lock);
	if (!well && has_reserve(s))
		set_health(s, JVPN_STORE_HEALTH_OK, "");
}

/* Every member gets 'status'; a re-read that could not be made is answered with "unknown". */
static void answer_all(struct group *g, enum jvpn_store_status status)
{
	jvpn_list_each(pos, &g->member)
	{
		struct jvpn_store_request *r =
			jvpn_list_owner(pos, struct jvpn_store_request, link);
		bool reread = r->op.kind == JVPN_STORE_OP_REREAD;

		r->result.status = reread ? JVPN_STORE_TIMEOUT : status;
	}
}

/* The disk is full: the same members once more without new sessions and mere audit lines. */
static int repeat_needful(struct sqlite_store *s, struct group *g)
{
	int rc = jvpn_sqlite_begin(&s->exec);

	jvpn_list_each(pos, &g->member)
	{
		struct jvpn_store_request *r =
			jvpn_list_owner(pos, struct jvpn_store_request, link);

		if (jvpn_store_op_is_insert(&r->op) || r->op.kind == JVPN_STORE_OP_AUDIT)
			r->result.status = JVPN_STORE_FAILED;
		else if (rc == SQLITE_OK)
			rc = jvpn_sqlite_execute(&s->exec, r);
	}
	if (rc == SQLITE_OK)
		rc = jvpn_sqlite_commit(&s->exec, s->fence);
	if (rc != SQLITE_OK)
		jvpn_sqlite_rollback(&s->exec);
	return rc;
}

/* FULL and errors before COMMIT: certainly not written. An I/O error of COMMIT (fsync!) leaves
 * frames that a recovery after a crash might still find valid: unknown, and no re-read is answered
 * before another transaction has overwritten them ('fence'). */
static void commit_failed(struct sqlite_store *s, struct group *g, int rc, bool in_commit)
{
	bool unknown = in_commit && (rc & 0xff) == SQLITE_IOERR;

	jvpn_sqlite_rollback(&s->exec);
	note_failure(s, rc);
	if (unknown)
		s->fence = true;
	if ((rc & 0xff) == SQLITE_FULL) {
		rc = repeat_needful(s, g);
		if (rc == SQLITE_OK) {
			s->fence = false;
			return;
		}
		note_failure(s, rc);
		unknown = (rc & 0xff) == SQLITE_IOERR;
		s->fence = s->fence || unknown;
	}
	answer_all(g, unknown ? JVPN_STORE_TIMEOUT : JVPN_STORE_FAILED);
}

static void run_group(struct sqlite_store *s)
{
	struct group g = {.reserve = -1};
	bool in_commit = false;
	int rc;

	jvpn_list_init(&g.member);
	rc = gather(s, &g);
	if (rc == SQLITE_OK) {
		in_commit = true;
		rc = jvpn_sqlite_commit(&s->exec, s->fence);
	}
	if (rc == SQLITE_OK)
		commit_succeeded(s, &g);
	else
		commit_failed(s, &g, rc, in_commit);
	s->base.sink->done(s->base.sink, &g.member);
}

/* Nothing is written to a damaged file. */
static void refuse_group(struct sqlite_store *s)
{
	struct group g = {.reserve = -1};
	struct jvpn_store_request *request;

	jvpn_list_init(&g.member);
	while ((request = take(s)))
		jvpn_list_push_back(&g.member, &request->link);
	answer_all(&g, JVPN_STORE_FAILED);
	s->base.sink->done(s->base.sink, &g.member);
}

/* --- the thread --- */

static int on_wal(void *user, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_store *s = user;

	(void)db;
	(void)name;
	if (pages < s->wal_pages)
		s->checkpoint_pages = 0; /* it began anew */
	s->wal_pages = pages;
	return SQLITE_OK;
}

/* PASSIVE: as far as readers allow. It may fail (disk full): then the WAL grows, and a later try. */
static void checkpoint(struct sqlite_store *s)
{
	(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	s->checkpoint_pages = s->wal_pages;
	pthread_mutex_lock(&s->lock);
	s->checkpoints++;
	pthread_mutex_unlock(&s->lock);
}

static bool checkpoint_is_due(const struct sqlite_store *s, int pages)
{
	return !s->broken && s->wal_pages - s->checkpoint_pages >= pages;
}

enum turn { TURN_NONE = 0, TURN_WORK, TURN_IDLE, TURN_END };

/* Sleeps while there is nothing to do. */
static enum turn await(struct sqlite_store *s)
{
	bool due = checkpoint_is_due(s, CHECKPOINT_IDLE_PAGES);
	struct pollfd watch = {.fd = s->wake_fd, .events = POLLIN};
	enum turn turn = TURN_NONE;
	uint64_t value;

	pthread_mutex_lock(&s->lock);
	if (!jvpn_list_is_empty(&s->queue))
		turn = TURN_WORK;
	else if (s->stop)
		turn = TURN_END;
	s->sleeping = turn == TURN_NONE;
	pthread_mutex_unlock(&s->lock);
	if (turn != TURN_NONE)
		return turn;
	if (poll(&watch, 1, due ? CHECKPOINT_IDLE_MS : -1) == 0)
		turn = TURN_IDLE;
	if (read(s->wake_fd, &value, sizeof(value)) < 0)
		value = 0; /* not woken: idle, or a wake-up that was taken before */
	pthread_mutex_lock(&s->lock);
	s->sleeping = false;
	pthread_mutex_unlock(&s->lock);
	return turn;
}

static void *writer(void *user)
{
	struct sqlite_store *s = user;
	enum turn turn;

	while ((turn = await(s)) != TURN_END) {
		if (turn == TURN_WORK && s->broken)
			refuse_group(s);
		else if (turn == TURN_WORK)
			run_group(s);
		if (turn == TURN_IDLE || checkpoint_is_due(s, CHECKPOINT_BUSY_PAGES))
			checkpoint(s);
	}
	return NULL;
}

/* Signals are the loop's matter. */
static int start_thread(struct sqlite_store *s)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&s->thread, NULL, writer, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->has_thread = !failed;
	return failed ? JVPN_ENOMEM : 0;
}

static void wake(struct sqlite_store *s)
{
	uint64_t one = 1;

	/* Cannot fail: only who finds the writer asleep comes here. */
	while (write(s->wake_fd, &one, sizeof(one)) < 0)
		continue;
}

/* --- the vtable --- */

static int sqlite_submit(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct sqlite_store *s = (struct sqlite_store *)b;
	bool asleep;

	pthread_mutex_lock(&s->lock);
	jvpn_list_push_back(&s->queue, &request->link);
	asleep = s->sleeping;
	s->sleeping = false;
	pthread_mutex_unlock(&s->lock);
	if (asleep)
		wake(s);
	return 0;
}

static bool sqlite_cancel(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct sqlite_store *s = (struct sqlite_store *)b;
	bool queued = false;

	pthread_mutex_lock(&s->lock);
	for (struct jvpn_list *pos = s->queue.next; pos != &s->queue && !queued; pos = pos->next)
		queued = pos == &request->link;
	if (queued)
		jvpn_list_remove(&request->link);
	pthread_mutex_unlock(&s->lock);
	return queued;
}

static int sqlite_load(struct jvpn_store_backend *b,
		       int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		       char *error)
{
	return jvpn_sqlite_load(((struct sqlite_store *)b)->file.path, each, user, error);
}

static int sqlite_alive(struct jvpn_store_backend *b, struct jvpn_stamp *stamp)
{
	return jvpn_sqlite_alive(((struct sqlite_store *)b)->file.path, stamp);
}

static int sqlite_audit(struct jvpn_store_backend *b, uint64_t after, jvpn_store_audit_each *each,
			void *user, char *error)
{
	return jvpn_sqlite_audit(((struct sqlite_store *)b)->file.path, after, each, user, error);
}

static void sqlite_stats(struct jvpn_store_backend *b, struct jvpn_store_stats *stats)
{
	struct sqlite_store *s = (struct sqlite_store *)b;

	pthread_mutex_lock(&s->lock);
	stats->commits = s->commits;
	stats->committed_ops = s->committed_ops;
	stats->checkpoints = s->checkpoints;
	stats->audit_bytes = s->audit_bytes;
	stats->health = s->health;
	pthread_mutex_unlock(&s->lock);
}

static enum jvpn_store_health sqlite_health(struct jvpn_store_backend *b, char *text)
{
	struct sqlite_store *s = (struct sqlite_store *)b;
	enum jvpn_store_health health;

	pthread_mutex_lock(&s->lock);
	health = s->health;
	memcpy(text, s->health_text, JVPN_STORE_ERROR_MAX);
	pthread_mutex_unlock(&s->lock);
	return health;
}

static void sqlite_close(struct jvpn_store_backend *b)
{
	struct sqlite_store *s = (struct sqlite_store *)b;

	if (s->has_thread) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_mutex_unlock(&s->lock);
		wake(s);
		pthread_join(s->thread, NULL);
		if (!s->broken)
			(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
							NULL, NULL);
	}
	jvpn_sqlite_exec_close(&s->exec);
	sqlite3_close(s->db);
	jvpn_sqlite_file_release(&s->file);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct jvpn_store_backend_ops sqlite_ops = {
	.name = "sqlite",
	.durable = true,
	.submit = sqlite_submit,
	.cancel = sqlite_cancel,
	.load = sqlite_load,
	.alive = sqlite_alive,
	.audit = sqlite_audit,
	.stats = sqlite_stats,
	.health = sqlite_health,
	.close = sqlite_close,
};

static int open_file(struct sqlite_store *s, const char *path, char *error)
{
	int err, rc;

	if (!path || sqlite3_threadsafe() == 0)
		return JVPN_EINVAL;
	err = jvpn_sqlite_file_claim(&s->file, path, error);
	if (err == 0)
		err = jvpn_sqlite_connect(s->file.path, true, &s->db, error);
	if (err)
		return err;
	rc = jvpn_sqlite_exec_open(&s->exec, s->db);
	if (rc != SQLITE_OK)
		return jvpn_sqlite_error(s->db, s->file.path, rc, error);
	s->audit_bytes = s->exec.audit_bytes;
	sqlite3_wal_hook(s->db, on_wal, s);
	return 0;
}

int jvpn_store_sqlite_open(const struct jvpn_store_config *config, struct jvpn_store_sink *sink,
			   struct jvpn_store_backend **out, char *error)
{
	struct sqlite_store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return JVPN_ENOMEM;
	s->base.ops = &sqlite_ops;
	s->base.sink = sink;
	s->file.lock_fd = -1;
	s->clock_ns = config->clock_ns;
	s->group_max = config->group_max;
	s->reserve_bytes = config->reserve_bytes;
	s->health = JVPN_STORE_HEALTH_OK;
	jvpn_list_init(&s->queue);
	pthread_mutex_init(&s->lock, NULL);
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = s->wake_fd < 0 ? JVPN_EIO : open_file(s, config->path, error);
	if (err == 0)
		err = start_thread(s);
	if (err) {
		sqlite_close(&s->base);
		return err;
	}
	*out = &s->base;
	return 0;
}
