/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys of a session and MACs over messages (docs/protocol.md "Keys", "MACs").
 */
#include "crypto/proof.h"

#include <string.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

#define INFO_LABEL_BYTES 11
static const char info_c2s[] = "jvpn c2s v1";
static const char info_s2c[] = "jvpn s2c v1";

_Static_assert(JVPN_PROOF_MAC_BYTES == JVPN_SHA256_BYTES, "the MAC is a whole HMAC-SHA-256");
_Static_assert(sizeof(info_c2s) - 1 == INFO_LABEL_BYTES && sizeof(info_s2c) - 1 == INFO_LABEL_BYTES,
	       "both labels have one length, so neither is a prefix of the other's input");

/* HKDF info: label || session id. */
static int derive(const struct jvpn_secret *session_key, const char *label,
		  const struct jvpn_id *id, struct jvpn_secret *out)
{
	uint8_t info[INFO_LABEL_BYTES + JVPN_ID_BYTES];

	memcpy(info, label, INFO_LABEL_BYTES);
	memcpy(info + INFO_LABEL_BYTES, id->b, JVPN_ID_BYTES);
	return jvpn_hkdf_sha256(session_key, info, sizeof(info), out, JVPN_SECRET_KEY_BYTES);
}

int jvpn_session_keys_derive(const struct jvpn_secret *session_key, const struct jvpn_id *id,
			     struct jvpn_session_keys *keys)
{
	int err;

	jvpn_session_keys_clear(keys);
	if (session_key->len != JVPN_SECRET_KEY_BYTES ||
	    jvpn_ct_is_zero(session_key->b, session_key->len))
		return JVPN_EINVAL;
	err = derive(session_key, info_c2s, id, &keys->c2s);
	if (!err)
		err = derive(session_key, info_s2c, id, &keys->s2c);
	if (err)
		jvpn_session_keys_clear(keys);
	return err;
}

void jvpn_session_keys_clear(struct jvpn_session_keys *keys)
{
	jvpn_secret_clear(&keys->c2s);
	jvpn_secret_clear(&keys->s2c);
}

int jvpn_proof_compute(const struct jvpn_secret *key, const uint8_t *input, size_t len,
		       const uint8_t *exporter, uint8_t mac[JVPN_PROOF_MAC_BYTES])
{
	struct jvpn_hash_part part[2] = {
		{input, len},
		{exporter, exporter ? JVPN_PROOF_EXPORTER_BYTES : 0},
	};

	memset(mac, 0, JVPN_PROOF_MAC_BYTES);
	if (key->len != JVPN_SECRET_KEY_BYTES)
		return JVPN_EINVAL;
	return jvpn_hmac_sha256(key, part, 2, mac);
}

bool jvpn_proof_check(const struct jvpn_secret *key, const uint8_t *input, size_t len,
		      const uint8_t *exporter, const uint8_t mac[JVPN_PROOF_MAC_BYTES])
{
	uint8_t expected[JVPN_PROOF_MAC_BYTES];
	bool ok = jvpn_proof_compute(key, input, len, exporter, expected) == 0;

	ok = ok && jvpn_ct_equal(expected, mac, sizeof(expected));
	jvpn_wipe(expected, sizeof(expected));
	return ok;
}
