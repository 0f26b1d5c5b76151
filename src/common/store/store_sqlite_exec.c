/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operations as SQL inside one transaction. Must not begin or end transactions on its own, and
 * decides nothing that jvpn_store_decide() does not.
 */
#include <string.h>

#include "store/store_sqlite_internal.h"

static const char *const sql[JVPN_SQL_COUNT] = {
	[JVPN_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[JVPN_SQL_COMMIT] = "COMMIT",
	[JVPN_SQL_ROLLBACK] = "ROLLBACK",
	[JVPN_SQL_LOOKUP_SESSION] =
		"SELECT version, incarnation, counter FROM session WHERE id = ?1",
	[JVPN_SQL_LOOKUP_ENDED] = "SELECT version, incarnation, counter FROM ended WHERE id = ?1",
	[JVPN_SQL_INSERT] = "INSERT INTO session(id, version, incarnation, counter, state, record)"
			    " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[JVPN_SQL_UPDATE] = "UPDATE session SET version = ?2, incarnation = ?3, counter = ?4,"
			    " state = ?5, record = ?6 WHERE id = ?1 AND version = ?7",
	[JVPN_SQL_DELETE] = "DELETE FROM session WHERE id = ?1 AND version = ?2",
	[JVPN_SQL_END] = "INSERT INTO ended(id, version, incarnation, counter, wall_ms)"
			 " VALUES(?1, ?2, ?3, ?4, ?5)",
	[JVPN_SQL_LINE] = "INSERT INTO audit(session, wall_ms, line) VALUES(?1, ?2, ?3)",
	[JVPN_SQL_STATE_READ] = "SELECT audit_bytes FROM state WHERE one = 1",
	[JVPN_SQL_STATE_BYTES] = "UPDATE state SET audit_bytes = ?1 WHERE one = 1",
	[JVPN_SQL_STATE_FENCE] = "UPDATE state SET fence = fence + 1 WHERE one = 1",
	[JVPN_SQL_STATE_ALIVE] = "UPDATE state SET alive_wall_ms = ?1, alive_boottime_ms = ?2,"
				 " alive_boot_id = ?3 WHERE one = 1",
	[JVPN_SQL_TRIM_OLDEST] =
		"SELECT seq, length(line), wall_ms FROM audit ORDER BY seq LIMIT 1",
	[JVPN_SQL_TRIM_SESSION] =
		"SELECT seq, length(line), wall_ms FROM audit WHERE session = ?1 ORDER BY seq LIMIT 1",
	[JVPN_SQL_TRIM_LINE] = "DELETE FROM audit WHERE seq = ?1",
	[JVPN_SQL_ENDED_OLDEST] = "SELECT seq, id, wall_ms FROM ended ORDER BY seq LIMIT 1",
	[JVPN_SQL_ENDED_DROP] = "DELETE FROM ended WHERE seq = ?1",
};

/* Steps a statement that returns no row, and makes it ready for its next use. */
static int run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void bind_u64(sqlite3_stmt *st, int index, uint64_t value)
{
	sqlite3_bind_int64(st, index, (sqlite3_int64)value);
}

static void bind_blob(sqlite3_stmt *st, int index, const void *data, size_t len)
{
	/* lives until the statement is reset, within the operation */
	sqlite3_bind_blob(st, index, data, (int)len, SQLITE_STATIC);
}

static void bind_nonce(sqlite3_stmt *st, int index, const struct jvpn_store_nonce *nonce)
{
	bind_u64(st, index, nonce->incarnation);
	bind_u64(st, index + 1, nonce->counter);
}

static uint64_t column_u64(sqlite3_stmt *st, int index)
{
	return (uint64_t)sqlite3_column_int64(st, index);
}

static int read_audit_bytes(struct jvpn_sqlite_exec *x)
{
	sqlite3_stmt *st = x->statement[JVPN_SQL_STATE_READ];
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		x->audit_bytes = column_u64(st, 0);
	x->audit_bytes_saved = x->audit_bytes;
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? SQLITE_OK : SQLITE_CORRUPT;
}

int jvpn_sqlite_exec_open(struct jvpn_sqlite_exec *x, sqlite3 *db)
{
	int rc = SQLITE_OK;

	memset(x, 0, sizeof(*x));
	x->db = db;
	for (int i = JVPN_SQL_NONE + 1; i < JVPN_SQL_COUNT && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &x->statement[i],
					NULL);
	return rc == SQLITE_OK ? read_audit_bytes(x) : rc;
}

void jvpn_sqlite_exec_close(struct jvpn_sqlite_exec *x)
{
	for (int i = 0; i < JVPN_SQL_COUNT; i++)
		sqlite3_finalize(x->statement[i]);
	memset(x, 0, sizeof(*x));
}

int jvpn_sqlite_begin(struct jvpn_sqlite_exec *x)
{
	x->audit_bytes = x->audit_bytes_saved;
	return run(x->statement[JVPN_SQL_BEGIN]);
}

int jvpn_sqlite_commit(struct jvpn_sqlite_exec *x, bool fence)
{
	int rc = SQLITE_OK;

	if (x->audit_bytes != x->audit_bytes_saved) {
		bind_u64(x->statement[JVPN_SQL_STATE_BYTES], 1, x->audit_bytes);
		rc = run(x->statement[JVPN_SQL_STATE_BYTES]);
	}
	if (rc == SQLITE_OK && fence)
		rc = run(x->statement[JVPN_SQL_STATE_FENCE]);
	if (rc == SQLITE_OK)
		rc = run(x->statement[JVPN_SQL_COMMIT]);
	if (rc == SQLITE_OK)
		x->audit_bytes_saved = x->audit_bytes;
	return rc;
}

void jvpn_sqlite_rollback(struct jvpn_sqlite_exec *x)
{
	/* SQLite may have rolled back by itself already (lang_transaction.html). */
	if (!sqlite3_get_autocommit(x->db))
		(void)run(x->statement[JVPN_SQL_ROLLBACK]);
	x->audit_bytes = x->audit_bytes_saved;
}

static int lookup_in(sqlite3_stmt *st, const struct jvpn_id *id, struct jvpn_store_current *current,
		     bool *found)
{
	int rc;

	bind_blob(st, 1, id->b, JVPN_ID_BYTES);
	rc = sqlite3_step(st);
	*found = rc == SQLITE_ROW;
	if (*found) {
		current->version = column_u64(st, 0);
		current->nonce.incarnation = column_u64(st, 1);
		current->nonce.counter = column_u64(st, 2);
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int lookup(struct jvpn_sqlite_exec *x, const struct jvpn_id *id,
		  struct jvpn_store_current *current)
{
	int rc;

	memset(current, 0, sizeof(*current));
	rc = lookup_in(x->statement[JVPN_SQL_LOOKUP_SESSION], id, current, &current->exists);
	if (rc == SQLITE_OK && !current->exists)
		rc = lookup_in(x->statement[JVPN_SQL_LOOKUP_ENDED], id, current, &current->ended);
	return rc;
}

static int add_lines(struct jvpn_sqlite_exec *x, const struct jvpn_store_op *op)
{
	static const struct jvpn_id nobody;
	sqlite3_stmt *st = x->statement[JVPN_SQL_LINE];
	int rc = SQLITE_OK;

	for (size_t i = 0; i < op->line_count && rc == SQLITE_OK; i++) {
		if (!jvpn_id_equal(&op->id, &nobody))
			bind_blob(st, 1, op->id.b, JVPN_ID_BYTES);
		bind_u64(st, 2, op->wall_ms);
		bind_blob(st, 3, op->line[i].data, op->line[i].len);
		rc = run(st);
		x->audit_bytes += op->line[i].len + JVPN_STORE_ENTRY_BYTES;
	}
	return rc;
}

static int add_tombstone(struct jvpn_sqlite_exec *x, const struct jvpn_store_op *op,
			 uint64_t version)
{
	sqlite3_stmt *st = x->statement[JVPN_SQL_END];

	bind_blob(st, 1, op->id.b, JVPN_ID_BYTES);
	bind_u64(st, 2, version);
	bind_nonce(st, 3, &op->nonce);
	bind_u64(st, 5, op->wall_ms);
	x->audit_bytes += JVPN_STORE_ENTRY_BYTES;
	return run(st);
}

static int put_record(struct jvpn_sqlite_exec *x, const struct jvpn_store_op *op)
{
	bool insert = op->from_version == 0;
	sqlite3_stmt *st = x->statement[insert ? JVPN_SQL_INSERT : JVPN_SQL_UPDATE];

	bind_blob(st, 1, op->id.b, JVPN_ID_BYTES);
	bind_u64(st, 2, op->to_version);
	bind_nonce(st, 3, &op->nonce);
	sqlite3_bind_int(st, 5, (int)op->state);
	bind_blob(st, 6, op->record, op->record_len);
	if (!insert)
		bind_u64(st, 7, op->from_version);
	return run(st);
}

static int drop_record(struct jvpn_sqlite_exec *x, const struct jvpn_id *id, uint64_t version)
{
	sqlite3_stmt *st = x->statement[JVPN_SQL_DELETE];

	bind_blob(st, 1, id->b, JVPN_ID_BYTES);
	bind_u64(st, 2, version);
	return run(st);
}

/* The compare-and-swap itself: did the statement find the record at from_version? */
static int swap(struct jvpn_sqlite_exec *x, const struct jvpn_store_op *op, bool *swapped)
{
	bool ends = op->state == JVPN_STATE_TERMINATED;
	int rc = ends ? drop_record(x, &op->id, op->from_version) : put_record(x, op);

	*swapped = rc == SQLITE_OK && sqlite3_changes(x->db) == 1;
	if (*swapped && ends)
		rc = add_tombstone(x, op, op->to_version);
	return rc;
}

static int insert(struct jvpn_sqlite_exec *x, const struct jvpn_store_op *op)
{
	if (op->state == JVPN_STATE_TERMINATED)
		return add_tombstone(x, op, op->to_version);
	return put_record(x, op);
}

static int on_write(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	const struct jvpn_store_op *op = &request->op;
	struct jvpn_store_current current;
	bool done = false, write = false;
	int rc = SQLITE_OK;

	request->result.status = JVPN_STORE_OK;
	if (op->from_version != 0)
		rc = swap(x, op, &done);
	if (rc == SQLITE_OK && !done) {
		rc = lookup(x, &op->id, &current);
		request->result.status = jvpn_store_decide(&current, op, &write);
		request->result.version = current.version;
		if (rc == SQLITE_OK && write && op->from_version != 0)
			rc = SQLITE_CORRUPT; /* it is there and was not found */
		else if (rc == SQLITE_OK && write)
			rc = insert(x, op);
	}
	if (rc == SQLITE_OK && (done || write))
		rc = add_lines(x, op);
	return rc;
}

static int on_remove(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	const struct jvpn_store_op *op = &request->op;
	struct jvpn_store_current current;
	bool write = false;
	int rc = lookup(x, &op->id, &current);

	if (rc != SQLITE_OK)
		return rc;
	request->result.status = jvpn_store_decide(&current, op, &write);
	request->result.version = current.version;
	if (!write)
		return SQLITE_OK;
	rc = drop_record(x, &op->id, current.version);
	if (rc == SQLITE_OK)
		rc = add_tombstone(x, op, current.version);
	return rc == SQLITE_OK ? add_lines(x, op) : rc;
}

static int on_reread(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	struct jvpn_store_current current;
	bool write;
	int rc = lookup(x, &request->op.id, &current);

	request->result.status = jvpn_store_decide(&current, &request->op, &write);
	request->result.version = current.version;
	return rc;
}

static int on_alive(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	const struct jvpn_stamp *stamp = &request->op.stamp;
	sqlite3_stmt *st = x->statement[JVPN_SQL_STATE_ALIVE];

	bind_u64(st, 1, stamp->wall_ms);
	bind_u64(st, 2, stamp->boottime_ms);
	bind_blob(st, 3, stamp->boot_id, JVPN_BOOT_ID_BYTES);
	return run(st);
}

/* One row of (seq, length, wall_ms), or SQLITE_DONE. */
struct trim_row {
	uint64_t seq, len, wall_ms;
};

static int trim_peek(sqlite3_stmt *st, struct trim_row *row)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW) {
		row->seq = column_u64(st, 0);
		row->len = column_u64(st, 1);
		row->wall_ms = column_u64(st, 2);
	}
	sqlite3_reset(st);
	return rc;
}

static void forget_bytes(struct jvpn_sqlite_exec *x, uint64_t bytes)
{
	x->audit_bytes -= bytes < x->audit_bytes ? bytes : x->audit_bytes;
}

static int trim_row(struct jvpn_sqlite_exec *x, const struct trim_row *row,
		    struct jvpn_store_request *request)
{
	bind_u64(x->statement[JVPN_SQL_TRIM_LINE], 1, row->seq);
	forget_bytes(x, row->len + JVPN_STORE_ENTRY_BYTES);
	request->result.count++;
	return run(x->statement[JVPN_SQL_TRIM_LINE]);
}

static bool trim_has_budget(const struct jvpn_store_request *request)
{
	return request->result.count < JVPN_STORE_TRIM_BATCH;
}

static int drop_tombstone(struct jvpn_sqlite_exec *x, uint64_t seq)
{
	bind_u64(x->statement[JVPN_SQL_ENDED_DROP], 1, seq);
	forget_bytes(x, JVPN_STORE_ENTRY_BYTES);
	return run(x->statement[JVPN_SQL_ENDED_DROP]);
}

/* The lines of the session that ended first, then its tombstone. SQLITE_DONE: none is left. */
static int trim_ended(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	sqlite3_stmt *oldest = x->statement[JVPN_SQL_ENDED_OLDEST];
	sqlite3_stmt *of = x->statement[JVPN_SQL_TRIM_SESSION];
	struct trim_row row;
	struct jvpn_id id;
	uint64_t seq;
	int rc = sqlite3_step(oldest);

	if (rc != SQLITE_ROW || sqlite3_column_bytes(oldest, 1) != JVPN_ID_BYTES) {
		sqlite3_reset(oldest);
		return rc == SQLITE_ROW ? SQLITE_CORRUPT : rc;
	}
	seq = column_u64(oldest, 0);
	memcpy(id.b, sqlite3_column_blob(oldest, 1), JVPN_ID_BYTES);
	sqlite3_reset(oldest);
	rc = SQLITE_OK;
	while (rc == SQLITE_OK && trim_has_budget(request)) {
		bind_blob(of, 1, id.b, JVPN_ID_BYTES);
		rc = trim_peek(of, &row);
		if (rc == SQLITE_ROW)
			rc = trim_row(x, &row, request);
	}
	sqlite3_clear_bindings(of);
	return rc == SQLITE_DONE ? drop_tombstone(x, seq) : rc;
}

static int trim_by_age(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	uint64_t before_ms = request->op.before_wall_ms;
	int rc = SQLITE_OK, dropped = 0;
	struct trim_row row;

	while (rc == SQLITE_OK && trim_has_budget(request)) {
		rc = trim_peek(x->statement[JVPN_SQL_TRIM_OLDEST], &row);
		if (rc != SQLITE_ROW || row.wall_ms >= before_ms)
			break;
		rc = trim_row(x, &row, request);
	}
	rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
	while (rc == SQLITE_OK && dropped++ < JVPN_STORE_TRIM_BATCH) {
		rc = trim_peek(x->statement[JVPN_SQL_ENDED_OLDEST], &row);
		if (rc != SQLITE_ROW || row.wall_ms >= before_ms)
			break;
		rc = drop_tombstone(x, row.seq);
	}
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int trim_by_size(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	struct trim_row row;
	int rc = SQLITE_OK;

	while (rc == SQLITE_OK && trim_has_budget(request) &&
	       x->audit_bytes > request->op.max_bytes) {
		rc = trim_ended(x, request);
		if (rc != SQLITE_DONE)
			continue;
		rc = trim_peek(x->statement[JVPN_SQL_TRIM_OLDEST], &row);
		if (rc == SQLITE_ROW)
			rc = trim_row(x, &row, request);
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int on_trim(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	int rc;

	request->result.count = 0;
	rc = trim_by_age(x, request);
	if (rc == SQLITE_OK)
		rc = trim_by_size(x, request);
	request->result.more = !trim_has_budget(request);
	return rc;
}

int jvpn_sqlite_execute(struct jvpn_sqlite_exec *x, struct jvpn_store_request *request)
{
	request->result.status = JVPN_STORE_OK;
	request->result.version = 0;
	switch (request->op.kind) {
	case JVPN_STORE_OP_CAS:
	case JVPN_STORE_OP_APPEND:
		return on_write(x, request);
	case JVPN_STORE_OP_REREAD:
		return on_reread(x, request);
	case JVPN_STORE_OP_REMOVE:
		return on_remove(x, request);
	case JVPN_STORE_OP_ALIVE:
		return on_alive(x, request);
	case JVPN_STORE_OP_AUDIT:
		return add_lines(x, &request->op);
	case JVPN_STORE_OP_TRIM:
		return on_trim(x, request);
	case JVPN_STORE_OP_NONE:
	case JVPN_STORE_OP_COUNT:
		break;
	}
	return SQLITE_MISUSE;
}
