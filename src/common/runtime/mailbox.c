/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Letters: a ring with a ticket in each place (after D. Vyukov's bounded queue), many writers, one
 * reader. Calls: a list under a lock, for they are few. Knows no kind of letter.
 */
#include "runtime/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"

/* Bounds what one turn of a loop may be kept from its own work. */
#define TAKE_MAX 512

struct place {
	/* p: free for the letter number p; p + 1: that letter is in it. */
	atomic_size_t ticket;
	struct jvpn_letter *letter;
};

struct jvpn_mailbox {
	int fd;
	size_t mask; /* places - 1 */
	size_t max_bytes;
	struct place *place;
	_Alignas(64) atomic_size_t head; /* the next letter's number */
	atomic_size_t bytes;
	atomic_bool is_rung; /* the reader was woken and has not looked yet */
	_Atomic uint64_t posted, refused;
	pthread_mutex_t lock;
	struct jvpn_call *calls, **calls_end; /* under 'lock' */
	_Alignas(64) size_t tail;             /* the reader's: the next to take */
	unsigned taken;                       /* since jvpn_mailbox_open() */
};

static size_t round_up(size_t n)
{
	size_t power = 2;

	while (power < n)
		power *= 2;
	return power;
}

int jvpn_mailbox_new(size_t letters, size_t max_bytes, struct jvpn_mailbox **out)
{
	size_t places = round_up(letters);
	struct jvpn_mailbox *m = aligned_alloc(64, (sizeof(*m) + 63) / 64 * 64);

	if (!m)
		return JVPN_ENOMEM;
	memset(m, 0, sizeof(*m));
	m->place = calloc(places, sizeof(*m->place));
	m->fd = m->place ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
	if (m->fd < 0) {
		int err = m->place ? JVPN_EIO : JVPN_ENOMEM;

		free(m->place);
		free(m);
		return err;
	}
	for (size_t i = 0; i < places; i++)
		atomic_init(&m->place[i].ticket, i);
	m->mask = places - 1;
	m->max_bytes = max_bytes;
	m->calls_end = &m->calls;
	pthread_mutex_init(&m->lock, NULL);
	*out = m;
	return 0;
}

void jvpn_mailbox_free(struct jvpn_mailbox *mailbox)
{
	struct jvpn_letter *letter;

	if (!mailbox)
		return;
	mailbox->taken = 0;
	while ((letter = jvpn_mailbox_take(mailbox))) {
		mailbox->taken = 0;
		jvpn_letter_free(letter);
	}
	pthread_mutex_destroy(&mailbox->lock);
	close(mailbox->fd);
	free(mailbox->place);
	free(mailbox);
}

int jvpn_mailbox_fd(const struct jvpn_mailbox *mailbox)
{
	return mailbox->fd;
}

struct jvpn_letter *jvpn_letter_new(uint32_t kind, const uint8_t *data, size_t len)
{
	struct jvpn_letter *letter = malloc(sizeof(*letter) + JVPN_LETTER_HEAD + len);

	if (!letter)
		return NULL;
	letter->kind = kind;
	letter->len = len;
	letter->data = letter->head + JVPN_LETTER_HEAD;
	memcpy(letter->data, data, len);
	return letter;
}

void jvpn_letter_free(struct jvpn_letter *letter)
{
	free(letter);
}

void jvpn_mailbox_ring(struct jvpn_mailbox *m)
{
	uint64_t one = 1;

	if (atomic_exchange(&m->is_rung, true))
		return;
	/* Cannot fail: the reader takes the counter back to 0 each time. */
	while (write(m->fd, &one, sizeof(one)) != sizeof(one))
		;
}

/* A number of one's own, when its place is free. */
static struct place *claim(struct jvpn_mailbox *m, size_t *number)
{
	size_t at = atomic_load_explicit(&m->head, memory_order_relaxed);

	for (;;) {
		struct place *place = &m->place[at & m->mask];
		size_t ticket = atomic_load_explicit(&place->ticket, memory_order_acquire);

		if (ticket == at) {
			*number = at;
			if (atomic_compare_exchange_weak_explicit(&m->head, &at, at + 1,
								  memory_order_relaxed,
								  memory_order_relaxed))
				return place;
			continue; /* somebody else took it; 'at' is the present head */
		}
		if ((ptrdiff_t)(ticket - at) < 0)
			return NULL; /* a whole round behind: not taken yet */
		at = atomic_load_explicit(&m->head, memory_order_relaxed);
	}
}

int jvpn_mailbox_post(struct jvpn_mailbox *m, struct jvpn_letter *letter)
{
	size_t before = atomic_fetch_add(&m->bytes, letter->len), number;
	struct place *place = before + letter->len > m->max_bytes ? NULL : claim(m, &number);

	if (!place) {
		atomic_fetch_sub(&m->bytes, letter->len);
		atomic_fetch_add_explicit(&m->refused, 1, memory_order_relaxed);
		return JVPN_EFULL;
	}
	place->letter = letter;
	atomic_store_explicit(&place->ticket, number + 1, memory_order_release);
	atomic_fetch_add_explicit(&m->posted, 1, memory_order_relaxed);
	jvpn_mailbox_ring(m);
	return 0;
}

void jvpn_mailbox_call(struct jvpn_mailbox *m, struct jvpn_call *call)
{
	call->next = NULL;
	pthread_mutex_lock(&m->lock);
	*m->calls_end = call;
	m->calls_end = &call->next;
	pthread_mutex_unlock(&m->lock);
	jvpn_mailbox_ring(m);
}

static struct jvpn_call *take_calls(struct jvpn_mailbox *m)
{
	struct jvpn_call *first;

	pthread_mutex_lock(&m->lock);
	first = m->calls;
	m->calls = NULL;
	m->calls_end = &m->calls;
	pthread_mutex_unlock(&m->lock);
	return first;
}

void jvpn_mailbox_open(struct jvpn_mailbox *m)
{
	struct jvpn_call *call, *next;
	uint64_t count;

	/* First: whoever comes after this rings again. */
	if (read(m->fd, &count, sizeof(count)) < 0)
		count = 0;
	(void)atomic_exchange(&m->is_rung, false); /* sees what was posted without a ring */
	m->taken = 0;
	for (call = take_calls(m); call; call = next) {
		next = call->next;
		call->fn(call);
	}
}

struct jvpn_letter *jvpn_mailbox_take(struct jvpn_mailbox *m)
{
	struct place *place = &m->place[m->tail & m->mask];
	struct jvpn_letter *letter;

	if (atomic_load_explicit(&place->ticket, memory_order_acquire) != m->tail + 1)
		return NULL;
	if (m->taken++ == TAKE_MAX) {
		jvpn_mailbox_ring(m); /* the rest in the next turn */
		return NULL;
	}
	letter = place->letter;
	atomic_store_explicit(&place->ticket, m->tail + m->mask + 1, memory_order_release);
	m->tail++;
	atomic_fetch_sub(&m->bytes, letter->len);
	return letter;
}

void jvpn_mailbox_get_stats(const struct jvpn_mailbox *m, struct jvpn_mailbox_stats *stats)
{
	*stats = (struct jvpn_mailbox_stats){.posted = atomic_load(&m->posted),
					     .refused = atomic_load(&m->refused)};
}
