/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The writer thread. One lock, two buffers: the one that waits and the one being written.
 */
#include "client/saver.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "client/saved.h"
#include "client/statedir.h"
#include "crypto/wipe.h"
#include "runtime/clock.h"

#define RETRY_MS 1000

struct snapshot {
	uint64_t ticket; /* 0: nothing */
	size_t len;
	uint8_t data[JVPN_SAVED_MAX];
};

struct jvpn_saver {
	pthread_t thread;
	bool has_thread;
	int fd;
	char path[PATH_MAX];
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	/* under the lock */
	bool stop;
	bool writing;
	struct snapshot waiting;
	struct jvpn_saver_result result;
	/* the thread's */
	struct snapshot current;
};

/* pthread's form of "in so many ms" on CLOCK_MONOTONIC. */
static void deadline(struct timespec *ts, unsigned ms)
{
	uint64_t at_ns = jvpn_clock_mono_ns() + jvpn_ms_to_ns(ms);

	ts->tv_sec = (time_t)(at_ns / JVPN_NS_PER_S);
	ts->tv_nsec = (long)(at_ns % JVPN_NS_PER_S);
}

static void tell(struct jvpn_saver *s)
{
	const uint64_t one = 1;

	/* Fails only when the counter is full: then the loop is being told already. */
	(void)!write(s->fd, &one, sizeof(one));
}

/* Under the lock: the next snapshot becomes the current one. False: the thread is to end. */
static bool next(struct jvpn_saver *s)
{
	struct timespec retry;

	deadline(&retry, RETRY_MS);
	while (!s->stop && !s->waiting.ticket) {
		if (!s->current.ticket)
			pthread_cond_wait(&s->work, &s->lock);
		else if (pthread_cond_timedwait(&s->work, &s->lock, &retry) == ETIMEDOUT)
			break; /* what failed, once more */
	}
	if (s->waiting.ticket) {
		s->current = s->waiting;
		jvpn_wipe(&s->waiting, sizeof(s->waiting));
	}
	return !s->stop;
}

static int perform(const struct jvpn_saver *s)
{
	if (s->current.len == 0)
		return jvpn_statedir_remove(s->path);
	return jvpn_statedir_write(s->path, s->current.data, s->current.len);
}

static void *run(void *user)
{
	struct jvpn_saver *s = user;
	int rv;

	pthread_mutex_lock(&s->lock);
	while (next(s)) {
		s->writing = true;
		pthread_mutex_unlock(&s->lock);
		rv = perform(s);
		pthread_mutex_lock(&s->lock);
		s->writing = false;
		s->result.error = -rv;
		if (!rv) {
			s->result.ticket = s->current.ticket;
			jvpn_wipe(&s->current, sizeof(s->current));
		}
		pthread_cond_broadcast(&s->idle);
		tell(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int start(struct jvpn_saver *s)
{
	pthread_condattr_t attributes;
	sigset_t all, old;
	int rv;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->work, &attributes);
	pthread_cond_init(&s->idle, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rv = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->has_thread = !rv;
	return rv ? JVPN_EIO : 0;
}

int jvpn_saver_new(const char *path, struct jvpn_saver **out)
{
	struct jvpn_saver *s = calloc(1, sizeof(*s));
	int rv = JVPN_EIO;

	if (!s)
		return JVPN_ENOMEM;
	strncpy(s->path, path, sizeof(s->path) - 1);
	s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->fd >= 0)
		rv = start(s);
	if (rv) {
		jvpn_saver_free(s);
		return rv;
	}
	*out = s;
	return 0;
}

void jvpn_saver_free(struct jvpn_saver *saver)
{
	if (!saver)
		return;
	if (saver->has_thread) {
		pthread_mutex_lock(&saver->lock);
		saver->stop = true;
		pthread_cond_broadcast(&saver->work);
		pthread_mutex_unlock(&saver->lock);
		pthread_join(saver->thread, NULL);
		pthread_cond_destroy(&saver->work);
		pthread_cond_destroy(&saver->idle);
		pthread_mutex_destroy(&saver->lock);
	}
	if (saver->fd >= 0)
		close(saver->fd);
	jvpn_wipe(saver, sizeof(*saver));
	free(saver);
}

int jvpn_saver_fd(const struct jvpn_saver *saver)
{
	return saver->fd;
}

void jvpn_saver_submit(struct jvpn_saver *saver, const void *data, size_t len, uint64_t ticket)
{
	if (len > sizeof(saver->waiting.data))
		return;
	pthread_mutex_lock(&saver->lock);
	if (len)
		memcpy(saver->waiting.data, data, len);
	saver->waiting.len = len;
	saver->waiting.ticket = ticket;
	pthread_cond_broadcast(&saver->work);
	pthread_mutex_unlock(&saver->lock);
}

void jvpn_saver_take(struct jvpn_saver *saver, struct jvpn_saver_result *out)
{
	uint64_t count;

	(void)!read(saver->fd, &count, sizeof(count));
	pthread_mutex_lock(&saver->lock);
	*out = saver->result;
	pthread_mutex_unlock(&saver->lock);
}

bool jvpn_saver_wait(struct jvpn_saver *saver, unsigned timeout_ms)
{
	struct timespec until;
	bool busy;

	deadline(&until, timeout_ms);
	pthread_mutex_lock(&saver->lock);
	while ((busy = saver->waiting.ticket || saver->writing || saver->current.ticket))
		if (pthread_cond_timedwait(&saver->idle, &saver->lock, &until) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&saver->lock);
	return !busy;
}
