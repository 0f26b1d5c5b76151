/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is there a QUIC server at an address? A packet of a version that does not exist (RFC 9000 sections
 * 6.3 and 15) is answered with a Version Negotiation packet by any of them, and costs it no state.
 * The answer repeats our connection ID, which nobody off the path can know. Starts no connection.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/map.h"
#include "crypto/random.h"
#include "quic/quic_internal.h"

/* Of the versions reserved for this; the other four bits of each octet are random. */
#define GREASE_MASK  0x0f
#define GREASE_VALUE 0x0a
#define SCID_LEN     8
#define HEADER_LEN   5

/* Ours, without remembering anything: a keyed hash of where it goes. */
static void make_scid(const struct jvpn_quic *quic, const struct sockaddr_storage *remote,
		      uint8_t scid[SCID_LEN])
{
	uint8_t seed[JVPN_MAP_SEED_BYTES], text[18] = {0};
	uint64_t hash;

	if (remote->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)remote;

		memcpy(text, &in6->sin6_addr, sizeof(in6->sin6_addr));
		memcpy(text + 16, &in6->sin6_port, sizeof(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)remote;

		memcpy(text, &in->sin_addr, sizeof(in->sin_addr));
		memcpy(text + 16, &in->sin_port, sizeof(in->sin_port));
	}
	_Static_assert(sizeof(seed) == sizeof(quic->config.hash_secret), "one key");
	memcpy(seed, quic->config.hash_secret, sizeof(seed));
	seed[0] ^= 0x6b; /* another use of the key */
	hash = jvpn_siphash(seed, text, sizeof(text));
	memcpy(scid, &hash, SCID_LEN);
}

int jvpn_quic_knock(struct jvpn_quic *quic, const struct jvpn_quic_target *target)
{
	uint8_t packet[JVPN_QUIC_INITIAL_MIN], random[JVPN_CID_MAX];
	struct jvpn_tuple tuple = {0};
	struct jvpn_cid dcid;
	size_t at = HEADER_LEN;
	int err = jvpn_random(packet, sizeof(packet));

	if (!err)
		err = jvpn_random(random, sizeof(random));
	if (!err)
		err = jvpn_cid_make_initial(target->dcid_prefix, target->dcid_prefix_len, random,
					    &dcid);
	if (err)
		return err;
	memcpy(&tuple.remote, target->remote,
	       target->remote->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						     : sizeof(struct sockaddr_in));
	packet[0] |= 0xc0;
	for (size_t i = 1; i < HEADER_LEN; i++)
		packet[i] = (uint8_t)((packet[i] & ~GREASE_MASK) | GREASE_VALUE);
	packet[at++] = dcid.len;
	memcpy(packet + at, dcid.b, dcid.len);
	at += dcid.len;
	packet[at++] = SCID_LEN;
	make_scid(quic, &tuple.remote, packet + at);
	return jvpn_endpoint_send(target->endpoint, &tuple, 0, packet, sizeof(packet),
				  sizeof(packet));
}

bool jvpn_quic_is_knock_answer(const struct jvpn_quic *quic, const struct jvpn_datagram *d)
{
	static const uint8_t no_version[4] = {0};
	uint8_t scid[SCID_LEN];

	if (d->len < HEADER_LEN + 1 + SCID_LEN || !(d->data[0] & 0x80) ||
	    memcmp(d->data + 1, no_version, sizeof(no_version)) != 0 ||
	    d->data[HEADER_LEN] != SCID_LEN)
		return false;
	make_scid(quic, &d->tuple->remote, scid);
	return memcmp(d->data + HEADER_LEN + 1, scid, SCID_LEN) == 0;
}
