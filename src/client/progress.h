/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One line on a terminal that says what the client waits for until the tunnel is up, and one at the end that
 * says what it has. Nothing where standard error is no terminal.
 */
#ifndef JVPN_CLIENT_PROGRESS_H
#define JVPN_CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct jvpn_client;

#define JVPN_PROGRESS_EVERY_MS 100

/* Inside the client. */
struct jvpn_progress {
	bool is_on;
	uint64_t drawn_ns;
};

void jvpn_progress_begin(struct jvpn_client *client);
/* Once in a turn. */
void jvpn_progress_poll(struct jvpn_client *client, uint64_t now_ns);
uint64_t jvpn_progress_next_deadline(const struct jvpn_client *client);
/* The line goes. */
void jvpn_progress_end(struct jvpn_client *client);

#endif
