/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See store_fixture.h. Must not know a backend's inside.
 */
#include "store_fixture.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static void on_result(void *user, const struct jvpn_store_result *result)
{
	struct store_fixture *f = user;

	if (f->count < FIXTURE_RESULTS_MAX)
		f->result[f->count] = *result;
	f->count++;
}

void fixture_init(struct store_fixture *f, enum jvpn_store_backend_kind backend)
{
	const char *tmp = getenv("TMPDIR");

	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "%s/jvpn-store-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sessions.db", f->dir);
	f->now_ns = 1000;
	f->config.backend = backend;
	f->config.path = f->path;
	f->config.on_result = on_result;
	f->config.user = f;
	f->config.reserve_bytes = 1;
}

void fixture_clear(struct store_fixture *f)
{
	struct dirent *entry;
	char name[600];
	DIR *dir;

	fixture_close(f);
	dir = opendir(f->dir);
	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", f->dir, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(name))
			rmdir(name);
	}
	if (dir)
		closedir(dir);
	rmdir(f->dir);
}

int fixture_open(struct store_fixture *f)
{
	return jvpn_store_open(&f->config, &f->store, f->error, sizeof(f->error));
}

void fixture_close(struct store_fixture *f)
{
	jvpn_store_close(f->store);
	f->store = NULL;
}

void fixture_reopen(struct store_fixture *f)
{
	fixture_close(f);
	ck_assert_msg(fixture_open(f) == 0, "%s", f->error);
}

struct jvpn_id fixture_id(uint32_t n)
{
	struct jvpn_id id = {{0x5e}};

	for (int i = 0; i < 4; i++)
		id.b[15 - i] = (uint8_t)(n >> 8 * i);
	return id;
}

struct jvpn_store_op fixture_op(enum jvpn_store_kind kind, uint32_t n, uint64_t from, uint64_t to)
{
	struct jvpn_store_op op = {
		.kind = kind,
		.tag = to,
		.id = fixture_id(n),
		.from_version = from,
		.to_version = to,
		.nonce = {0xfedcba9876543210, to},
		.state = JVPN_STATE_ATTACHED,
		.record = FIXTURE_RECORD,
		.record_len = sizeof(FIXTURE_RECORD),
	};

	return op;
}

void fixture_wait(struct store_fixture *f, size_t count)
{
	struct pollfd watch = {.fd = jvpn_store_fd(f->store), .events = POLLIN};

	while (f->count < count) {
		ck_assert_int_eq(poll(&watch, 1, 10000), 1);
		jvpn_store_dispatch(f->store, f->now_ns);
	}
}

const struct jvpn_store_result *fixture_do(struct store_fixture *f, const struct jvpn_store_op *op)
{
	size_t before = f->count;

	ck_assert_int_eq(jvpn_store_submit(f->store, op, f->now_ns), 0);
	fixture_wait(f, before + 1);
	return &f->result[before < FIXTURE_RESULTS_MAX ? before : FIXTURE_RESULTS_MAX - 1];
}

enum jvpn_store_status fixture_cas(struct store_fixture *f, uint32_t n, uint64_t from, uint64_t to)
{
	struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_CAS, n, from, to);

	return fixture_do(f, &op)->status;
}

enum jvpn_store_status fixture_reread(struct store_fixture *f, uint32_t n, uint64_t nonce)
{
	struct jvpn_store_op op = fixture_op(JVPN_STORE_OP_REREAD, n, 0, nonce);

	return fixture_do(f, &op)->status;
}

struct seek {
	struct jvpn_id id;
	uint64_t version;
	size_t records;
};

static int on_entry(void *user, const struct jvpn_store_entry *entry)
{
	struct seek *seek = user;

	seek->records++;
	if (jvpn_id_equal(&entry->id, &seek->id))
		seek->version = entry->version;
	return 0;
}

static struct seek seek(struct store_fixture *f, uint32_t n)
{
	struct seek s = {.id = fixture_id(n)};

	ck_assert_msg(jvpn_store_load(f->store, on_entry, &s, f->error) == 0, "%s", f->error);
	return s;
}

uint64_t fixture_version(struct store_fixture *f, uint32_t n)
{
	return seek(f, n).version;
}

size_t fixture_records(struct store_fixture *f)
{
	return seek(f, 0).records;
}

static int on_audit(void *user, const struct jvpn_store_audit_entry *entry)
{
	char *text = user;
	size_t len = strlen(text);

	snprintf(text + len, 4096 - len, "%.*s,", (int)entry->len, (const char *)entry->data);
	return 0;
}

const char *fixture_audit(struct store_fixture *f, uint64_t after)
{
	static char text[4096];

	text[0] = '\0';
	ck_assert_msg(jvpn_store_audit(f->store, after, on_audit, text, f->error) == 0, "%s",
		      f->error);
	return text;
}
