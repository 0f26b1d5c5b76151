/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control socket of a running program: connections, lines, limits, permissions. What the commands
 * do is the program's (struct jvpn_ctl_ops). One descriptor for the loop to watch; never blocks.
 *
 * Limits: JVPN_CTL_CLIENTS_MAX connections, the last ones for root and the owner alone; lines of at
 * most JVPN_CTL_LINE_MAX; a rate of requests for each connection, beyond which it is read more slowly;
 * a bounded buffer of answers, without room in which nothing more is read or made; a bound on what is
 * made in one turn for all of them together.
 */
#ifndef JVPN_CTL_SERVER_H
#define JVPN_CTL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/request.h"
#include "obs/json.h"
#include "obs/recent.h"

#define JVPN_CTL_CLIENTS_MAX      16
#define JVPN_CTL_CLIENTS_RESERVED 4 /* of these, for root and the owner */
#define JVPN_CTL_ITEM_MAX         8192
#define JVPN_CTL_ITEMS_PER_TURN   64
#define JVPN_CTL_RATE_PER_S       50
#define JVPN_CTL_BURST            100
#define JVPN_CTL_IDLE_MS          60000  /* nothing asked for: closed */
#define JVPN_CTL_STUCK_MS         600000 /* nothing read of what was asked for: closed */
#define JVPN_CTL_WHO_MAX          47

struct jvpn_ctl_server; /* owner: the program */
struct jvpn_ctl_client; /* owner: the server */

enum jvpn_ctl_progress {
	JVPN_CTL_DONE = 1, /* the request is answered */
	JVPN_CTL_MORE,     /* on_more goes on, as soon as there is room and a turn */
	JVPN_CTL_WAIT      /* on_more asks again in each turn, at wake_ns at the latest */
};

/* What the program keeps with a request; all zero at its beginning. */
struct jvpn_ctl_task {
	struct jvpn_ctl_request request;
	uint64_t cursor, count;
	uint64_t wake_ns, deadline_ns;
	void *state; /* on_end frees it */
	struct jvpn_recent_cursor recent;
	char text[JVPN_TRANSPORT_ID_MAX + 1];
};

struct jvpn_ctl_ops {
	/* A request that the peer may make. Room for a line of JVPN_CTL_LINE_MAX is there. */
	enum jvpn_ctl_progress (*on_request)(void *user, struct jvpn_ctl_client *client,
					     struct jvpn_ctl_task *task);
	/* The rest of an answer; each call writes one item at most. */
	enum jvpn_ctl_progress (*on_more)(void *user, struct jvpn_ctl_client *client,
					  struct jvpn_ctl_task *task);
	/* A request with a state is answered, or its peer is gone. */
	void (*on_end)(void *user, struct jvpn_ctl_task *task);
	/* Is there something new for a task that said WAIT? Asked before the loop sleeps. */
	bool (*is_due)(void *user, const struct jvpn_ctl_task *task);
};

struct jvpn_ctl_config {
	const char *path; /* borrowed for the call */
	enum jvpn_ctl_role role;
	bool has_group; /* else the socket has the group of the process */
	gid_t group;
	bool group_acts; /* members of the group may give commands that change something */
	const struct jvpn_ctl_ops *ops; /* borrowed */
	void *user;
};

/* Makes the socket, mode 0660. A socket that nobody listens on is replaced. JVPN_EBUSY: somebody does;
 * JVPN_EEXISTS: the path is something else; JVPN_EPERM, JVPN_EIO, JVPN_ENOMEM, JVPN_EINVAL (path too
 * long). 'error' gets a sentence. */
int jvpn_ctl_server_open(const struct jvpn_ctl_config *config, struct jvpn_ctl_server **out,
			 char *error, size_t error_size);
/* Closes the connections and removes the socket, if it is still ours. NULL is fine. */
void jvpn_ctl_server_free(struct jvpn_ctl_server *server);
/* Readable when there is something to do. */
int jvpn_ctl_server_fd(const struct jvpn_ctl_server *server);
/* Accepts, reads, works and writes; in each turn. */
void jvpn_ctl_server_poll(struct jvpn_ctl_server *server, uint64_t now_ns);
/* When _poll has something to do although the descriptor says nothing. */
uint64_t jvpn_ctl_server_next_deadline(const struct jvpn_ctl_server *server);
size_t jvpn_ctl_server_count(const struct jvpn_ctl_server *server);

/* Answers. _begin opens a line of the request: {"v":1,"id":7,NAME:{ and the caller writes members;
 * _end closes and queues it. Between the two nothing else may be answered. */
struct jvpn_json *jvpn_ctl_begin(struct jvpn_ctl_client *client, const char *name);
void jvpn_ctl_end(struct jvpn_ctl_client *client);
/* A line {"v":1,"id":7,NAME:<json>}; 'json' is JSON without a newline. */
void jvpn_ctl_answer_raw(struct jvpn_ctl_client *client, const char *name, const char *json,
			 size_t len);
void jvpn_ctl_fail(struct jvpn_ctl_client *client, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "operator uid 1000 pid 4711", for the events that a command causes. */
void jvpn_ctl_who(const struct jvpn_ctl_client *client, char out[JVPN_CTL_WHO_MAX + 1]);

#endif
