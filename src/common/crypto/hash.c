/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SHA-256, HMAC and HKDF by wolfCrypt. Every context is freed (and so wiped) on every exit.
 */
#include "crypto/hash.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <string.h>

#include "base/err.h"
#include "crypto/wipe.h"

int jvpn_sha256(const void *data, size_t len, uint8_t out[JVPN_SHA256_BYTES])
{
	if (len <= UINT32_MAX && wc_Sha256Hash(data, (word32)len, out) == 0)
		return 0;
	memset(out, 0, JVPN_SHA256_BYTES);
	return JVPN_ECRYPTO;
}

static int hmac_run(Hmac *hmac, const struct jvpn_secret *key, const struct jvpn_hash_part *part,
		    size_t count, uint8_t *out)
{
	if (wc_HmacSetKey(hmac, WC_SHA256, key->b, key->len))
		return JVPN_ECRYPTO;
	for (size_t i = 0; i < count; i++) {
		if (part[i].len == 0)
			continue;
		if (part[i].len > UINT32_MAX ||
		    wc_HmacUpdate(hmac, part[i].data, (word32)part[i].len))
			return JVPN_ECRYPTO;
	}
	return wc_HmacFinal(hmac, out) ? JVPN_ECRYPTO : 0;
}

int jvpn_hmac_sha256(const struct jvpn_secret *key, const struct jvpn_hash_part *part, size_t count,
		     uint8_t out[JVPN_SHA256_BYTES])
{
	Hmac hmac;
	int err = JVPN_ECRYPTO;

	memset(out, 0, JVPN_SHA256_BYTES);
	if (!jvpn_secret_is_set(key) || wc_HmacInit(&hmac, NULL, INVALID_DEVID))
		return JVPN_ECRYPTO;
	err = hmac_run(&hmac, key, part, count, out);
	wc_HmacFree(&hmac);
	jvpn_wipe(&hmac, sizeof(hmac));
	if (err)
		memset(out, 0, JVPN_SHA256_BYTES);
	return err;
}

int jvpn_hkdf_sha256(const struct jvpn_secret *key, const void *info, size_t info_len,
		     struct jvpn_secret *out, size_t len)
{
	jvpn_secret_clear(out);
	if (!jvpn_secret_is_set(key) || len == 0 || len > JVPN_SECRET_MAX || info_len > UINT32_MAX)
		return JVPN_ECRYPTO;
	if (wc_HKDF(WC_SHA256, key->b, key->len, NULL, 0, info, (word32)info_len, out->b,
		    (word32)len)) {
		jvpn_secret_clear(out);
		return JVPN_ECRYPTO;
	}
	out->len = (uint8_t)len;
	return 0;
}

int jvpn_token_hash(const char *token, size_t len, char out[JVPN_SHA256_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[JVPN_SHA256_BYTES];
	int err = jvpn_sha256(token, len, hash);

	memset(out, 0, JVPN_SHA256_HEX_LEN + 1);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(hash); i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	return 0;
}
