/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Steering by the worker octet. Looks at nothing else; knows no sockets.
 */
#include "quic/steer.h"

/* Where the destination connection ID begins (RFC 8999 sections 5.1 and 5.2). */
#define LONG_HEADER  0x80
#define LONG_OFFSET  6
#define SHORT_OFFSET 1

/* Behind octet 0 and the server id. */
static size_t octet_offset(size_t dcid_offset, size_t server_id_len)
{
	return dcid_offset + 1 + server_id_len;
}

unsigned jvpn_steer_owner(const uint8_t *packet, size_t len, size_t server_id_len, unsigned workers)
{
	size_t at;

	if (len == 0)
		return 0;
	at = octet_offset(packet[0] & LONG_HEADER ? LONG_OFFSET : SHORT_OFFSET, server_id_len);
	return at < len ? packet[at] % workers : 0;
}

void jvpn_steer_program(size_t server_id_len, unsigned workers,
			struct sock_filter out[JVPN_STEER_INSTRUCTIONS])
{
	uint32_t long_at = (uint32_t)octet_offset(LONG_OFFSET, server_id_len);
	uint32_t short_at = (uint32_t)octet_offset(SHORT_OFFSET, server_id_len);

	/* A load beyond the end gives 0. Offsets count from the UDP payload. */
	out[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0);
	out[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, LONG_HEADER, 0, 2);
	out[2] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, long_at);
	out[3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0);
	out[4] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, short_at);
	out[5] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers);
	out[6] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
}

uint8_t jvpn_steer_octet(uint8_t random, unsigned worker, unsigned workers)
{
	unsigned octet = random - random % workers + worker;

	return (uint8_t)(octet > UINT8_MAX ? octet - workers : octet);
}
