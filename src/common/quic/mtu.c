/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Path MTU search. Pure; sends nothing.
 */
#include "quic/mtu.h"

#include "base/time.h"

void jvpn_mtu_init(struct jvpn_mtu *m, size_t max)
{
	*m = (struct jvpn_mtu){.max = max, .failed = SIZE_MAX, .deadline_ns = JVPN_TIME_NEVER};
	m->size = max < JVPN_MTU_HANDSHAKE ? JVPN_MTU_BASE : JVPN_MTU_HANDSHAKE;
}

void jvpn_mtu_fall_back(struct jvpn_mtu *m)
{
	if (!m->is_established)
		m->size = JVPN_MTU_BASE;
}

void jvpn_mtu_on_established(struct jvpn_mtu *m, size_t largest_sent)
{
	/* The peer has all of our handshake: its largest packet passed. */
	if (largest_sent < m->size)
		m->size = JVPN_MTU_BASE;
	m->is_established = true;
}

void jvpn_mtu_on_path_change(struct jvpn_mtu *m)
{
	m->failed = SIZE_MAX;
	m->probing = 0;
	m->tries = 0;
	m->deadline_ns = JVPN_TIME_NEVER;
	m->is_confirming = m->size > JVPN_MTU_BASE;
}

static bool is_useful(const struct jvpn_mtu *m, size_t size)
{
	return size > m->size && size < m->failed && size <= m->max;
}

/* First what makes IPv6 possible, then the goal, then what lies between (PPPoE, tunnels). */
static size_t next_size(const struct jvpn_mtu *m)
{
	const size_t wanted[] = {JVPN_MTU_HANDSHAKE, m->max, 1400, 1372};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (is_useful(m, wanted[i]))
			return wanted[i];
	return 0;
}

size_t jvpn_mtu_next(const struct jvpn_mtu *m)
{
	if (!m->is_established || m->probing != 0)
		return 0;
	return m->is_confirming ? m->size : next_size(m);
}

/* Nothing left to try: look again later, when something has failed. */
static void rest(struct jvpn_mtu *m, uint64_t now_ns)
{
	m->deadline_ns = JVPN_TIME_NEVER;
	if (!m->is_confirming && next_size(m) == 0 && m->failed <= m->max)
		m->deadline_ns = jvpn_time_add(now_ns, JVPN_MTU_RAISE_NS);
}

void jvpn_mtu_on_sent(struct jvpn_mtu *m, uint64_t id, size_t size, uint64_t now_ns,
		      uint64_t timeout_ns)
{
	m->probe_id = id;
	m->probing = size;
	m->deadline_ns = jvpn_time_add(now_ns, timeout_ns);
}

void jvpn_mtu_on_acked(struct jvpn_mtu *m, uint64_t id, uint64_t now_ns)
{
	if (m->probing == 0 || id != m->probe_id)
		return;
	if (m->probing > m->size)
		m->size = m->probing;
	m->probing = 0;
	m->tries = 0;
	m->is_confirming = false;
	rest(m, now_ns);
}

static void give_up(struct jvpn_mtu *m, size_t size)
{
	m->failed = size;
	m->tries = 0;
	if (m->is_confirming)
		m->size = JVPN_MTU_BASE;
	m->is_confirming = false;
}

static void lose_probe(struct jvpn_mtu *m, uint64_t now_ns)
{
	size_t size = m->probing;

	m->probing = 0;
	if (++m->tries >= JVPN_MTU_TRIES)
		give_up(m, size);
	rest(m, now_ns);
}

void jvpn_mtu_on_lost(struct jvpn_mtu *m, uint64_t id, uint64_t now_ns)
{
	if (m->probing != 0 && id == m->probe_id)
		lose_probe(m, now_ns);
}

void jvpn_mtu_on_timer(struct jvpn_mtu *m, uint64_t now_ns)
{
	if (now_ns < m->deadline_ns)
		return;
	if (m->probing != 0) {
		lose_probe(m, now_ns);
		return;
	}
	m->deadline_ns = JVPN_TIME_NEVER;
	m->failed = SIZE_MAX;
}

uint64_t jvpn_mtu_deadline(const struct jvpn_mtu *m)
{
	return m->deadline_ns;
}
