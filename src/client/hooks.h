/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands of the configuration that run when the tunnel comes up and goes down (jvpn-client.8,
 * "HOOKS"). They run beside the loop; only what "pre" means is waited for.
 */
#ifndef JVPN_CLIENT_HOOKS_H
#define JVPN_CLIENT_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/fsm_table.h"

struct jvpn_client;
struct jvpn_live;

enum jvpn_hook {
	JVPN_HOOK_PRE_UP = 0,
	JVPN_HOOK_POST_UP,
	JVPN_HOOK_PRE_DOWN,
	JVPN_HOOK_POST_DOWN,
	JVPN_HOOK_COUNT
};

/* Of the session that was last, for the hooks of the way down. */
struct jvpn_hooks_totals {
	enum jvpn_reason reason;
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes, switches;
};

/* Inside the client. */
struct jvpn_hooks {
	bool up_begun, up_ended; /* pre_up */
	bool has_run;            /* a command of pre_up has done what it does */
	bool is_up;              /* what must be told of the way down */
	bool down_begun;         /* pre_down runs in the loop: no other session, whatever happens */
	bool is_hurried;         /* told again to stop */
	int stop_code;           /* what follows it */
	char session[33];
	char device[16]; /* also when it is gone */
	struct jvpn_hooks_totals totals;
};

/* Before the kernel is configured for the first time: starts pre_up. False: not yet; jvpn_tunnel_update()
 * is called again. */
bool jvpn_hooks_may_up(struct jvpn_client *client);
/* The kernel is configured, for the first time or with other addresses: post_up. */
void jvpn_hooks_on_up(struct jvpn_client *client);
/* Told to stop: runs pre_down while the tunnel still works, then stops with this code. False: there is
 * nothing to run, or it runs already. */
bool jvpn_hooks_go_down(struct jvpn_client *client, int code);
/* The session is over: its totals. */
void jvpn_hooks_note_end(struct jvpn_client *client, const struct jvpn_live *live,
			 enum jvpn_reason reason);
/* At the end, the loop has stopped: what waits of pre_down; all of it, if it has not begun. */
void jvpn_hooks_before_down(struct jvpn_client *client);
/* The tunnel is gone, or pre_up has run and there was none: post_down. */
void jvpn_hooks_after_down(struct jvpn_client *client);

#endif
