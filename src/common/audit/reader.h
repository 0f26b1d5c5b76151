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

/* Reads the files one after another: those that begin with a client's line last, because clients are
 * judged by what servers committed; the order of one side's files stays. Each is opened and read once, so
 * that pipes and FIFOs do; all of them are open at the same time. 0, or what 'event' returned, or with
 * *failed set to the file: JVPN_ENOTFOUND, JVPN_EPERM, JVPN_EIO, JVPN_EFULL (too many open files),
 * JVPN_ENOMEM. */
int jvpn_trail_read(char *const *files, size_t count, const struct jvpn_trail_handler *handler,
		    const char **failed);

#endif
