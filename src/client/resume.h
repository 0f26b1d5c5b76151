/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's session across restarts: what is written to the state file and when, which counters
 * may be used, and the session that a start finds. Decides nothing about the session itself.
 */
#ifndef JVPN_CLIENT_RESUME_H
#define JVPN_CLIENT_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/saved.h"
#include "client/statedir.h"

struct jvpn_client;
struct jvpn_saver;
struct jvpn_watch;

/* Counters are reserved in blocks; the next one when half of the present one is used. */
#define JVPN_RESUME_BLOCK 64
/* Transitions are written at once, other changes at most so often ... */
#define JVPN_RESUME_SPACING_MS 200
/* ... and without any change so often, and 16 times within the transport TTL: so well is known after
 * a crash how long the session has been without a transport. */
#define JVPN_RESUME_REFRESH_MS 60000

/* What makes a new snapshot necessary. */
struct jvpn_resume_mark {
	uint64_t state_version, server_version, total_switches, lifetime_ms, ttl_ms;
	uint64_t ticket; /* number of the newest TLS session */
	uint64_t routes; /* how often they were advertised */
	size_t mtu;
	uint32_t last_n;
	bool bound;
};

/* Inside the client. Holds secrets while saved is set. */
struct jvpn_resume {
	bool enabled; /* there is a state directory, and it is ours */
	bool on_disk; /* a file that the next start could go on with is there */
	struct jvpn_statedir dir;
	uint8_t ca_digest[JVPN_SHA256_BYTES];
	struct jvpn_saved *saved; /* as found at the start; NULL: nothing, or it is restored */
	char peer[JVPN_SAVED_PEER_MAX + 1]; /* the server's address of the last binding */
	struct jvpn_saver *saver;
	struct jvpn_watch *watch;
	struct jvpn_resume_mark mark; /* of the newest snapshot */
	bool has_snapshot;            /* of the present session; it may be on disk or not yet */
	uint64_t first_ticket;        /* of the present session */
	uint64_t ticket;              /* of the newest snapshot */
	uint64_t limit;               /* counters up to here are in it */
	uint64_t raise_ticket;        /* 0, or the first snapshot that has this limit */
	uint64_t written_ns;          /* when it was handed over */
	int said_error;
};

/* Takes the directory and its lock and reads the file. Without a state directory it does nothing.
 * JVPN_EBUSY (*holder is the other client's pid), JVPN_EPERM, JVPN_EMALFORMED (damaged, of another
 * version, another node's: the sentence says what to do, the file stays as it is), JVPN_EIO,
 * JVPN_ENOMEM. */
int jvpn_resume_open(struct jvpn_client *client, pid_t *holder,
		     char error[JVPN_STATEDIR_ERROR_MAX]);
/* The stored session knows the server's address, and a name would have to be looked up: then this
 * address is taken, since the resolver's packets would go into the tunnel that waits. */
bool jvpn_resume_find_server(struct jvpn_client *client);
/* Starts the writer; then, if the file had a session, restores it. The TUN must be open. */
int jvpn_resume_start(struct jvpn_client *client);
/* A session was born: nothing of it is on disk yet. */
void jvpn_resume_begin(struct jvpn_client *client);
/* The session is over: its file goes. */
void jvpn_resume_forget(struct jvpn_client *client);
/* Once in a turn: hands over what has changed, reserves counters. */
void jvpn_resume_poll(struct jvpn_client *client, uint64_t now_ns);
/* The writer has news. */
void jvpn_resume_take(struct jvpn_client *client);
uint64_t jvpn_resume_next_deadline(const struct jvpn_client *client);
/* At the end, the loop has stopped: writes the last word and waits for it. False: it is not on disk,
 * the next start cannot go on. */
bool jvpn_resume_keep(struct jvpn_client *client);
/* At the end: removes the file. */
void jvpn_resume_remove(struct jvpn_client *client);
/* Frees everything; the lock goes last. */
void jvpn_resume_close(struct jvpn_client *client);

#endif
