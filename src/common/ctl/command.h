/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands of the control socket (docs/control.md) as one table: names, keys, who may give them,
 * what they cost. Both ends use it.
 */
#ifndef JVPN_CTL_COMMAND_H
#define JVPN_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Which program takes it. */
enum jvpn_ctl_role { JVPN_CTL_SERVER = 1 << 0, JVPN_CTL_CLIENT = 1 << 1, JVPN_CTL_BOTH = 3 };

/* Keys of a request beside v, id and cmd. */
enum jvpn_ctl_key {
	JVPN_CTL_KEY_SESSION = 1 << 0, /* "session": 32 lower-case hex digits */
	JVPN_CTL_KEY_TO = 1 << 1,      /* "to": a transport id or its label */
	JVPN_CTL_KEY_REASON = 1 << 2,  /* "reason": a reason of the registry that ends sessions */
	JVPN_CTL_KEY_SINCE = 1 << 3,   /* "since": a seq of the event stream */
	JVPN_CTL_KEY_FOLLOW = 1 << 4   /* "follow": true or false */
};

/* X(NAME, "name", roles, acts, keys, required keys, cost, "help") */
#define JVPN_CTL_COMMAND_MAP(X)                                                                    \
	X(STATUS, "status", JVPN_CTL_BOTH, false, 0, 0, 1, "How it is.")                           \
	X(SESSIONS, "sessions", JVPN_CTL_BOTH, false, 0, 0, 5, "Lists the sessions.")              \
	X(SESSION, "session", JVPN_CTL_BOTH, false, JVPN_CTL_KEY_SESSION, JVPN_CTL_KEY_SESSION, 1, \
	  "Everything about one session.")                                                         \
	X(TRANSPORTS, "transports", JVPN_CTL_BOTH, false, JVPN_CTL_KEY_SESSION, 0, 5,              \
	  "Lists the transports of one session or of all.")                                        \
	X(SWITCH, "switch", JVPN_CTL_BOTH, true, JVPN_CTL_KEY_SESSION | JVPN_CTL_KEY_TO, 0, 1,     \
	  "Asks a session to move to another transport.")                                          \
	X(TERMINATE, "terminate", JVPN_CTL_BOTH, true, JVPN_CTL_KEY_SESSION | JVPN_CTL_KEY_REASON, \
	  JVPN_CTL_KEY_SESSION, 1, "Ends a session.")                                              \
	X(DRAIN, "drain", JVPN_CTL_SERVER, true, 0, 0, 1,                                          \
	  "Takes no new sessions and lets go of the present ones, which stay in the store.")       \
	X(RELOAD, "reload", JVPN_CTL_BOTH, true, 0, 0, 20, "Loads the policy again.")              \
	X(EVENTS, "events", JVPN_CTL_BOTH, false, JVPN_CTL_KEY_SINCE | JVPN_CTL_KEY_FOLLOW, 0, 1,  \
	  "The event stream.")                                                                     \
	X(POLICY, "policy", JVPN_CTL_BOTH, false, 0, 0, 1, "The policy in force.")

enum jvpn_ctl_command_id {
	JVPN_CTL_NONE = 0,
#define X(id, name, roles, acts, keys, required, cost, help) JVPN_CTL_##id,
	JVPN_CTL_COMMAND_MAP(X)
#undef X
		JVPN_CTL_COUNT
};

struct jvpn_ctl_command {
	enum jvpn_ctl_command_id id;
	const char *name;
	unsigned roles;
	bool acts; /* changes something: not everybody may */
	unsigned keys, required;
	unsigned cost; /* tokens of the rate limit */
	const char *help;
};

/* The command of that name, NULL when there is none for the role. */
const struct jvpn_ctl_command *jvpn_ctl_command_find(const char *name, unsigned role);
/* The command of that id; NULL for NONE and out of range. */
const struct jvpn_ctl_command *jvpn_ctl_command_get(enum jvpn_ctl_command_id id);
/* "status, sessions, ..." of a role, for people. */
void jvpn_ctl_command_list(unsigned role, char *out, size_t size);

#endif
