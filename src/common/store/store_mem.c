/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store in the process's memory: for servers without a durable store and for tests. The same
 * rules as the durable one, bounded, no thread: an operation is done when submit returns, its answer
 * still comes through the completion queue. Nothing survives the process.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"

/* Owner: the map's index is its place in 'record'. */
struct mem_record {
	struct jvpn_id id;
	struct jvpn_store_current current;
	enum jvpn_state state;
	uint8_t *data;
	size_t len;
	struct jvpn_list ended; /* tombstones, oldest first; free places */
};

struct mem_line {
	struct jvpn_list link;
	struct jvpn_store_audit_entry entry;
	uint8_t data[];
};

struct mem_store {
	struct jvpn_store_backend base; /* first */
	struct jvpn_map *by_id;
	struct mem_record *record;
	struct jvpn_list ended, unused;
	struct jvpn_list audit;
	uint64_t audit_bytes, audit_bytes_max, audit_seq;
	bool has_alive;
	struct jvpn_stamp alive;
	size_t capacity;
	uint64_t commits;
};

static struct mem_record *find(struct mem_store *m, const struct jvpn_id *id)
{
	uint32_t index;

	if (jvpn_map_get(m->by_id, id->b, JVPN_ID_BYTES, &index))
		return NULL;
	return &m->record[index];
}

static void forget(struct mem_store *m, struct mem_record *r)
{
	jvpn_map_remove(m->by_id, r->id.b, JVPN_ID_BYTES);
	free(r->data);
	jvpn_list_remove(&r->ended);
	memset(r, 0, sizeof(*r));
	jvpn_list_push_back(&m->unused, &r->ended);
}

/* A place for a new id; the oldest tombstone gives way. NULL: full of living records. */
static struct mem_record *claim(struct mem_store *m, const struct jvpn_id *id)
{
	struct mem_record *r;

	if (jvpn_list_is_empty(&m->unused)) {
		if (jvpn_list_is_empty(&m->ended))
			return NULL;
		forget(m, jvpn_list_owner(m->ended.next, struct mem_record, ended));
	}
	r = jvpn_list_owner(m->unused.next, struct mem_record, ended);
	if (jvpn_map_put(m->by_id, id->b, JVPN_ID_BYTES, (uint32_t)(r - m->record)))
		return NULL;
	jvpn_list_remove(&r->ended);
	r->id = *id;
	return r;
}

static void drop_line(struct mem_store *m, struct mem_line *line)
{
	jvpn_list_remove(&line->link);
	m->audit_bytes -= line->entry.len + JVPN_STORE_ENTRY_BYTES;
	free(line);
}

/* Lines that do not fit into memory are lost with the oldest; this store promises no more. */
static void add_lines(struct mem_store *m, const struct jvpn_store_op *op)
{
	static const struct jvpn_id nobody;

	for (size_t i = 0; i < op->line_count; i++) {
		struct mem_line *line = malloc(sizeof(*line) + op->line[i].len);

		if (!line)
			return;
		memcpy(line->data, op->line[i].data, op->line[i].len);
		line->entry.seq = ++m->audit_seq;
		line->entry.wall_ms = op->wall_ms;
		line->entry.has_session = !jvpn_id_equal(&op->id, &nobody);
		line->entry.session = op->id;
		line->entry.data = line->data;
		line->entry.len = op->line[i].len;
		jvpn_list_init(&line->link);
		jvpn_list_push_back(&m->audit, &line->link);
		m->audit_bytes += line->entry.len + JVPN_STORE_ENTRY_BYTES;
	}
	while (m->audit_bytes > m->audit_bytes_max)
		drop_line(m, jvpn_list_owner(m->audit.next, struct mem_line, link));
}

