/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A line of the event stream as a message of systemd's journal: "FIELD=value" lines, and the form with
 * a length for values with newlines (systemd's "Native Journal Protocol"). Every member of the line is
 * a field JVPN_<MEMBER>, the line itself is JVPN_JSON.
 */
#ifndef JVPN_OBS_JOURNAL_H
#define JVPN_OBS_JOURNAL_H

#include <stddef.h>

#include "obs/sink.h"

#define JVPN_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* user: the identifier, "jvpn-server". A jvpn_sink_format_fn. */
size_t jvpn_journal_format(const void *user, const char *line, size_t len,
			   char out[JVPN_SINK_MESSAGE_MAX]);

#endif
