/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of candidates: one per (interface, server address) that can work now (session.md,
 * "Terms"). Says which of them exist, what changed about them, and whose turn it is; opens nothing.
 * Pure: links, addresses and time are given in.
 */
#ifndef JVPN_CLIENT_CANDIDATE_H
#define JVPN_CLIENT_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "client/attempt.h"
#include "core/msg.h"

struct jvpn_transport;

#define JVPN_CANDIDATES_MAX        64
#define JVPN_CANDIDATE_DEVICE_MAX  15
#define JVPN_CANDIDATE_ADDRESS_MAX 16 /* server addresses, names looked up */
/* Between two first attempts while a session is born: the first that is let in creates it, and
 * connections behind it are made for nothing. */
#define JVPN_CANDIDATE_STAGGER_MS 100

/* An interface that may be used now. */
struct jvpn_candidate_link {
	char name[JVPN_CANDIDATE_DEVICE_MAX + 1]; /* "": none, the routing table decides */
	int ifindex;
	bool has4, has6;         /* a usable source address of that family */
	bool leaving4, leaving6; /* that address will go */
	uint8_t addr4[4], addr6[16];
};

enum jvpn_candidate_news {
	JVPN_CANDIDATE_SAME = 0,
	JVPN_CANDIDATE_APPEARED, /* usable from now on */
	JVPN_CANDIDATE_CHANGED,  /* another source address, or another device of that name */
	JVPN_CANDIDATE_GONE      /* not usable any more */
};

/* Owner: the table. Stays where it is while anything refers to it. */
struct jvpn_candidate {
	bool used;
	bool wanted;  /* usable now */
	bool leaving; /* not for long: its address is deprecated */
	enum jvpn_candidate_news news;
	uint32_t rank; /* of the wanted ones, 0 first */
	char device[JVPN_CANDIDATE_DEVICE_MAX + 1];
	int ifindex;
	struct sockaddr_storage remote;
	struct sockaddr_storage source; /* port 0; any address when it is not known */
	struct jvpn_attempt attempt;
	/* dial.c's, never looked into here: */
	struct jvpn_transport *transport; /* let in by the server, or waiting for the session */
	struct jvpn_transport *trying;    /* the running attempt */
	struct jvpn_transport *old;       /* replaced by 'transport', not closed yet */
	uint64_t dead_ns;                 /* 'transport' is known to be dead since; 0: it is not */
	uint64_t moved_ns;                /* it got another socket; 0 never */
	uint64_t asked_ns;                /* a handover away from it was asked for; 0 never */
};

struct jvpn_candidates {
	size_t top; /* nothing is used from here on: what is done each turn is short */
	struct jvpn_candidate v[JVPN_CANDIDATES_MAX];
};

/* What there is now. */
struct jvpn_candidate_view {
	const struct jvpn_candidate_link *link;
	size_t links;
	const struct sockaddr_storage *address; /* of the server */
	size_t addresses;
	/* Does the link lead there? */
	bool (*has_route)(void *user, const struct jvpn_candidate_link *link,
			  const struct sockaddr_storage *address);
	void *user;
};

/* Sets wanted, news and rank of all candidates. Ranked address by address, within each link by link:
 * the first ones use as many interfaces as there are. Candidates that are not wanted and have no
 * connection are forgotten. A changed or new one may try at once. */
void jvpn_candidates_update(struct jvpn_candidates *t, const struct jvpn_candidate_view *view);
/* Whose turn it is to begin an attempt: of the wanted ones without a connection, or with a dead one,
 * whose time has come, the one that waits longest; NULL when there is none, or 'limit' have one. */
struct jvpn_candidate *jvpn_candidates_turn(struct jvpn_candidates *t, size_t limit,
					    uint64_t now_ns);
/* When that may change, or a running attempt has something due. */
uint64_t jvpn_candidates_next(const struct jvpn_candidates *t, size_t limit);
size_t jvpn_candidates_wanted(const struct jvpn_candidates *t);
/* A session is to be born: fresh tries, one after the other. */
void jvpn_candidates_stagger(struct jvpn_candidates *t, uint64_t now_ns);
/* Label of transports on a device: at most 15 of [a-z0-9._-]; "path" without a device. */
void jvpn_candidate_label(const char *device, char out[JVPN_LABEL_MAX + 1]);
bool jvpn_candidate_same_address(const struct sockaddr_storage *a,
				 const struct sockaddr_storage *b);

#endif
