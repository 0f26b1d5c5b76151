/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What somebody can do who reads that the client could not start or did not go on. Sentences only.
 */
#ifndef JVPN_CLIENT_ADVICE_H
#define JVPN_CLIENT_ADVICE_H

#include "core/fsm_table.h"
#include "quic/quic.h"

/* All return NULL when there is nothing to say. */

/* A connection that ended before there was a session. 'text' is what the TLS layer says. */
const char *jvpn_advice_close(enum jvpn_close_kind kind, const char *text);
/* The status of an answer that gives no session. */
const char *jvpn_advice_status(int status);
/* A session that ended and is followed by none. */
const char *jvpn_advice_end(enum jvpn_reason reason);

#endif
