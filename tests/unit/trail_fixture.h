/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files of tests/golden/audit: input, and what is to be made of it. With JVPN_GOLDEN_WRITE=1 the outputs
 * are written instead of compared; look at them before committing.
 */
#ifndef JVPN_TESTS_TRAIL_FIXTURE_H
#define JVPN_TESTS_TRAIL_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/reader.h"

/* A path below tests/golden/audit, in one of four static buffers. */
char *trail_path(const char *name);
/* Reads server.jsonl and client.jsonl. */
void trail_read_golden(const struct jvpn_trail_handler *handler);
/* Fails the test unless 'text' is the file. */
void trail_check(const char *name, const char *text, size_t len);

/* Puts one line to the handler, as if it stood in a file. Fails the test when it is no event. */
void trail_put(const struct jvpn_trail_handler *handler, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The first members of every line; 'type' and what follows are the caller's. */
#define TRAIL_HEAD(role)                                                                           \
	"{\"ts_ms\":%llu,\"seq\":%llu,\"pid\":1,\"node_id\":\"n\",\"role\":\"" role                \
	"\",\"policy_version\":\"p\",\"session_id\":\"%032x\",\"state_version\":%u,"

#endif
