/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The other end of the control socket: asks a running program one thing and takes the lines of its
 * answer. Blocks: for commands, not for daemons.
 */
#ifndef JVPN_CTL_ASK_H
#define JVPN_CTL_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/request.h"

/* What a line of the answer is. */
enum jvpn_ctl_line {
	JVPN_CTL_LINE_NONE = 0,
	JVPN_CTL_LINE_RESULT, /* the whole answer */
	JVPN_CTL_LINE_ITEM,   /* one of several */
	JVPN_CTL_LINE_EVENT,
	JVPN_CTL_LINE_END,  /* there were all of them */
	JVPN_CTL_LINE_ERROR /* it is refused */
};

/* 'json' is the value of the line, NUL-terminated, for the call. False: that is enough. */
typedef bool (*jvpn_ctl_line_fn)(void *user, enum jvpn_ctl_line kind, const char *json);

struct jvpn_ctl_ask {
	const char *path;
	struct jvpn_ctl_request request; /* id is filled here */
	unsigned timeout_ms;             /* without a line for so long; 0: waits for ever */
	jvpn_ctl_line_fn on_line;
	void *user;
};

/* 0 when the answer is complete, an error or not, or the callback had enough. JVPN_ENOTFOUND: nobody
 * listens there; JVPN_EPERM; JVPN_ECLOSED: it went away in the middle; JVPN_ETIMEOUT; JVPN_EMALFORMED:
 * what came is no answer; JVPN_EINVAL, JVPN_EIO. */
int jvpn_ctl_ask(struct jvpn_ctl_ask *ask);

#endif
