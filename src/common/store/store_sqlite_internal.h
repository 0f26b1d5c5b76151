/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of the SQLite store: its file (claim, checks, creation), its statements, its reading
 * side, and the writer thread that uses them. Nothing but store_sqlite*.c includes this.
 */
#ifndef JVPN_STORE_STORE_SQLITE_INTERNAL_H
#define JVPN_STORE_STORE_SQLITE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/store_internal.h"

#define JVPN_SQLITE_APPLICATION_ID 0x6a76706e /* "jvpn" */
#define JVPN_SQLITE_FORMAT         1          /* user_version */
#define JVPN_SQLITE_BUSY_MS        1000       /* somebody's sqlite3 shell holds the file */

/* The file of a store and the claim on it. Owner: the backend; held for life. */
struct jvpn_sqlite_file {
	char *path;  /* symbolic links resolved */
	int lock_fd; /* path.lock, locked; -1 */
};

/* Takes the claim (a kill -9 frees it), checks what is there without changing it, creates it when
 * nothing is there. Errors of jvpn_store_open(). */
int jvpn_sqlite_file_claim(struct jvpn_sqlite_file *file, const char *path, char *error);
void jvpn_sqlite_file_release(struct jvpn_sqlite_file *file);
/* Header and neighbours of an existing file; nothing is written. */
int jvpn_sqlite_file_check(const char *path, bool writable, char *error);
/* A connection with our settings; checked for damage in the session table when it is writable. */
int jvpn_sqlite_connect(const char *path, bool writable, sqlite3 **out, char *error);
/* Fills error from what 'db' says about 'path'; returns the JVPN_E* code that fits 'rc'. */
int jvpn_sqlite_error(sqlite3 *db, const char *path, int rc, char *error);
/* Octets that an ordinary process may still write beside 'path'. */
uint64_t jvpn_sqlite_free_bytes(const char *path);

enum jvpn_sqlite_statement {
	JVPN_SQL_NONE = 0,
	JVPN_SQL_BEGIN,
	JVPN_SQL_COMMIT,
	JVPN_SQL_ROLLBACK,
	JVPN_SQL_LOOKUP_SESSION,
	JVPN_SQL_LOOKUP_ENDED,
	JVPN_SQL_INSERT,
	JVPN_SQL_UPDATE,
	JVPN_SQL_DELETE,
	JVPN_SQL_END,
	JVPN_SQL_LINE,
	JVPN_SQL_STATE_READ,
	JVPN_SQL_STATE_BYTES,
	JVPN_SQL_STATE_FENCE,
	JVPN_SQL_STATE_ALIVE,
	JVPN_SQL_TRIM_OLDEST,
	JVPN_SQL_TRIM_SESSION,
	JVPN_SQL_TRIM_LINE,
	JVPN_SQL_ENDED_OLDEST,
	JVPN_SQL_ENDED_DROP,
	JVPN_SQL_COUNT
};

/* What the statements work on. Writer thread only, once it runs. */
struct jvpn_sqlite_exec {
	sqlite3 *db;
	sqlite3_stmt *statement[JVPN_SQL_COUNT];
	uint64_t audit_bytes;       /* as of the running transaction */
	uint64_t audit_bytes_saved; /* as committed */
};

/* Prepares everything; a table or column that is missing shows here. SQLite result codes. */
int jvpn_sqlite_exec_open(struct jvpn_sqlite_exec *x, sqlite3 *db);
void jvpn_sqlite_exec_close(struct jvpn_sqlite_exec *x);
int jvpn_sqlite_begin(struct jvpn_sqlite_exec *x);
/* 'fence': write something even when nothing changed. */
int jvpn_sqlite_commit(struct jvpn_sqlite_exec *x, bool fence);
void jvpn_sqlite_rollback(struct jvpn_sqlite_exec *x);
/* One operation inside the transaction; its status goes into the request's result. Anything but
 * SQLITE_OK is fatal for the transaction. */
int jvpn_sqlite_execute(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request);

/* --- store_sqlite_read.c: connections of their own, blocking --- */
int jvpn_sqlite_load(const char *path,
		     int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		     char *error);
int jvpn_sqlite_audit(const char *path, uint64_t after, jvpn_store_audit_each *each, void *user,
		      char *error);
int jvpn_sqlite_alive(const char *path, struct jvpn_stamp *stamp);

#endif
