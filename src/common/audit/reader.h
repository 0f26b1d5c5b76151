/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files of events, line by line, with a bounded buffer. Damaged lines are told and skipped.
 */
#ifndef JVPN_AUDIT_READER_H
#define JVPN_AUDIT_READER_H

#include <stddef.h>
#include <stdint.h>

#include "audit/line.h"

struct jvpn_trail_place {
	const char *file; /* as given; "-" is the standard input */
	uint64_t line;    /* counted from 1; 0: the end */
};

struct jvpn_trail_handler {
	void *user;
	/* JVPN_E* ends the reading. */
	int (*event)(void *user, const struct jvpn_trail_place *place,
		     const struct jvpn_trail_line *line);
	void (*damage)(void *user, const struct jvpn_trail_place *place, const char *why);
};

/* Reads the files one after another: those that begin with a server's line first, because clients are
 * judged by what servers committed; the order of one side's files stays. 0, or JVPN_EPERM, JVPN_EIO with
 * *failed set to the file that cannot be read; or what 'event' returned. */
int jvpn_trail_read(char *const *files, size_t count, const struct jvpn_trail_handler *handler,
		    const char **failed);

#endif