/* Memory first, then changes: a failure leaves the record as it was. */
static enum jvpn_store_status apply(struct mem_store *m, struct mem_record *r,
				    const struct jvpn_store_op *op)
{
	bool ends = op->kind == JVPN_STORE_OP_REMOVE || op->state == JVPN_STATE_TERMINATED;
	uint8_t *data = NULL;

	if (!ends) {
		data = malloc(op->record_len);
		if (!data)
			return JVPN_STORE_FAILED;
		memcpy(data, op->record, op->record_len);
	}
	if (!r)
		r = claim(m, &op->id);
	if (!r) {
		free(data);
		return JVPN_STORE_FAILED;
	}
	free(r->data);
	r->data = data;
	r->len = ends ? 0 : op->record_len;
	r->current.exists = !ends;
	r->current.ended = ends;
	r->current.nonce = op->nonce;
	if (op->kind != JVPN_STORE_OP_REMOVE)
		r->current.version = op->to_version;
	r->state = ends ? JVPN_STATE_TERMINATED : op->state;
	if (ends)
		jvpn_list_push_back(&m->ended, &r->ended);
	add_lines(m, op);
	return JVPN_STORE_OK;
}

static enum jvpn_store_status on_record(struct mem_store *m, struct jvpn_store_request *request)
{
	static const struct jvpn_store_current nothing;
	struct mem_record *r = find(m, &request->op.id);
	const struct jvpn_store_current *current = r ? &r->current : &nothing;
	enum jvpn_store_status status;
	bool write;

	status = jvpn_store_decide(current, &request->op, &write);
	request->result.version = current->version;
	return write ? apply(m, r, &request->op) : status;
}

static uint64_t trim_session(struct mem_store *m, const struct jvpn_id *id, uint64_t budget)
{
	uint64_t n = 0;

	jvpn_list_each(pos, &m->audit)
	{
		struct mem_line *line = jvpn_list_owner(pos, struct mem_line, link);

		if (n == budget)
			break;
		if (!line->entry.has_session || !jvpn_id_equal(&line->entry.session, id))
			continue;
		drop_line(m, line);
		n++;
	}
	return n;
}

/* Too old, then of the longest ended sessions, then the oldest. */
static void trim(struct mem_store *m, struct jvpn_store_request *request)
{
	const struct jvpn_store_op *op = &request->op;
	uint64_t n = 0;

	while (n < JVPN_STORE_TRIM_BATCH && !jvpn_list_is_empty(&m->audit)) {
		struct mem_line *first = jvpn_list_owner(m->audit.next, struct mem_line, link);

		if (first->entry.wall_ms >= op->before_wall_ms)
			break;
		drop_line(m, first);
		n++;
	}
	while (n < JVPN_STORE_TRIM_BATCH && m->audit_bytes > op->max_bytes) {
		if (!jvpn_list_is_empty(&m->ended)) {
			struct mem_record *r =
				jvpn_list_owner(m->ended.next, struct mem_record, ended);

			n += trim_session(m, &r->id, JVPN_STORE_TRIM_BATCH - n);
			if (n < JVPN_STORE_TRIM_BATCH)
				forget(m, r);
			continue;
		}
		drop_line(m, jvpn_list_owner(m->audit.next, struct mem_line, link));
		n++;
	}
	request->result.count = n;
	request->result.more = n == JVPN_STORE_TRIM_BATCH;
}

static int mem_submit(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	struct mem_store *m = (struct mem_store *)b;
	enum jvpn_store_status status = JVPN_STORE_OK;

	m->commits++;
	switch (request->op.kind) {
	case JVPN_STORE_OP_CAS:
	case JVPN_STORE_OP_APPEND:
	case JVPN_STORE_OP_REREAD:
	case JVPN_STORE_OP_REMOVE:
		status = on_record(m, request);
		break;
	case JVPN_STORE_OP_ALIVE:
		m->alive = request->op.stamp;
		m->has_alive = true;
		break;
	case JVPN_STORE_OP_AUDIT:
		add_lines(m, &request->op);
		break;
	case JVPN_STORE_OP_TRIM:
		trim(m, request);
		break;
	case JVPN_STORE_OP_NONE:
	case JVPN_STORE_OP_COUNT:
		break;
	}
	jvpn_store_finish(b, request, status);
	return 0;
}

