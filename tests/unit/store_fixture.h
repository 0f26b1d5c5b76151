/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A store in a directory of its own, and operations as one-liners. Tests wait for results with
 * poll() on the store's descriptor; the time they pass in is made up.
 */
#ifndef JVPN_TESTS_STORE_FIXTURE_H
#define JVPN_TESTS_STORE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "store/store_fault.h"

#define FIXTURE_RESULTS_MAX 8192
#define FIXTURE_RECORD      "a record that nobody looks into"

struct store_fixture {
	char dir[256];
	char path[300];
	struct jvpn_store_config config;
	struct jvpn_store *store;
	char error[JVPN_STORE_ERROR_MAX];
	uint64_t now_ns;
	size_t count; /* results so far; the first FIXTURE_RESULTS_MAX are kept */
	struct jvpn_store_result result[FIXTURE_RESULTS_MAX];
};

/* A new directory below $TMPDIR or /tmp, nothing opened. */
void fixture_init(struct store_fixture *f, enum jvpn_store_backend_kind backend);
/* Closes, and removes the directory. */
void fixture_clear(struct store_fixture *f);
int fixture_open(struct store_fixture *f);
void fixture_close(struct store_fixture *f);
void fixture_reopen(struct store_fixture *f); /* must succeed */

struct jvpn_id fixture_id(uint32_t n);
/* Session n, from -> to, nonce counter 'to', state ATTACHED, FIXTURE_RECORD. */
struct jvpn_store_op fixture_op(enum jvpn_store_kind kind, uint32_t n, uint64_t from, uint64_t to);
/* Dispatches until 'count' results are there altogether (10 s at most). */
void fixture_wait(struct store_fixture *f, size_t count);
/* Submits and waits; returns the result. */
const struct jvpn_store_result *fixture_do(struct store_fixture *f, const struct jvpn_store_op *op);
enum jvpn_store_status fixture_cas(struct store_fixture *f, uint32_t n, uint64_t from, uint64_t to);
enum jvpn_store_status fixture_reread(struct store_fixture *f, uint32_t n, uint64_t nonce);
/* Version of session n by load, 0: not there. */
uint64_t fixture_version(struct store_fixture *f, uint32_t n);
size_t fixture_records(struct store_fixture *f);
/* The audit as "text,text,": entries after 'after'. */
const char *fixture_audit(struct store_fixture *f, uint64_t after);

#endif
