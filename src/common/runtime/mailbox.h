/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What other threads hand to a loop: letters (packets), which may be lost when there are too many, and
 * calls, which may not. Any thread posts, one thread takes. Posting takes no lock and wakes the reader
 * with one system call for all that arrive before it looks.
 */
#ifndef JVPN_RUNTIME_MAILBOX_H
#define JVPN_RUNTIME_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

struct jvpn_mailbox; /* owner: whoever reads it */

/* One packet with what its reader must know. Allocated by jvpn_letter_new(); the poster's until it is
 * posted, the reader's afterwards. */
struct jvpn_letter {
	uint32_t kind; /* the program's */
	size_t len;
	/* The program's head, JVPN_LETTER_HEAD octets, and the packet behind it. */
	uint8_t *data;
	_Alignas(16) uint8_t head[];
};

/* Room for what comes with a packet: two addresses, marks. */
#define JVPN_LETTER_HEAD 320

/* Something that must happen on the reader's thread. Embedded where it lives; not again in use before
 * fn was called. */
struct jvpn_call {
	void (*fn)(struct jvpn_call *call);
	struct jvpn_call *next;
};

struct jvpn_mailbox_stats {
	uint64_t posted, refused; /* letters */
};

/* At most so many letters and octets wait; letters is rounded up to a power of two. JVPN_ENOMEM,
 * JVPN_EIO (no descriptor left). */
int jvpn_mailbox_new(size_t letters, size_t max_bytes, struct jvpn_mailbox **out);
/* Letters that wait are freed, calls are forgotten. Nobody may post any more. */
void jvpn_mailbox_free(struct jvpn_mailbox *mailbox);
/* Readable when there is something. The mailbox's. */
int jvpn_mailbox_fd(const struct jvpn_mailbox *mailbox);

/* Copies 'len' octets. NULL: no memory. */
struct jvpn_letter *jvpn_letter_new(uint32_t kind, const uint8_t *data, size_t len);
void jvpn_letter_free(struct jvpn_letter *letter);

/* Any thread. JVPN_EFULL: it is still the caller's, and counted. */
int jvpn_mailbox_post(struct jvpn_mailbox *mailbox, struct jvpn_letter *letter);
/* Any thread. In the order of their arrival, before letters that wait. */
void jvpn_mailbox_call(struct jvpn_mailbox *mailbox, struct jvpn_call *call);

/* Any thread: the reader has a look, even if there is nothing. */
void jvpn_mailbox_ring(struct jvpn_mailbox *mailbox);

/* The reader, once when the descriptor is readable: runs the calls. Then _take until it is NULL. */
void jvpn_mailbox_open(struct jvpn_mailbox *mailbox);
struct jvpn_letter *jvpn_mailbox_take(struct jvpn_mailbox *mailbox);
/* Any thread. */
void jvpn_mailbox_get_stats(const struct jvpn_mailbox *mailbox, struct jvpn_mailbox_stats *stats);

#endif
