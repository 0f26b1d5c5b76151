/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which members each event type has, and how grave it is. The encoder, docs/events.schema.json,
 * docs/events.md and jvpn-events.5 are made from this table and the registry (core/fsm_table.h).
 * Members are a public contract: they are added, never renamed.
 */
#ifndef JVPN_OBS_EVENT_SPEC_H
#define JVPN_OBS_EVENT_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "core/audit.h"

/* Groups beside those of enum jvpn_audit_has. */
#define JVPN_HAS_REASON          (1U << 30) /* reason_code */
#define JVPN_HAS_PREVIOUS_POLICY (1U << 31) /* previous_policy_version; obs knows it */

enum jvpn_severity {
	JVPN_SEVERITY_NONE = 0,
	JVPN_SEVERITY_INFO,
	JVPN_SEVERITY_NOTICE,
	JVPN_SEVERITY_WARNING,
	JVPN_SEVERITY_ERROR,
	JVPN_SEVERITY_COUNT
};

/* How a member is written. */
enum jvpn_member_form {
	JVPN_FORM_NONE = 0,
	JVPN_FORM_UINT,      /* integer >= 0 */
	JVPN_FORM_MS,        /* milliseconds with up to three decimals, from microseconds */
	JVPN_FORM_RATIO,     /* 0..1 with up to six decimals, from parts per million */
	JVPN_FORM_TEXT,      /* bounded text */
	JVPN_FORM_ID,        /* 32 lower-case hex digits */
	JVPN_FORM_TRANSPORT, /* transport id label#n; may be empty */
	JVPN_FORM_STATE,     /* state of the registry */
	JVPN_FORM_FSM_EVENT, /* event of the transition function */
	JVPN_FORM_REASON,    /* reason code of the registry */
	JVPN_FORM_TRUE,      /* always true */
	JVPN_FORM_COUNT
};

enum jvpn_member_flag {
	JVPN_MEMBER_MAY_MISS = 1, /* left out when empty or switched off by the policy */
};

struct jvpn_event_member {
	uint32_t group; /* the one bit of 'has' that brings it */
	const char *name;
	enum jvpn_member_form form;
	unsigned flags;
	uint16_t offset; /* in struct jvpn_audit */
	uint16_t size;   /* texts: of the array */
	const char *meaning;
};

struct jvpn_event_spec {
	enum jvpn_severity severity;
	const char *message_id; /* of the journal: 32 hex digits, for ever the type's own */
	uint32_t required;      /* groups that are always there */
	uint32_t optional;      /* groups that may be there; any other is not written */
};

/* Spec of a type; an empty one (NONE) for 0 and out of range. */
const struct jvpn_event_spec *jvpn_event_spec_get(enum jvpn_audit_type type);
/* All members in the order in which they are written; *count is set. */
const struct jvpn_event_member *jvpn_event_members(unsigned *count);
/* "info", "notice", "warning", "error"; "none". */
const char *jvpn_severity_name(enum jvpn_severity severity);
/* The severity of syslog (RFC 5424) for a name: 3 to 6; 6 for any other. */
unsigned jvpn_severity_syslog(const char *name, size_t len);

#endif
