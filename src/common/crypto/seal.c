/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * version(1) || salt(32) || ciphertext || tag(16). The record key is HKDF(master, label || salt),
 * used for this one message, so a fixed nonce is right: no nonce can ever repeat under a key.
 */
#include "crypto/seal.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/wipe.h"

#define SEAL_VERSION 1
#define NONCE_BYTES  12
#define AAD_MAX      256
#define LABEL_BYTES  12
static const char label[] = "jvpn seal v1";

_Static_assert(sizeof(label) - 1 == LABEL_BYTES, "the label's length is in the layout");

static const uint8_t nonce[NONCE_BYTES];

static int record_key(const struct jvpn_secret *master, const uint8_t *salt,
		      struct jvpn_secret *key)
{
	uint8_t info[LABEL_BYTES + JVPN_SEAL_SALT_BYTES];

	jvpn_secret_clear(key);
	if (master->len != JVPN_SECRET_KEY_BYTES)
		return JVPN_EINVAL;
	memcpy(info, label, LABEL_BYTES);
	memcpy(info + LABEL_BYTES, salt, JVPN_SEAL_SALT_BYTES);
	return jvpn_hkdf_sha256(master, info, sizeof(info), key, JVPN_SECRET_KEY_BYTES);
}

static int aes_open(Aes *aes, const struct jvpn_secret *key)
{
	if (wc_AesInit(aes, NULL, INVALID_DEVID))
		return JVPN_ECRYPTO;
	if (wc_AesGcmSetKey(aes, key->b, key->len)) {
		wc_AesFree(aes);
		return JVPN_ECRYPTO;
	}
	return 0;
}

static void aes_close(Aes *aes)
{
	wc_AesFree(aes);
	jvpn_wipe(aes, sizeof(*aes));
}

int jvpn_seal(const struct jvpn_secret *master, const struct jvpn_secret *secret,
	      const struct jvpn_seal_aad *aad, uint8_t *out, size_t size)
{
	uint8_t *text = out + 1 + JVPN_SEAL_SALT_BYTES;
	struct jvpn_secret key;
	Aes aes;
	int err;

	if (!jvpn_secret_is_set(secret) || aad->len > AAD_MAX)
		return JVPN_EINVAL;
	if (size < (size_t)secret->len + JVPN_SEAL_OVERHEAD)
		return JVPN_ENOSPACE;
	out[0] = SEAL_VERSION;
	err = jvpn_random(out + 1, JVPN_SEAL_SALT_BYTES);
	if (!err)
		err = record_key(master, out + 1, &key);
	if (!err)
		err = aes_open(&aes, &key);
	jvpn_secret_clear(&key);
	if (err)
		return err;
	if (wc_AesGcmEncrypt(&aes, text, secret->b, secret->len, nonce, NONCE_BYTES,
			     text + secret->len, JVPN_SEAL_TAG_BYTES, aad->data, (word32)aad->len))
		err = JVPN_ECRYPTO;
	aes_close(&aes);
	return err ? err : secret->len + JVPN_SEAL_OVERHEAD;
}

int jvpn_unseal(const struct jvpn_secret *master, const struct jvpn_seal_aad *aad,
		const uint8_t *sealed, size_t len, struct jvpn_secret *secret)
{
	const uint8_t *text = sealed + 1 + JVPN_SEAL_SALT_BYTES;
	struct jvpn_secret key;
	size_t text_len;
	Aes aes;
	int err;

	jvpn_secret_clear(secret);
	if (len <= JVPN_SEAL_OVERHEAD || len > JVPN_SEAL_OVERHEAD + JVPN_SECRET_MAX ||
	    sealed[0] != SEAL_VERSION || aad->len > AAD_MAX)
		return JVPN_ECRYPTO;
	text_len = len - JVPN_SEAL_OVERHEAD;
	err = record_key(master, sealed + 1, &key);
	if (!err)
		err = aes_open(&aes, &key);
	jvpn_secret_clear(&key);
	if (err)
		return err;
	err = wc_AesGcmDecrypt(&aes, secret->b, text, (word32)text_len, nonce, NONCE_BYTES,
			       text + text_len, JVPN_SEAL_TAG_BYTES, aad->data, (word32)aad->len);
	aes_close(&aes);
	if (err) {
		jvpn_secret_clear(secret);
		return JVPN_ECRYPTO;
	}
	secret->len = (uint8_t)text_len;
	return 0;
}
