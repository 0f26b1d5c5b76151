/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of processes, sessions and the ends of sessions while lines go by.
 */
#ifndef JVPN_AUDIT_VERIFY_INTERNAL_H
#define JVPN_AUDIT_VERIFY_INTERNAL_H

#include <stdbool.h>

#include "audit/index.h"
#include "audit/verify.h"
#include "audit/windows.h"

#define NOT_KNOWN      UINT64_MAX
#define NONE           UINT32_MAX
#define POLICIES       64
#define CANDIDATES_MAX 64

/* A run of a program: (node, role, pid). */
struct process {
	uint64_t pid, seq, last_ts;
	uint32_t losses; /* how often lines were lost */
	uint32_t node;   /* NONE before its first line */
};

struct node {
	char name[JVPN_TRAIL_NAME_MAX + 1];
	enum jvpn_role role;
	bool known; /* a line of it was there */
};

/* A transport that a server bound to a session, and when first. */
struct commit {
	uint64_t ts;
};

/* A session, whoever tells of it. */
struct identity {
	char ipv4[20], ipv6[48], user[64];
	const struct jvpn_policy *policy; /* the server's; NULL: not known */
	uint32_t number, commits;
	uint32_t server_life; /* NONE */
	bool broken;          /* lines of the server are missing */
};

/* A session as one end tells it. Times are wall milliseconds. */
struct life {
	struct jvpn_id id;
	uint32_t number, process, identity, losses;
	enum jvpn_state state; /* NONE: not known */
	enum jvpn_reason ended;
	bool over, version_known, counted_from_birth, exempt, binding_known;
	uint64_t version, attached_version; /* 0: not known */
	uint64_t since, alone_since, born, restored_at;
	char binding[JVPN_TRANSPORT_ID_MAX + 1];
	bool unbound; /* ATTACHED that no event has bound yet */
	struct jvpn_trail_place unbound_place, place;
	uint64_t unbound_version, unbound_ts;
	/* REATTACHes since the last commit: the smallest version that is new enough, and the last. */
	uint64_t requests, request_min, request_last;
	uint64_t candidate[CANDIDATES_MAX];
	unsigned candidates;
	struct jvpn_windows switched;
	uint64_t switched_ms; /* the last one, as told */
	uint64_t switch_count, refused;
	const struct jvpn_policy *policy; /* NULL: not known */
};

struct known_policy {
	struct jvpn_policy policy;
	bool ambiguous;
};

struct jvpn_trail_verify {
	struct jvpn_trail_config config;
	struct jvpn_trail_summary sum;
	struct known_policy policy[POLICIES];
	size_t policies;
	struct jvpn_trail_index index;
	struct process *process;
	struct node *node;
	struct identity *identity;
	struct life **life;
	struct commit *commit;
	uint32_t processes, nodes, identities, lives, commits;
	const struct jvpn_trail_place *place; /* of the line at hand */
	uint32_t at;                          /* its process */
	int error;
};

/* --- verify_book.c: who is who --- */

/* A new zeroed element at the end of an array of *count. NULL: out of memory (v->error). */
void *book_add(struct jvpn_trail_verify *v, void **array, uint32_t *count, size_t size);
/* The line's process; NULL: out of memory. */
struct process *book_process(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line);
struct life *book_life(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line,
		       uint32_t process);
/* The life that has held this since, after 'life' took it over; NULL: nobody had. */
struct life *book_hold(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line,
		       const char *what, uint32_t life);
const struct jvpn_policy *book_policy(struct jvpn_trail_verify *v, const char *version);
/* The server's first commit of this transport to the session; NULL: there is none. */
const struct commit *book_committed(struct jvpn_trail_verify *v, const struct identity *identity,
				    const char *transport);
int book_commit(struct jvpn_trail_verify *v, struct identity *identity, uint64_t ts,
		const char *transport);
uint64_t book_hash(const struct jvpn_trail_verify *v, const char *text);
/* Lines are missing: transitions may be among them. */
void book_forget(struct jvpn_trail_verify *v, struct life *life);
void book_clear(struct jvpn_trail_verify *v);

/* --- verify.c --- */

__attribute__((format(printf, 4, 5))) void verify_bad(struct jvpn_trail_verify *v,
						      const struct jvpn_trail_place *place,
						      const char *invariant, const char *format,
						      ...);

/* --- verify_limits.c: I3 to I6 --- */

void limits_charge(struct jvpn_trail_verify *v, struct life *life,
		   const struct jvpn_trail_line *line);
void limits_recovering(struct jvpn_trail_verify *v, const struct life *life, uint64_t now);
void limits_end(struct jvpn_trail_verify *v, const struct life *life,
		const struct jvpn_trail_line *line);
void limits_totals(struct jvpn_trail_verify *v, const struct life *life,
		   const struct jvpn_trail_line *line);
void limits_open(struct jvpn_trail_verify *v, const struct life *life);

/* --- verify_binding.c: I1 --- */

void binding_end_unbound(struct jvpn_trail_verify *v, struct life *life, uint64_t now);
void binding_attached(struct jvpn_trail_verify *v, struct life *life,
		      const struct jvpn_trail_line *line);
void binding_switch(struct jvpn_trail_verify *v, struct life *life,
		    const struct jvpn_trail_line *line);
void binding_result(struct jvpn_trail_verify *v, struct life *life,
		    const struct jvpn_trail_line *line);

/* The first digits of the session's id. Static, one at a time. */
const char *verify_name(const struct life *life);

#endif