static bool mem_cancel(struct jvpn_store_backend *b, struct jvpn_store_request *request)
{
	(void)b;
	(void)request;
	return false;
}

static int mem_load(struct jvpn_store_backend *b,
		    int (*each)(void *user, const struct jvpn_store_entry *entry), void *user,
		    char *error)
{
	struct mem_store *m = (struct mem_store *)b;

	(void)error;
	for (size_t i = 0; i < m->capacity; i++) {
		const struct mem_record *r = &m->record[i];
		struct jvpn_store_entry entry = {
			.id = r->id,
			.version = r->current.version,
			.nonce = r->current.nonce,
			.state = r->state,
			.record = r->data,
			.record_len = r->len,
		};
		int err = r->current.exists ? each(user, &entry) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int mem_alive(struct jvpn_store_backend *b, struct jvpn_stamp *stamp)
{
	struct mem_store *m = (struct mem_store *)b;

	if (!m->has_alive)
		return JVPN_ENOTFOUND;
	*stamp = m->alive;
	return 0;
}

static int mem_audit(struct jvpn_store_backend *b, uint64_t after, jvpn_store_audit_each *each,
		     void *user, char *error)
{
	struct mem_store *m = (struct mem_store *)b;

	(void)error;
	jvpn_list_each(pos, &m->audit)
	{
		const struct mem_line *line = jvpn_list_owner(pos, struct mem_line, link);
		int err = line->entry.seq > after ? each(user, &line->entry) : 0;

		if (err)
			return err;
	}
	return 0;
}

static void mem_stats(struct jvpn_store_backend *b, struct jvpn_store_stats *stats)
{
	struct mem_store *m = (struct mem_store *)b;

	stats->commits = m->commits;
	stats->committed_ops = m->commits;
	stats->audit_bytes = m->audit_bytes;
	stats->health = JVPN_STORE_HEALTH_OK;
}

static enum jvpn_store_health mem_health(struct jvpn_store_backend *b, char *text)
{
	(void)b;
	text[0] = '\0';
	return JVPN_STORE_HEALTH_OK;
}

static void mem_close(struct jvpn_store_backend *b)
{
	struct mem_store *m = (struct mem_store *)b;

	while (!jvpn_list_is_empty(&m->audit))
		drop_line(m, jvpn_list_owner(m->audit.next, struct mem_line, link));
	for (size_t i = 0; m->record && i < m->capacity; i++)
		free(m->record[i].data);
	free(m->record);
	jvpn_map_free(m->by_id);
	free(m);
}

static const struct jvpn_store_backend_ops mem_ops = {
	.name = "memory",
	.durable = false,
	.submit = mem_submit,
	.cancel = mem_cancel,
	.load = mem_load,
	.alive = mem_alive,
	.audit = mem_audit,
	.stats = mem_stats,
	.health = mem_health,
	.close = mem_close,
};

int jvpn_store_mem_open(const struct jvpn_store_config *config, struct jvpn_store_sink *sink,
			struct jvpn_store_backend **out)
{
	struct mem_store *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return JVPN_ENOMEM;
	m->base.ops = &mem_ops;
	m->base.sink = sink;
	m->capacity = config->memory_records;
	m->audit_bytes_max = config->memory_audit_bytes;
	jvpn_list_init(&m->ended);
	jvpn_list_init(&m->unused);
	jvpn_list_init(&m->audit);
	err = jvpn_map_new(m->capacity, config->hash_seed, &m->by_id);
	m->record = err ? NULL : calloc(m->capacity, sizeof(*m->record));
	if (!m->record) {
		mem_close(&m->base);
		return err ? err : JVPN_ENOMEM;
	}
	for (size_t i = 0; i < m->capacity; i++)
		jvpn_list_push_back(&m->unused, &m->record[i].ended);
	*out = &m->base;
	return 0;
}
