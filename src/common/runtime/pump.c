/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches out of the TUN, fragments into a session.
 */
#include "runtime/pump.h"

#include "tun/fragment.h"
#include "tun/tun.h"

/* Packets of one readable event: enough to amortise the turn, few enough not to starve sockets. */
#define PUMP_BATCH      64
#define PUMP_ROUNDS     4
#define PUMP_SLOT_BYTES 2048

void jvpn_pump_read(struct jvpn_tun *tun, jvpn_pump_fn fn, void *user)
{
	static uint8_t slots[PUMP_BATCH * PUMP_SLOT_BYTES];
	size_t lens[PUMP_BATCH];

	for (int round = 0; round < PUMP_ROUNDS; round++) {
		int n = jvpn_tun_read_many(tun, slots, PUMP_SLOT_BYTES, lens, PUMP_BATCH);

		for (int i = 0; i < n; i++)
			fn(user, slots + (size_t)i * PUMP_SLOT_BYTES, lens[i]);
		if (n < PUMP_BATCH)
			return;
	}
}

void jvpn_pump_send_fragments(struct jvpn_live *live, const struct jvpn_forward_packet *packet)
{
	uint8_t out[PUMP_SLOT_BYTES];
	struct jvpn_fragment fragment;
	int len;

	if (jvpn_fragment_init(&fragment, &packet->view, packet->data, packet->mtu))
		return;
	while ((len = jvpn_fragment_next(&fragment, out, sizeof(out))) > 0)
		jvpn_live_send(live, out, (size_t)len);
}
