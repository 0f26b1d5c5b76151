/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the front (store.c) and its backends. Nothing outside store/ includes this.
 *
 * A *request* is one operation on its way. The front makes it and hands it to the backend's
 * submit(); from then on the backend owns it until it gives it to its sink with the result filled in
 * (or cancel() gives it back). The sink may be called from any thread.
 */
#ifndef JVPN_STORE_STORE_INTERNAL_H
#define JVPN_STORE_STORE_INTERNAL_H

#include "base/list.h"
#include "store/store.h"

struct jvpn_store_request {
	struct jvpn_list link;     /* the backend's queue, then the sink's list */
	struct jvpn_list inflight; /* the front's, loop thread only */
	struct jvpn_store_op op;   /* its pointers lead into 'data' */
	struct jvpn_store_result result;
	uint64_t submitted_ns, deadline_ns;
	bool expired;  /* TIMEOUT was said; loop thread only */
	bool withheld; /* store_fault: keep the answer */
	size_t bytes;
	struct jvpn_store_line line[JVPN_STORE_LINES_MAX];
	uint8_t data[];
};

/* Where finished requests go. */
struct jvpn_store_sink {
	/* Takes all members of 'batch' and leaves it empty. Any thread. */
	void (*done)(struct jvpn_store_sink *sink, struct jvpn_list *batch);
};

struct jvpn_store_backend;

struct jvpn_store_backend_ops {
	const char *name;
	bool durable;
	/* Takes the request; JVPN_EFULL (store_fault) leaves it with the caller. */
	int (*submit)(struct jvpn_store_backend *b, struct jvpn_store_request *request);
	/* True: it was not begun and never will be; the caller owns it again. */
	bool (*cancel)(struct jvpn_store_backend *b, struct jvpn_store_request *request);
	int (*load)(struct jvpn_store_backend *b,
		    int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		    char *error);
	int (*alive)(struct jvpn_store_backend *b, struct jvpn_stamp *stamp);
	int (*audit)(struct jvpn_store_backend *b, uint64_t after, jvpn_store_audit_each *each,
		     void *user, char *error);
	/* commits, committed_ops, checkpoints, audit_bytes, health */
	void (*stats)(struct jvpn_store_backend *b, struct jvpn_store_stats *stats);
	enum jvpn_store_health (*health)(struct jvpn_store_backend *b, char *text);
	/* Executes what is queued, gives every request to the sink, frees the backend. */
	void (*close)(struct jvpn_store_backend *b);
};

/* First member of every backend. */
struct jvpn_store_backend {
	const struct jvpn_store_backend_ops *ops;
	struct jvpn_store_sink *sink;
};

/* What a backend has under an id: a record, a tombstone, or nothing. */
struct jvpn_store_current {
	bool exists; /* a record */
	bool ended;  /* a tombstone */
	uint64_t version;
	struct jvpn_store_nonce nonce;
};

/* What an audit entry and a tombstone cost in audit_bytes besides their text. */
#define JVPN_STORE_ENTRY_BYTES 64

/* --- store_request.c --- */
/* Checks and copies the operation. JVPN_EINVAL, JVPN_ENOMEM. */
int jvpn_store_request_new(const struct jvpn_store_op *op, struct jvpn_store_request **out);
void jvpn_store_request_free(struct jvpn_store_request *request);
void jvpn_store_request_free_all(struct jvpn_list *requests);
/* Moves all members of 'from' behind those of 'to'. */
void jvpn_store_list_splice(struct jvpn_list *to, struct jvpn_list *from);
/* A write that makes a new session: the first to be refused when there is no room. */
bool jvpn_store_op_is_insert(const struct jvpn_store_op *op);
/* The rules of store.h: OK with *write: do it; OK without: it is done already; else the refusal, or
 * the answer to REREAD. For CAS, APPEND, REMOVE, REREAD. */
enum jvpn_store_status jvpn_store_decide(const struct jvpn_store_current *current,
					 const struct jvpn_store_op *op, bool *write);
/* One request to the sink. */
void jvpn_store_finish(struct jvpn_store_backend *b, struct jvpn_store_request *request,
		       enum jvpn_store_status status);

/* --- backends; 'sink' outlives them --- */
int jvpn_store_mem_open(const struct jvpn_store_config *config, struct jvpn_store_sink *sink,
			struct jvpn_store_backend **out);
/* JVPN_EUNSUPPORTED when SQLite is not built in. */
int jvpn_store_sqlite_open(const struct jvpn_store_config *config, struct jvpn_store_sink *sink,
			   struct jvpn_store_backend **out, char *error);
int jvpn_store_sqlite_audit_file(const char *path, uint64_t after, jvpn_store_audit_each *each,
				 void *user, char *error);
/* The sink that the inner backend gets, and the backend in front of it. */
struct jvpn_store_sink *jvpn_store_fault_sink(struct jvpn_store_fault *fault,
					      struct jvpn_store_sink *outer);
struct jvpn_store_backend *jvpn_store_fault_wrap(struct jvpn_store_fault *fault,
						 struct jvpn_store_backend *inner);

#endif
