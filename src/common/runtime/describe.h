/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sessions and transports as JSON members, for the answers of the control socket (docs/control.md).
 * Reads; changes nothing. On the thread that owns the session.
 */
#ifndef JVPN_RUNTIME_DESCRIBE_H
#define JVPN_RUNTIME_DESCRIBE_H

#include "obs/json.h"
#include "runtime/driver.h"

/* The members of an open object. */
void jvpn_describe_session(struct jvpn_json *j, const struct jvpn_live *live);
void jvpn_describe_transport(struct jvpn_json *j, const struct jvpn_live *live, uint8_t slot);
/* A member that is the list of all transports. */
void jvpn_describe_transports(struct jvpn_json *j, const char *name, const struct jvpn_live *live);

#endif
