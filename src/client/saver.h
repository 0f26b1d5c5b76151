/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes the state file on a thread of its own, so that the loop never waits for the disk. What is
 * handed in while a write is under way replaces what waits: only the newest counts. A write that
 * failed is tried again once a second until it works or something newer comes.
 */
#ifndef JVPN_CLIENT_SAVER_H
#define JVPN_CLIENT_SAVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jvpn_saver; /* owner: the client */

/* How a write ended. */
struct jvpn_saver_result {
	uint64_t ticket; /* of the newest snapshot that is on disk; 0: none yet */
	int error;       /* errno of the last attempt, 0: it worked */
};

/* 'path' is copied. JVPN_ENOMEM, JVPN_EIO (eventfd, thread). */
int jvpn_saver_new(const char *path, struct jvpn_saver **out);
/* Ends the thread after the write under way; what waits is not written. */
void jvpn_saver_free(struct jvpn_saver *saver);
/* Readable when there is something new for jvpn_saver_take(). */
int jvpn_saver_fd(const struct jvpn_saver *saver);
/* Copies the octets (JVPN_SAVED_MAX at most; they are wiped afterwards); len 0: the file is to be
 * removed. Tickets grow and are not 0. */
void jvpn_saver_submit(struct jvpn_saver *saver, const void *data, size_t len, uint64_t ticket);
/* Takes the news. */
void jvpn_saver_take(struct jvpn_saver *saver, struct jvpn_saver_result *out);
/* Waits until everything that was handed in is written, at most so long. False: it is not. For the
 * end of the program. */
bool jvpn_saver_wait(struct jvpn_saver *saver, unsigned timeout_ms);

#endif
