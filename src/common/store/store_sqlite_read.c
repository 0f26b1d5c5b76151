/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The reading side of the SQLite store: every record, the audit in order, the last sign of life. On
 * read-only connections of its own, so it works beside a running writer, also from another process.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/store_sqlite_internal.h"

static int open_query(const char *path, const char *text, sqlite3 **db, sqlite3_stmt **st,
		      char *error)
{
	int err = jvpn_sqlite_connect(path, false, db, error);
	int rc;

	*st = NULL;
	if (err)
		return err;
	rc = sqlite3_prepare_v2(*db, text, -1, st, NULL);
	if (rc == SQLITE_OK)
		return 0;
	err = jvpn_sqlite_error(*db, path, rc, error);
	sqlite3_close(*db);
	return err;
}

static int bad_row(const char *path, const char *table, char *error)
{
	snprintf(error, JVPN_STORE_ERROR_MAX,
		 "%s is damaged (a row of %s makes no sense): restore a"
		 " copy, or move it and its -wal away to start without its sessions; it was not"
		 " changed",
		 path, table);
	return JVPN_EMALFORMED;
}

static bool take_id(sqlite3_stmt *st, int column, struct jvpn_id *id)
{
	if (sqlite3_column_bytes(st, column) != JVPN_ID_BYTES)
		return false;
	memcpy(id->b, sqlite3_column_blob(st, column), JVPN_ID_BYTES);
	return true;
}

static bool take_entry(sqlite3_stmt *st, struct jvpn_store_entry *entry)
{
	int state = sqlite3_column_int(st, 4);
	int len = sqlite3_column_bytes(st, 5);

	if (!take_id(st, 0, &entry->id) || sqlite3_column_int64(st, 1) <= 0 ||
	    state <= JVPN_STATE_NONE || state >= JVPN_STATE_COUNT || len <= 0 ||
	    len > JVPN_RECORD_MAX)
		return false;
	entry->version = (uint64_t)sqlite3_column_int64(st, 1);
	entry->nonce.incarnation = (uint64_t)sqlite3_column_int64(st, 2);
	entry->nonce.counter = (uint64_t)sqlite3_column_int64(st, 3);
	entry->state = (enum jvpn_state)state;
	entry->record = sqlite3_column_blob(st, 5);
	entry->record_len = (size_t)len;
	return entry->record != NULL;
}

int jvpn_sqlite_load(const char *path,
		     int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		     char *error)
{
	struct jvpn_store_entry entry;
	sqlite3_stmt *st;
	sqlite3 *db;
	int err, rc = SQLITE_DONE;

	err = open_query(path,
			 "SELECT id, version, incarnation, counter, state, record FROM session",
			 &db, &st, error);
	if (err)
		return err;
	while (err == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = take_entry(st, &entry) ? each(user, &entry) : bad_row(path, "session", error);
	if (err == 0 && rc != SQLITE_DONE)
		err = jvpn_sqlite_error(db, path, rc, error);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return err;
}

static bool take_line(sqlite3_stmt *st, struct jvpn_store_audit_entry *entry)
{
	entry->seq = (uint64_t)sqlite3_column_int64(st, 0);
	entry->has_session = sqlite3_column_type(st, 1) != SQLITE_NULL;
	memset(&entry->session, 0, sizeof(entry->session));
	if (entry->has_session && !take_id(st, 1, &entry->session))
		return false;
	entry->wall_ms = (uint64_t)sqlite3_column_int64(st, 2);
	entry->data = sqlite3_column_blob(st, 3);
	entry->len = (size_t)sqlite3_column_bytes(st, 3);
	return entry->data && entry->len <= JVPN_STORE_LINE_MAX;
}

int jvpn_sqlite_audit(const char *path, uint64_t after, jvpn_store_audit_each *each, void *user,
		      char *error)
{
	struct jvpn_store_audit_entry entry;
	sqlite3_stmt *st;
	sqlite3 *db;
	int err, rc = SQLITE_DONE;

	if (after > INT64_MAX)
		return 0;
	err = open_query(path,
			 "SELECT seq, session, wall_ms, line FROM audit WHERE seq > ?1"
			 " ORDER BY seq",
			 &db, &st, error);
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)after);
	while (err == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = take_line(st, &entry) ? each(user, &entry) : bad_row(path, "audit", error);
	if (err == 0 && rc != SQLITE_DONE)
		err = jvpn_sqlite_error(db, path, rc, error);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return err;
}

int jvpn_sqlite_alive(const char *path, struct jvpn_stamp *stamp)
{
	char error[JVPN_STORE_ERROR_MAX];
	sqlite3_stmt *st;
	sqlite3 *db;
	int err;

	err = open_query(path,
			 "SELECT alive_wall_ms, alive_boottime_ms, alive_boot_id FROM state"
			 " WHERE alive_boot_id IS NOT NULL",
			 &db, &st, error);
	if (err)
		return err;
	err = JVPN_ENOTFOUND;
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_bytes(st, 2) == JVPN_BOOT_ID_BYTES) {
		stamp->wall_ms = (uint64_t)sqlite3_column_int64(st, 0);
		stamp->boottime_ms = (uint64_t)sqlite3_column_int64(st, 1);
		memcpy(stamp->boot_id, sqlite3_column_blob(st, 2), JVPN_BOOT_ID_BYTES);
		err = 0;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return err;
}

int jvpn_store_sqlite_audit_file(const char *path, uint64_t after, jvpn_store_audit_each *each,
				 void *user, char *error)
{
	int err = jvpn_sqlite_file_check(path, false, error);

	return err ? err : jvpn_sqlite_audit(path, after, each, user, error);
}
