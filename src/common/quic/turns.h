/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Deficit round robin (Shreedhar and Varghese): who sends next, when several connections have inner
 * packets. Each may send a quantum in its turn and goes to the end of the line; what it sent beyond that
 * counts against its next one. Pure; knows no connections.
 */
#ifndef JVPN_QUIC_TURNS_H
#define JVPN_QUIC_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a turn: enough packets for one system call to be worth it, few enough that a hundred
 * connections are through in some milliseconds. */
#define JVPN_TURNS_QUANTUM 32768

/* Part of its connection. Zeroed is one that does not wait. */
struct jvpn_turn {
	struct jvpn_turn *next;
	int64_t deficit; /* what it may still send */
	bool is_waiting;
};

/* Zeroed is empty. */
struct jvpn_turns {
	struct jvpn_turn *first, *last;
};

/* Joins at the end; nothing happens when it waits already. */
void jvpn_turns_join(struct jvpn_turns *turns, struct jvpn_turn *turn);
/* Takes the first out, for its turn. NULL: nobody waits. *bytes: what it may send, at least 1;
 * SIZE_MAX when nobody else waits. */
struct jvpn_turn *jvpn_turns_take(struct jvpn_turns *turns, size_t *bytes);
/* Its turn is over, it has sent so much. has_more: it joins at the end again. */
void jvpn_turns_end(struct jvpn_turns *turns, struct jvpn_turn *turn, size_t bytes, bool has_more);

#endif
