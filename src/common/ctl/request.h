/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One request of the control socket: a flat JSON object on a line (docs/control.md). Strict: unknown,
 * double and misplaced keys are refused with what was expected. No allocation, no I/O.
 */
#ifndef JVPN_CTL_REQUEST_H
#define JVPN_CTL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/fsm_table.h"
#include "core/msg.h"
#include "ctl/command.h"

#define JVPN_CTL_VERSION 1
/* The longest line in either direction, with its newline. */
#define JVPN_CTL_LINE_MAX 65536

struct jvpn_ctl_request {
	const struct jvpn_ctl_command *command; /* NULL: refused */
	bool has_id;
	uint64_t id; /* repeated in every line of the answer */
	bool has_session;
	struct jvpn_id session;
	char to[JVPN_TRANSPORT_ID_MAX + 1]; /* "": not given */
	enum jvpn_reason reason;            /* NONE: not given */
	uint64_t since;                     /* 0: not given */
	bool follow;
};

#define JVPN_CTL_MESSAGE_MAX 255

/* Codes are a contract: malformed, unsupported_version, unknown_command, unknown_key, missing_key,
 * bad_value; and of the server: permission_denied, too_long, busy, not_found, not_possible, refused,
 * internal. */
struct jvpn_ctl_error {
	const char *code; /* static */
	char message[JVPN_CTL_MESSAGE_MAX + 1];
};

/* Parses one line without its newline. On JVPN_EMALFORMED *error is filled, out->command is NULL, and
 * id is there as far as it was read. */
int jvpn_ctl_request_parse(const char *line, size_t len, unsigned role,
			   struct jvpn_ctl_request *out, struct jvpn_ctl_error *error);
/* Writes the line with its newline; its length, 0 when it does not fit. */
size_t jvpn_ctl_request_print(const struct jvpn_ctl_request *request, char *out, size_t size);
/* May an operator give this reason for the end of a session? */
bool jvpn_ctl_may_terminate_with(enum jvpn_reason reason);
void jvpn_ctl_error_set(struct jvpn_ctl_error *error, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
