/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stateless challenges: the first 16 octets of HMAC-SHA-256(key, label || nonce || epoch ||
 * remote || local), see docs/protocol.md "Challenges".
 */
#include "crypto/challenge.h"

#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

static const char label[] = "jvpn challenge v1";

/* family(1) address(16, IPv4 padded with zeros) port(2) */
#define ADDRESS_BYTES 19

/* A v4-mapped address of a dual-stack socket is the IPv4 address it stands for. */
static void address_from_ipv6(const struct sockaddr_in6 *in6, uint8_t out[ADDRESS_BYTES])
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);

	out[0] = mapped ? 4 : 6;
	if (mapped)
		memcpy(out + 1, in6->sin6_addr.s6_addr + 12, 4);
	else
		memcpy(out + 1, in6->sin6_addr.s6_addr, 16);
	memcpy(out + 17, &in6->sin6_port, 2);
}

static int address_octets(const struct sockaddr *address, uint8_t out[ADDRESS_BYTES])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(out, 0, ADDRESS_BYTES);
	if (!address)
		return 0;
	if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof(in6));
		address_from_ipv6(&in6, out);
		return 0;
	}
	if (address->sa_family != AF_INET)
		return JVPN_EINVAL;
	memcpy(&in, address, sizeof(in));
	out[0] = 4;
	memcpy(out + 1, &in.sin_addr, 4);
	memcpy(out + 17, &in.sin_port, 2);
	return 0;
}

static int compute(const struct jvpn_secret *key, const struct jvpn_challenge_scope *scope,
		   uint64_t epoch, uint8_t out[JVPN_CHALLENGE_LEN])
{
	uint8_t when[8], remote[ADDRESS_BYTES], local[ADDRESS_BYTES], mac[JVPN_SHA256_BYTES];
	struct jvpn_hash_part part[] = {
		{label, sizeof(label) - 1}, {scope->conn_nonce, JVPN_CHALLENGE_NONCE_BYTES},
		{when, sizeof(when)},       {remote, sizeof(remote)},
		{local, sizeof(local)},
	};
	int err;

	memset(out, 0, JVPN_CHALLENGE_LEN);
	if (!scope->remote || address_octets(scope->remote, remote) ||
	    address_octets(scope->local, local) || key->len != JVPN_SECRET_KEY_BYTES)
		return JVPN_EINVAL;
	for (size_t i = 0; i < sizeof(when); i++)
		when[i] = (uint8_t)(epoch >> (56 - 8 * i));
	err = jvpn_hmac_sha256(key, part, sizeof(part) / sizeof(part[0]), mac);
	if (!err)
		memcpy(out, mac, JVPN_CHALLENGE_LEN);
	jvpn_wipe(mac, sizeof(mac));
	return err;
}

int jvpn_challenge_issue(const struct jvpn_secret *key, const struct jvpn_challenge_scope *scope,
			 uint64_t now_ns, uint8_t out[JVPN_CHALLENGE_LEN])
{
	return compute(key, scope, now_ns / JVPN_CHALLENGE_EPOCH_NS, out);
}

bool jvpn_challenge_check(const struct jvpn_secret *key, const struct jvpn_challenge_scope *scope,
			  uint64_t now_ns, const uint8_t challenge[JVPN_CHALLENGE_LEN])
{
	uint64_t epoch = now_ns / JVPN_CHALLENGE_EPOCH_NS;
	uint8_t expected[JVPN_CHALLENGE_LEN];
	bool ok = false;

	for (uint64_t age = 0; age <= 1 && age <= epoch; age++)
		if (compute(key, scope, epoch - age, expected) == 0 &&
		    jvpn_ct_equal(expected, challenge, sizeof(expected)))
			ok = true;
	jvpn_wipe(expected, sizeof(expected));
	return ok;
}
