/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service manager hears of the client: the state of the session and what it is bound to.
 */
#include <stdio.h>

#include "client/client.h"

static void describe(const struct jvpn_client *client, char *out, size_t size)
{
	const struct jvpn_live *live = client->live;
	const struct jvpn_transport *t = live ? jvpn_live_binding(live) : NULL;

	if (!live || live->core.state == JVPN_STATE_BIRTH)
		snprintf(out, size, "connecting to %.150s", client->options->config.server_name);
	else if (t)
		snprintf(out, size, "%s: %s by %s", jvpn_state_name(live->core.state), t->peer,
			 t->label);
	else
		snprintf(out, size, "%s: no transport", jvpn_state_name(live->core.state));
}

void jvpn_client_service_turn(struct jvpn_client *client, uint64_t now_ns)
{
	char text[JVPN_NOTIFY_STATUS_MAX];

	if (jvpn_notify_alive_is_due(&client->notify, now_ns))
		jvpn_notify_alive(&client->notify, true, now_ns);
	if (!jvpn_notify_wants_status(&client->notify, now_ns))
		return;
	describe(client, text, sizeof(text));
	jvpn_notify_status(&client->notify, text, now_ns);
}
