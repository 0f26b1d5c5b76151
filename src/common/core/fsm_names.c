/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of the registry's enums. Must not invent a name that is not in fsm_table.h.
 */
#include <stddef.h>

#include "core/effect.h"
#include "core/event.h"
#include "core/fsm_table.h"
#include "core/prelude.h"

static const char *const state_names[JVPN_STATE_COUNT] = {
#define X(name, text, meaning) [JVPN_STATE_##name] = text,
	JVPN_STATE_MAP(X)
#undef X
};

static const char *const fsm_event_names[JVPN_FSM_COUNT] = {
#define X(name, text) [JVPN_FSM_##name] = text,
	JVPN_FSM_EVENT_MAP(X)
#undef X
};

static const char *const reason_names[JVPN_REASON_COUNT] = {
#define X(name, text, meaning) [JVPN_REASON_##name] = text,
	JVPN_REASON_MAP(X)
#undef X
};

static const char *const audit_names[JVPN_AUDIT_COUNT] = {
#define X(name, text, meaning) [JVPN_AUDIT_##name] = text,
	JVPN_AUDIT_MAP(X)
#undef X
};

static const char *const event_names[JVPN_EVENT_COUNT] = {
	[JVPN_EVENT_TIMER] = "timer",
	[JVPN_EVENT_CREATE] = "create",
	[JVPN_EVENT_RESTORE] = "restore",
	[JVPN_EVENT_ATTACH_FAILED] = "attach_failed",
	[JVPN_EVENT_TRANSPORT_CLOSED] = "transport_closed",
	[JVPN_EVENT_FACT] = "fact",
	[JVPN_EVENT_KEYS] = "keys",
	[JVPN_EVENT_TERMINATE] = "terminate",
	[JVPN_EVENT_PEER_TERMINATE] = "peer_terminate",
	[JVPN_EVENT_HANDOVER] = "handover",
	[JVPN_EVENT_DRAIN] = "drain",
	[JVPN_EVENT_TRANSPORT_ATTACHED] = "transport_attached",
	[JVPN_EVENT_ATTACH_REQUEST] = "attach_request",
	[JVPN_EVENT_REATTACH_REQUEST] = "reattach_request",
	[JVPN_EVENT_PATH_CANDIDATE] = "path_candidate",
	[JVPN_EVENT_PATH_VALIDATED] = "path_validated",
	[JVPN_EVENT_PATH_FAILED] = "path_failed",
	[JVPN_EVENT_PATH_SUPERSEDED] = "path_superseded",
	[JVPN_EVENT_STORE_RESULT] = "store_result",
	[JVPN_EVENT_TRANSPORT_READY] = "transport_ready",
	[JVPN_EVENT_ATTACH_ACCEPTED] = "attach_accepted",
	[JVPN_EVENT_CREATED] = "created",
	[JVPN_EVENT_REQUIRED] = "required",
	[JVPN_EVENT_ACK] = "ack",
	[JVPN_EVENT_DENY] = "deny",
	[JVPN_EVENT_STATE] = "state",
	[JVPN_EVENT_COMPARE] = "compare",
};

static const char *const effect_names[JVPN_EFFECT_COUNT] = {
	[JVPN_EFFECT_EMIT] = "emit",
	[JVPN_EFFECT_STORE_CAS] = "store_cas",
	[JVPN_EFFECT_STORE_APPEND] = "store_append",
	[JVPN_EFFECT_STORE_REREAD] = "store_reread",
	[JVPN_EFFECT_PERMIT_SET] = "permit_set",
	[JVPN_EFFECT_PERMIT_CLEAR] = "permit_clear",
	[JVPN_EFFECT_PATH_COMMIT] = "path_commit",
	[JVPN_EFFECT_PATH_DROP] = "path_drop",
	[JVPN_EFFECT_OFFPATH_LIMIT] = "offpath_limit",
	[JVPN_EFFECT_SEND] = "send",
	[JVPN_EFFECT_SEND_ATTACH] = "send_attach",
	[JVPN_EFFECT_ATTACH_ACCEPT] = "attach_accept",
	[JVPN_EFFECT_ATTACH_REFUSE] = "attach_refuse",
	[JVPN_EFFECT_CLOSE_TRANSPORT] = "close_transport",
	[JVPN_EFFECT_TERMINATED] = "terminated",
	[JVPN_EFFECT_DROPPED] = "dropped",
};

static const char *name_in(const char *const *names, unsigned int index, unsigned int count)
{
	return index < count && names[index] != NULL ? names[index] : "none";
}

const char *jvpn_state_name(enum jvpn_state state)
{
	return name_in(state_names, (unsigned int)state, JVPN_STATE_COUNT);
}

const char *jvpn_fsm_event_name(enum jvpn_fsm_event event)
{
	return name_in(fsm_event_names, (unsigned int)event, JVPN_FSM_COUNT);
}

const char *jvpn_reason_name(enum jvpn_reason reason)
{
	return name_in(reason_names, (unsigned int)reason, JVPN_REASON_COUNT);
}

const char *jvpn_audit_type_name(enum jvpn_audit_type type)
{
	return name_in(audit_names, (unsigned int)type, JVPN_AUDIT_COUNT);
}

const char *jvpn_event_type_name(enum jvpn_event_type type)
{
	return name_in(event_names, (unsigned int)type, JVPN_EVENT_COUNT);
}

const char *jvpn_effect_type_name(enum jvpn_effect_type type)
{
	return name_in(effect_names, (unsigned int)type, JVPN_EFFECT_COUNT);
}
