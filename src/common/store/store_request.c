/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One operation: checked, copied, and the rule by which it is decided. The same for every backend;
 * no I/O.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"

#define VERSION_MAX (UINT64_MAX >> 1)

static bool write_is_valid(const struct jvpn_store_op *op)
{
	if (op->to_version <= op->from_version || op->to_version > VERSION_MAX)
		return false;
	if (op->state <= JVPN_STATE_NONE || op->state >= JVPN_STATE_COUNT)
		return false;
	if (op->record_len > JVPN_RECORD_MAX || (op->record_len != 0 && !op->record))
		return false;
	return op->record_len != 0 || op->state == JVPN_STATE_TERMINATED;
}

static bool lines_are_valid(const struct jvpn_store_op *op)
{
	if (op->line_count > JVPN_STORE_LINES_MAX || (op->line_count != 0 && !op->line))
		return false;
	for (size_t i = 0; i < op->line_count; i++)
		if (!op->line[i].data || op->line[i].len == 0 ||
		    op->line[i].len > JVPN_STORE_LINE_MAX)
			return false;
	return op->wall_ms <= VERSION_MAX;
}

static bool op_is_valid(const struct jvpn_store_op *op)
{
	if (!lines_are_valid(op))
		return false;
	switch (op->kind) {
	case JVPN_STORE_OP_CAS:
	case JVPN_STORE_OP_APPEND:
		return write_is_valid(op);
	case JVPN_STORE_OP_REMOVE:
		return op->from_version <= VERSION_MAX;
	case JVPN_STORE_OP_ALIVE:
		return op->stamp.wall_ms <= VERSION_MAX && op->stamp.boottime_ms <= VERSION_MAX;
	case JVPN_STORE_OP_AUDIT:
		return op->line_count != 0;
	case JVPN_STORE_OP_REREAD:
	case JVPN_STORE_OP_TRIM:
		return true;
	case JVPN_STORE_OP_NONE:
	case JVPN_STORE_OP_COUNT:
		return false;
	}
	return false;
}

static void copy_data(struct jvpn_store_request *request, const struct jvpn_store_op *op)
{
	uint8_t *to = request->data;

	request->op = *op;
	request->op.record = NULL;
	request->op.line = request->line;
	if (op->record_len != 0) {
		memcpy(to, op->record, op->record_len);
		request->op.record = to;
		to += op->record_len;
	}
	for (size_t i = 0; i < op->line_count; i++) {
		memcpy(to, op->line[i].data, op->line[i].len);
		request->line[i].data = to;
		request->line[i].len = op->line[i].len;
		to += op->line[i].len;
	}
}

int jvpn_store_request_new(const struct jvpn_store_op *op, struct jvpn_store_request **out)
{
	struct jvpn_store_request *request;
	size_t len;

	if (!op_is_valid(op))
		return JVPN_EINVAL;
	len = op->record_len;
	for (size_t i = 0; i < op->line_count; i++)
		len += op->line[i].len;
	request = calloc(1, sizeof(*request) + len);
	if (!request)
		return JVPN_ENOMEM;
	request->bytes = sizeof(*request) + len;
	jvpn_list_init(&request->link);
	jvpn_list_init(&request->inflight);
	copy_data(request, op);
	request->result.kind = op->kind;
	request->result.tag = op->tag;
	request->result.id = op->id;
	request->result.nonce = op->nonce;
	request->result.to_version = op->to_version;
	*out = request;
	return 0;
}

void jvpn_store_request_free(struct jvpn_store_request *request)
{
	free(request);
}

void jvpn_store_request_free_all(struct jvpn_list *requests)
{
	jvpn_list_each(pos, requests)
	{
		jvpn_list_remove(pos);
		jvpn_store_request_free(jvpn_list_owner(pos, struct jvpn_store_request, link));
	}
}

void jvpn_store_list_splice(struct jvpn_list *to, struct jvpn_list *from)
{
	if (jvpn_list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	jvpn_list_init(from);
}

bool jvpn_store_op_is_insert(const struct jvpn_store_op *op)
{
	return (op->kind == JVPN_STORE_OP_CAS || op->kind == JVPN_STORE_OP_APPEND) &&
	       op->from_version == 0 && op->state != JVPN_STATE_TERMINATED;
}

static bool is_same_attempt(const struct jvpn_store_current *current,
			    const struct jvpn_store_op *op)
{
	return (current->exists || current->ended) &&
	       current->nonce.incarnation == op->nonce.incarnation &&
	       current->nonce.counter == op->nonce.counter;
}

enum jvpn_store_status jvpn_store_decide(const struct jvpn_store_current *current,
					 const struct jvpn_store_op *op, bool *write)
{
	bool same = is_same_attempt(current, op);

	*write = false;
	if (op->kind == JVPN_STORE_OP_REREAD)
		return same ? JVPN_STORE_FOUND : JVPN_STORE_NOT_FOUND;
	if (op->kind == JVPN_STORE_OP_REMOVE) {
		if (same && current->ended)
			return JVPN_STORE_OK;
		*write = current->exists &&
			 (op->from_version == 0 || op->from_version == current->version);
	} else if (same && current->version == op->to_version) {
		return JVPN_STORE_OK;
	} else if (op->from_version == 0) {
		*write = !current->exists && !current->ended;
	} else {
		*write = current->exists && current->version == op->from_version;
	}
	return *write ? JVPN_STORE_OK : JVPN_STORE_CONFLICT;
}

void jvpn_store_finish(struct jvpn_store_backend *b, struct jvpn_store_request *request,
		       enum jvpn_store_status status)
{
	struct jvpn_list batch;

	jvpn_list_init(&batch);
	jvpn_list_push_back(&batch, &request->link);
	request->result.status = status;
	b->sink->done(b->sink, &batch);
}

const char *jvpn_store_kind_name(enum jvpn_store_kind kind)
{
	static const char *const name[JVPN_STORE_OP_COUNT] = {
		[JVPN_STORE_OP_NONE] = "none",     [JVPN_STORE_OP_CAS] = "cas",
		[JVPN_STORE_OP_APPEND] = "append", [JVPN_STORE_OP_REREAD] = "reread",
		[JVPN_STORE_OP_REMOVE] = "remove", [JVPN_STORE_OP_ALIVE] = "alive",
		[JVPN_STORE_OP_AUDIT] = "audit",   [JVPN_STORE_OP_TRIM] = "trim",
	};

	return (unsigned int)kind < JVPN_STORE_OP_COUNT ? name[kind] : "none";
}

const char *jvpn_store_status_name(enum jvpn_store_status status)
{
	static const char *const name[JVPN_STORE_COUNT] = {
		[JVPN_STORE_NONE] = "none",         [JVPN_STORE_OK] = "ok",
		[JVPN_STORE_CONFLICT] = "conflict", [JVPN_STORE_NOT_OWNER] = "not_owner",
		[JVPN_STORE_FAILED] = "failed",     [JVPN_STORE_TIMEOUT] = "timeout",
		[JVPN_STORE_FOUND] = "found",       [JVPN_STORE_NOT_FOUND] = "not_found",
	};

	return (unsigned int)status < JVPN_STORE_COUNT ? name[status] : "none";
}
