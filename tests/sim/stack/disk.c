/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Takes the place of store/store_sqlite.c: the server's disk. It outlives the program, needs its time,
 * fails, and keeps of what a killed program had given out only the beginning. For tests only.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stack.h"
#include "store/store_internal.h"

struct disk {
	struct jvpn_store_backend base; /* first */
	struct jvpn_list queue;         /* not begun yet */
};

static struct {
	struct jvpn_store_backend *kept; /* what is on the disk */
	struct jvpn_store_sink sink;     /* of 'kept' */
	struct disk *open;               /* the program that has it; NULL */
	uint64_t due_ns;                 /* the first of the queue is done */
} disk;

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);

static void on_done(struct jvpn_store_sink *sink, struct jvpn_list *batch)
{
	(void)sink;
	disk.open->base.sink->done(disk.open->base.sink, batch);
}

static void plan_next(void)
{
	uint64_t ns = stack_between(100, 3000) * 1000;

	if (!stack.calm && stack_chance(20000))
		ns = stack_between(10, 4000) * STACK_MS;
	disk.due_ns = stack.now_ns + ns;
}

static void do_first(bool good)
{
	struct jvpn_list *first = disk.open->queue.next;
	struct jvpn_store_request *r = jvpn_list_owner(first, struct jvpn_store_request, link);

	jvpn_list_remove(first);
	if (good)
		(void)disk.kept->ops->submit(disk.kept, r);
	else
		jvpn_store_finish(&disk.open->base, r, JVPN_STORE_FAILED);
}

void stack_disk_run(void)
{
	while (disk.open && !jvpn_list_is_empty(&disk.open->queue) && disk.due_ns <= stack.now_ns) {
		do_first(stack.calm || !stack_chance(5000));
		plan_next();
	}
}

uint64_t stack_disk_next(void)
{
	return disk.open && !jvpn_list_is_empty(&disk.open->queue) ? disk.due_ns : JVPN_TIME_NEVER;
}

/* The program ends: everything is written, or as much as a killed one got to. */
static void do_all(void)
{
	bool good = true;

	while (disk.open && !jvpn_list_is_empty(&disk.open->queue)) {
		good = good && (!stack.node[0].dead || stack_chance(500000));
		do_first(good);
	}
}

/* Of the programs only a store that is about to close waits like this. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)timeout;
	do_all();
	return __real_poll(fds, n, 0);
}

bool stack_disk_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return fd < 1024 && disk.open && __real_poll(&p, 1, 0) > 0;
}

static int find_one(void *user, const struct jvpn_store_entry *entry)
{
	return jvpn_id_equal(user, &entry->id);
}

bool stack_disk_has(const struct jvpn_id *id)
{
	char error[JVPN_STORE_ERROR_MAX];
	struct jvpn_id copy = *id;

	return disk.kept && disk.kept->ops->load(disk.kept, find_one, &copy, error) == 1;
}

void stack_disk_clear(void)
{
	if (disk.kept)
		disk.kept->ops->close(disk.kept);
	memset(&disk, 0, sizeof(disk));
}

/* ---- the backend ---- */

static int disk_submit(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct disk *d = (struct disk *)b;

	if (jvpn_list_is_empty(&d->queue))
		plan_next();
	jvpn_list_push_back(&d->queue, &request->link);
	return 0;
}

static bool disk_cancel(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct disk *d = (struct disk *)b;

	for (struct jvpn_list *at = d->queue.next; at != &d->queue; at = at->next) {
		if (at != &request->link || at == d->queue.next) /* the first is begun */
			continue;
		jvpn_list_remove(at);
		return true;
	}
	return false;
}

static int disk_load(struct jvpn_store_backend *b,
		     int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		     char *error)
{
	(void)b;
	return disk.kept->ops->load(disk.kept, each, user, error);
}

static int disk_alive(struct jvpn_store_backend *b, struct jvpn_stamp *stamp)
{
	(void)b;
	return disk.kept->ops->alive(disk.kept, stamp);
}

static int disk_audit(struct jvpn_store_backend *b, uint64_t after, jvpn_store_audit_each *each,
		      void *user, char *error)
{
	(void)b;
	return disk.kept->ops->audit(disk.kept, after, each, user, error);
}

static void disk_stats(struct jvpn_store_backend *b, struct jvpn_store_stats *stats)
{
	(void)b;
	disk.kept->ops->stats(disk.kept, stats);
}

static enum jvpn_store_health disk_health(struct jvpn_store_backend *b, char *text)
{
	(void)b;
	text[0] = '\0';
	return JVPN_STORE_HEALTH_OK;
}

static void disk_close(struct jvpn_store_backend *b)
{
	do_all();
	disk.open = NULL;
	free(b);
}

static const struct jvpn_store_backend_ops disk_ops = {
	.name = "disk",
	.durable = true,
	.submit = disk_submit,
	.cancel = disk_cancel,
	.load = disk_load,
	.alive = disk_alive,
	.audit = disk_audit,
	.stats = disk_stats,
	.health = disk_health,
	.close = disk_close,
};

int jvpn_store_sqlite_open(const struct jvpn_store_config *config, struct jvpn_store_sink *sink,
			   struct jvpn_store_backend **out, char *error)
{
	struct disk *d = calloc(1, sizeof(*d));
	int rv = d ? 0 : JVPN_ENOMEM;

	(void)error;
	disk.sink.done = on_done;
	if (!rv && !disk.kept)
		rv = jvpn_store_mem_open(config, &disk.sink, &disk.kept);
	if (rv) {
		free(d);
		return rv;
	}
	d->base.ops = &disk_ops;
	d->base.sink = sink;
	jvpn_list_init(&d->queue);
	disk.open = d;
	*out = &d->base;
	return 0;
}

int jvpn_store_sqlite_audit_file(const char *path, uint64_t after, jvpn_store_audit_each *each,
				 void *user, char *error)
{
	(void)path, (void)after, (void)each, (void)user, (void)error;
	return JVPN_EUNSUPPORTED;
}
